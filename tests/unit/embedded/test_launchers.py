import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.launchers import launchers_of
from tests.processes import all_end

PROGRAM = """
import os, sys, time
from pathlib import Path
from embedded.child import Child
from embedded.launchers import ended_with_launchers
child = Child("sleeper", sys.argv[2:], environment=os.environ, log_path=Path(sys.argv[1]))
try:
    with ended_with_launchers():
        child.start()
        print(child.pid, child.guard_pid, os.getpid(), os.getppid(), flush=True)
        time.sleep(600)
except KeyboardInterrupt:
    child.stop()
"""


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("1 0 init\n9 1 python", ()),
        ("1 0 init\n2 1 bash\n9 2 python", ()),
        ("1 0 init\n2 1 bash\n5 2 uv\n9 5 python", (5,)),
        ("1 0 init\n2 1 bash\n5 2 make\n6 5 sh\n7 6 uv\n9 7 python", (7, 6, 5)),
        ("1 0 init\n5 1 editor\n7 5 /opt/my tools/uv\n9 7 python", (7,)),
        ("5 7 uv\n7 5 make\n9 5 python", (5, 7)),  # an id used again while the table was read
    ],
)
def test_launchers_are_make_and_uv_with_what_lies_between(
    table: str, expected: tuple[int, ...]
) -> None:
    assert launchers_of(9, table) == expected


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("level", ["make", "between", "program"])
def test_killing_any_level_below_the_terminal_ends_all(tmp_path: Path, level: str) -> None:
    """From make over what it runs to the guarded service, nothing is left."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    sleeper = f"{sys.executable} -S -c 'import time; time.sleep(600)'"
    # A command after it keeps the shell from becoming the program itself.
    (tmp_path / "Makefile").write_text(
        f"run:\n\t@{sys.executable} {program} {tmp_path / 'log'} {sleeper}; true\n"
    )
    with subprocess.Popen(
        ["make", "-f", tmp_path / "Makefile"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as make:
        assert make.stdout is not None
        service, guard, python, shell = (int(pid) for pid in make.stdout.readline().split())
        assert shell != make.pid
        target = {"make": make.pid, "between": shell, "program": python}[level]
        os.kill(target, signal.SIGKILL)
        make.stdout.close()
    assert all_end([make.pid, shell, python, guard, service])
