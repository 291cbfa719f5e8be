"""The tour of the README, as a reader would walk it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_lines import fault_of

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"```(console|python)\n(.*?)```", re.DOTALL)


def tour() -> list[tuple[str, str]]:
    """The blocks of the section "A tour", with their languages."""
    text = README.read_text("utf-8").partition("\n## A tour\n")[2]
    return BLOCK.findall(text.partition("\n## ")[0])


def reader_environment() -> dict[str, str]:
    """What an activated environment of the project gives a reader."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"
    return {**own, "PATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@contextmanager
def other_terminal(command: str, folder: Path) -> Iterator[None]:
    """Run a command for as long as the block, once it has told its addresses."""
    log = folder / "other-terminal.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=reader_environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    with process:
        try:
            assert process.stdout is not None
            told = any("metrics" in line for line in process.stdout)
            assert told, log.read_text("utf-8")
            yield
        finally:
            process.send_signal(signal.SIGINT)


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_the_commands_of_the_tour_lead_from_nothing_to_alerts(tmp_path: Path) -> None:
    (_, first), *blocks = tour()
    script = ["set -euo pipefail"]
    for language, block in blocks:
        if language == "python":
            name = block.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(block, "utf-8")
        else:
            script.append(block)
    with other_terminal(first, tmp_path):
        walked = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=tmp_path,
            env=reader_environment(),
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
    assert walked.returncode == 0, walked.stdout + walked.stderr
    alert = r"^ *\d+\.\d  p 0\.00\d\d  +\d+% .+\n +(records\.accidents/0/\d+)$"
    found = re.search(alert, walked.stdout, re.MULTILINE)
    assert found
    assert fault_of(f"streamscore label {found[1]} true") is None
    assert re.search(
        r'^streamscore_records_total\{source="accidents"\} 5000\.0$',
        walked.stdout,
        re.MULTILINE,
    )
    assert re.search(r"^realised_flag_rate +0\.0\d+$", walked.stdout, re.MULTILINE)


def test_the_tour_begins_with_the_stack_and_shows_a_consumer() -> None:
    languages = [language for language, _ in tour()]
    assert tour()[0][1].startswith("streamscore up ")
    assert languages.count("python") == 1
