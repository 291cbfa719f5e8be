"""The command line: exit codes, one paragraph for an error, and a quick start."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.app import EXIT_INTERRUPTED, main
from scorer.positions import GO_ON

HEAVY = {"confluent_kafka", "faust", "kafka", "mlflow", "numba", "numpy", "pandas", "sklearn"}


def test_a_call_without_a_command_shows_the_help_and_is_used_wrongly(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "Usage: streamscore" in capsys.readouterr().out


def test_help_and_version_are_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in ("models", "settings", "topics"))
    assert "docs" not in shown, "what only developers need is hidden"
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("streamscore ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["settings", "--no-such-option"],
        ["--set", "worker.slot", "settings"],
        ["--set", "worker.slot=-1", "settings"],
        ["--config", "no-such-file.toml", "settings"],
        ["topics", "check", "--source", "no-such-source"],
    ],
)
def test_a_wrong_call_ends_with_2_and_no_traceback(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.strip()
    assert "Traceback" not in printed.err


def test_a_failure_ends_with_1_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    unreachable = ["--set", "mlflow.tracking_uri=http://127.0.0.1:1"]
    assert main([*unreachable, "models", "list", "accidents"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Failed: MLflow at http://127.0.0.1:1 must answer within 10 s")
    assert len(error.splitlines()) == 1


def test_debug_shows_where_an_error_came_from() -> None:
    from streamscore.errors import SettingsError

    with pytest.raises(SettingsError, match=r"worker\.slot must be"):
        main(["--debug", "--set", "worker.slot=-1", "settings"])


def test_ctrl_c_ends_a_command_without_a_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"mlflow.tracking_uri=http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "cli.app", "--set", uri, "models", "list", "accidents"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
            silent.settimeout(30)
            connection, _ = silent.accept()  # the command now waits for an answer
            with connection:
                child.send_signal(signal.SIGINT)
                _, error = child.communicate(timeout=30)
    assert child.returncode == EXIT_INTERRUPTED
    assert "Traceback" not in error


def test_settings_tell_value_and_origin_of_file_environment_and_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "streamscore.toml").write_text("[worker]\nport = 7000\n")
    monkeypatch.setenv("STREAMSCORE_WORKER_BIND", "0.0.0.0")
    assert main(["--set", "worker.slot=2", "settings", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    found = {name: (row["value"], row["origin"]) for name, row in rows.items()}
    assert found["worker.port"] == ("7000", "file")
    assert found["worker.bind"] == ('"0.0.0.0"', "environment")
    assert found["worker.slot"] == ("2", "flag")
    assert found["scorer.poll_ms"] == ("3", "default")
    other = tmp_path / "other.toml"
    other.write_text("[worker]\nport = 7001\n")
    assert main(["--config", str(other), "settings"]) == 0
    assert ["worker.port", "7001"] in [
        line.split()[:2] for line in capsys.readouterr().out.split("\n")
    ]


def test_the_help_loads_nothing_heavy() -> None:
    program = "import sys; from cli.app import main; main(['--help']); print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in ran.stdout.splitlines()[-1].split()}
    assert loaded & HEAVY == set()


def test_the_advice_for_an_expired_position_is_a_command_that_runs() -> None:
    assert GO_ON.startswith("streamscore ")
    assert GO_ON.endswith(" ...")
    assert main([*GO_ON.split()[1:-1], "--help"]) == 0
