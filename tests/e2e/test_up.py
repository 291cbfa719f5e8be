"""`streamscore up` as another program runs it: until it is told to end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_lines import fault_of
from tests.processes import all_end
from tests.source_tree import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def processes_of(folder: Path) -> set[int]:
    """Processes that name the folder in their arguments, as every part of a stack does."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    return {int(line.split()[0]) for line in listed.splitlines() if str(folder) in line}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_end_all_of_it_and_leave_nothing_behind(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "cli.app", "up", "reviews"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        shown: list[str] = []
        while not shown or "Ctrl-C" not in shown[-1]:
            shown.append(process.stdout.readline())
            assert shown[-1], "it ended by itself"
        below = processes_of(tmp_path)
        process.send_signal(number)
        assert process.wait(60) == code
    assert len(below) >= 3
    assert all_end(below)
    assert list(tmp_path.iterdir()) == []
    commands = [line.strip() for line in shown if line.startswith("  streamscore ")]
    assert [fault_of(command) for command in commands] == [None, None]
