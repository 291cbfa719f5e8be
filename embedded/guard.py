"""The guard: a process that starts one service and ends it when its own parent is gone.

It is run as a script, so that it needs neither the environment of the project nor time to start::

    python -I -S guard.py LIMIT_SECONDS LOG REMOVE SERVICE ARGUMENT...

Its standard input is a pipe held by the parent. The letter ``s`` asks for an orderly end
(SIGTERM, and SIGKILL after the limit), ``k`` for SIGKILL at once; the end of the pipe says that
the parent died, however it died: the service is ended, and the folder REMOVE, unless empty, is
deleted, since nobody else is left to do it. On standard output it reports ``pid N`` when the
service runs and ``exit N`` when it has ended. It uses what macOS and Linux both have, and on
Linux alone also has the kernel end the service when the guard itself is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

_PARENT_CHECK_SECONDS = 1.0  # a forked copy of the parent may hold the pipe open after its death
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def main(arguments: Sequence[str]) -> int:
    """Guard one service until it ends.

    Parameters
    ----------
    arguments : Sequence[str]
        As in the description of this module.

    Returns
    -------
    int
        0 when the service was asked to end, otherwise 1.
    """
    limit_seconds, log_path, remove, *command = arguments
    parent = os.getppid()
    wake_reader = _wake_on_signals()
    service = _start(command, log_path)
    if service is None:
        _report("exit 127")  # what a shell says of a program it cannot start
        return 1
    _report(f"pid {service.pid}")
    order = _wait(service, parent, wake_reader)
    _end_group(service, 0.0 if order == "k" else float(limit_seconds))
    if order == "" and remove:
        shutil.rmtree(remove, ignore_errors=True)
    _report(f"exit {service.returncode}")
    return 0 if order in {"s", "k"} else 1


def _start(command: Sequence[str], log_path: str) -> subprocess.Popen[bytes] | None:
    with open(log_path, "ab") as log:  # noqa: PTH123 (pathlib would double the time to start)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=_end_with_guard(),  # noqa: PLW1509 (the guard has no threads)
            )
        except OSError as error:
            log.write(f"{command[0]} cannot be run: {error}\n".encode())
            return None


def _report(line: str) -> None:
    with contextlib.suppress(OSError):  # the parent may be gone
        os.write(1, f"{line}\n".encode())


def _wake_on_signals() -> int:
    """Make SIGCHLD, and the signals that ask the guard to end, readable from the result."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader


def _end_with_guard() -> Callable[[], object] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(service: subprocess.Popen[bytes], parent: int, wake_reader: int) -> str:
    """Wait for the service's end (``x``), an order (``s``, ``k``) or the parent's end (empty)."""
    while service.poll() is None:
        ready, _, _ = select.select([0, wake_reader], [], [], _PARENT_CHECK_SECONDS)
        if wake_reader in ready:
            asked = set(os.read(wake_reader, 64)) - {signal.SIGCHLD}
            if asked:
                return "s"
        if 0 in ready:
            return os.read(0, 1).decode()
        if os.getppid() != parent:
            return ""
    return "x"


def _end_group(service: subprocess.Popen[bytes], limit_seconds: float) -> None:
    if limit_seconds > 0:
        _signal_group(service.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            service.wait(limit_seconds)
        deadline = time.monotonic() + min(limit_seconds, 1.0)
        while _signal_group(service.pid, 0) and time.monotonic() < deadline:
            time.sleep(0.01)
    _signal_group(service.pid, signal.SIGKILL)
    service.wait()


def _signal_group(group: int, number: int) -> bool:
    """Signal a process group and say whether anybody was there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS: EPERM when only the dead are left
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
