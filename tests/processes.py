"""Small services for the tests of child processes, and a look at who is still there."""

import os
import sys
import time
from collections.abc import Callable, Iterable

_PYTHON = (sys.executable, "-S", "-c")
_SLEEP = "import time; print('up', flush=True); time.sleep(600)"
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + _SLEEP
_WITH_A_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])
print(child.pid, flush=True)
time.sleep(600)
"""

SLEEPER = (*_PYTHON, _SLEEP)
STUBBORN = (*_PYTHON, _STUBBORN)
WITH_A_CHILD = (*_PYTHON, _WITH_A_CHILD)


def lives(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].split()[0] in {b"Z", b"X"}
    except OSError:
        return sys.platform == "linux"  # gone meanwhile; macOS has no such file


def eventually(condition: Callable[[], bool], limit_seconds: float = 20.0) -> bool:
    """Poll until the condition holds; whether it came to hold in time."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def all_end(pids: Iterable[int], limit_seconds: float = 20.0) -> bool:
    """Whether all processes end within the limit."""
    watched = tuple(pids)
    return eventually(lambda: not any(lives(pid) for pid in watched), limit_seconds)
