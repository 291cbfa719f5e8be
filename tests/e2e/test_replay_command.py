"""`streamscore generate` and `streamscore replay`, as a user runs them."""

import json
import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-m", "cli.app"]


@pytest.fixture
def source_file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The accidents under the test's own name, as a TOML file."""
    name = "e-" + request.node.name.replace("_", "-")[-40:]
    builtin = (resources.files("streamscore.sources") / "builtin" / "accidents.toml").read_text()
    path = tmp_path / "source.toml"
    path.write_text(builtin.replace('name = "accidents"', f'name = "{name}"'))
    return str(path)


@pytest.fixture
def records_file(tmp_path: Path) -> str:
    path = str(tmp_path / "a.csv.gz")
    command = [*COMMAND, "generate", "accidents", "--rows", "3000", "--out", path]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return path


def replay_command(kafka: str, *arguments: str) -> list[str]:
    return [*COMMAND, "--set", f"kafka.bootstrap_servers={kafka}", "replay", *arguments]


def test_a_generated_file_is_replayed_and_summed_up(
    kafka: str, source_file: str, records_file: str, tmp_path: Path
) -> None:
    options = ["--inject", "0.01", "--seed", "3", "--limit", "2000", "--json"]
    done = subprocess.run(
        replay_command(kafka, source_file, records_file, *options),
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    assert (summary["rows_read"], summary["sent"], summary["skipped"]) == (3000, 2000, 1000)
    assert 5 <= sum(summary["injected"].values()) <= 45
    assert b"sending" in done.stderr
    again = subprocess.run(
        replay_command(kafka, source_file, records_file),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert again.returncode == 2
    assert b"--allow-behind" in again.stderr


def test_ctrl_c_delivers_what_is_queued_and_sums_up(
    kafka: str, source_file: str, records_file: str
) -> None:
    command = replay_command(kafka, source_file, records_file, "--rate", "50", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while b"sending" not in (line := process.stderr.readline()):
            assert line, "it ended before it sent"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    summary = json.loads(out)
    assert summary["interrupted"]
    assert summary["sent"] < 3000
