"""End this process when the ``make`` or ``uv run`` that launched it is killed.

Ctrl-C and an orderly end reach everyone in the terminal's process group. SIGKILL reaches only its
target: killing ``make`` or ``uv`` would leave the program below it running, unseen.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Final

_LAUNCHERS: Final = frozenset({"make", "gmake", "uv", "uvx"})
_BETWEEN: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh"})  # run a line of a makefile
_CHECK_SECONDS: Final = 0.5


def launchers_of(pid: int, process_table: str) -> tuple[int, ...]:
    r"""Find the launchers above a process, and what is between them and it.

    A shell counts only below a launcher: the user's own may end before the program does, as it
    does with ``nohup``.

    Parameters
    ----------
    pid : int
        The process.
    process_table : str
        A line for each process: its id, its parent's id, its program.

    Returns
    -------
    tuple[int, ...]
        Process ids from the parent upwards to the topmost launcher; empty without one.

    Examples
    --------
    >>> launchers_of(9, "2 1 bash\n5 2 make\n6 5 /bin/sh\n7 6 /usr/bin/uv\n9 7 python3")
    (7, 6, 5)
    >>> launchers_of(9, "2 1 bash\n9 2 python3")
    ()
    """
    parents: dict[int, tuple[int, str]] = {}
    for line in process_table.splitlines():
        own, parent, program = line.split(None, 2)
        parents[int(own)] = int(parent), PurePath(program).name
    above: list[int] = []
    launchers = 0
    at = parents.get(pid, (0, ""))[0]
    while at in parents and parents[at][1] in _LAUNCHERS | _BETWEEN and at not in above:
        above.append(at)
        if parents[at][1] in _LAUNCHERS:
            launchers = len(above)
        at = parents[at][0]
    return tuple(above[:launchers])


@contextlib.contextmanager
def ended_with_launchers() -> Iterator[None]:
    """Interrupt this process, as Ctrl-C does, when one of its launchers is killed in the block."""
    watched = launchers_of(os.getpid(), _process_table())
    left = threading.Event()
    if watched:
        threading.Thread(target=_watch, args=[watched, left.wait], daemon=True).start()
    try:
        yield
    finally:
        left.set()


def _process_table() -> str:
    try:
        command = ["ps", "-A", "-o", "pid=,ppid=,comm="]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):  # small images have no ps, nor make
        return ""


def _watch(watched: tuple[int, ...], left: Callable[[float], bool]) -> None:
    while not left(_CHECK_SECONDS):
        if os.getppid() != watched[0] or not all(_lives(pid) for pid in watched):
            os.kill(os.getpid(), signal.SIGINT)
            return


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
