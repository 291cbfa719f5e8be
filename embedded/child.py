"""A service of the stack as a child process that cannot outlive the process that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from embedded import guard
from streamscore.errors import StackError

_LOG_LINES_SHOWN = 20
_POLL_SECONDS = 0.02
_GUARD_GRACE_SECONDS = 5.0  # what a guard may take beyond the limit of its service


def child_environment(environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """Make the environment of a service: the user's, but for this project's own settings.

    Proxies and certificate bundles pass through.

    Parameters
    ----------
    environ : Mapping[str, str]
        The environment of this process.
    **more : str
        Variables to add or replace.

    Returns
    -------
    dict[str, str]
        The environment for a child.

    Examples
    --------
    >>> child_environment({"PATH": "/bin", "STREAMSCORE_WORKER_SLOT": "1"}, LANG="C")
    {'PATH': '/bin', 'LANG': 'C'}
    """
    return {k: v for k, v in environ.items() if not k.startswith("STREAMSCORE_")} | more


class Child:
    """One service under its guard.

    Parameters
    ----------
    name : str
        What messages call it.
    command : Sequence[str]
        The program and its arguments.
    environment : Mapping[str, str]
        The whole environment of the service.
    log_path : Path
        Where its output is appended; the folder exists.
    stop_seconds : float
        How long it may take to end after SIGTERM before SIGKILL follows, > 0.
    remove : Path or None
        A folder the guard deletes when this process dies without having stopped the service.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log_path: Path,
        stop_seconds: float = 10.0,
        remove: Path | None = None,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.environment = dict(environment)
        self.log_path = log_path
        self.stop_seconds = stop_seconds
        self.remove = remove
        self._log_start_bytes = 0
        self._guard: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._running = threading.Event()
        self._pid: int | None = None
        self._exit_code: int | None = None

    @property
    def pid(self) -> int:
        """Process id of the service, which leads a process group of its own."""
        self._running.wait(_GUARD_GRACE_SECONDS)
        if self._pid is None:
            raise StackError(f"{self.name} is not running; start it first")
        return self._pid

    @property
    def guard_pid(self) -> int:
        """Process id of the guard."""
        if self._guard is None:
            raise StackError(f"{self.name} is not running; start it first")
        return self._guard.pid

    @property
    def ended(self) -> bool:
        """Whether the service was started and has ended, by itself or on request."""
        return self._reader is not None and not self._reader.is_alive()

    def start(self) -> None:
        """Start the service and return at once; output goes to the end of the log."""
        self._running.clear()
        self._pid = self._exit_code = None
        self._log_start_bytes = self.log_path.stat().st_size if self.log_path.exists() else 0
        self._guard = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", guard.__file__),
                *(str(self.stop_seconds), str(self.log_path), str(self.remove or "")),
                *self.command,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=self.environment,
            start_new_session=True,  # Ctrl-C in the terminal reaches this process alone
        )
        self._reader = threading.Thread(target=self._follow, args=[self._guard], daemon=True)
        self._reader.start()

    def _follow(self, started: subprocess.Popen[bytes]) -> None:
        """Take down what the guard reports, and do its work if it is killed."""
        reports = started.stdout
        if reports is None:
            return
        for line in reports:
            what, _, number = line.partition(b" ")
            if what == b"pid":
                self._pid = int(number)
                self._running.set()
            else:
                self._exit_code = int(number)
        if self._pid is not None and self._exit_code is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
        started.wait()
        self._running.set()

    def order_end(self, *, at_once: bool = False) -> None:
        """Ask for the end and return without waiting for it.

        Parameters
        ----------
        at_once : bool
            Use SIGKILL rather than SIGTERM.
        """
        pipe = self._guard.stdin if self._guard is not None else None
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(OSError):  # it has ended already
                pipe.write(b"k" if at_once else b"s")

    def stop(self, *, at_once: bool = False) -> None:
        """End the service with all its processes; harmless when it has ended.

        Parameters
        ----------
        at_once : bool
            Use SIGKILL rather than SIGTERM.
        """
        if self._guard is None or self._reader is None:
            return
        self.order_end(at_once=at_once)
        self._reader.join(self.stop_seconds + _GUARD_GRACE_SECONDS)
        if self._reader.is_alive():  # the guard itself is stuck
            self._guard.kill()
            self._reader.join(_GUARD_GRACE_SECONDS)
        for pipe in (self._guard.stdin, self._guard.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def wait_until(self, ready: Callable[[], bool], limit_seconds: float) -> None:
        """Wait for the service to answer.

        Parameters
        ----------
        ready : Callable[[], bool]
            Asked every 20 ms; quick, and false rather than an exception while there is no answer.
        limit_seconds : float
            How long to wait, > 0.

        Raises
        ------
        StackError
            The service ended, or did not answer in time; names the log and shows its end.
        """
        deadline = time.monotonic() + limit_seconds
        while not ready():
            if self.ended:
                raise StackError(self.failure(f"ended with exit code {self._exit_code}"))
            if time.monotonic() > deadline:
                raise StackError(self.failure(f"did not answer within {limit_seconds:g} s"))
            time.sleep(_POLL_SECONDS)

    def run(self, limit_seconds: float) -> None:
        """Start the service and wait for its end, as of a program that does one thing.

        Parameters
        ----------
        limit_seconds : float
            How long it may take, > 0.

        Raises
        ------
        StackError
            It ended with another exit code than 0, or not in time.
        """
        self.start()
        try:
            if self._reader is not None:
                self._reader.join(limit_seconds)
            if not self.ended:
                raise StackError(self.failure(f"did not end within {limit_seconds:g} s"))
            if self._exit_code != 0:
                raise StackError(self.failure(f"ended with exit code {self._exit_code}"))
        finally:
            self.stop(at_once=True)

    def failure(self, what: str) -> str:
        """Say what happened to the service, where its log is and how that ends.

        Parameters
        ----------
        what : str
            The predicate of the sentence.

        Returns
        -------
        str
            A message of several lines.
        """
        lines = self.log_lines()[-_LOG_LINES_SHOWN:]
        shown = "\n".join(f"  | {line}" for line in lines) or "  | (nothing was logged)"
        return f"{self.name} {what}. Its log is {self.log_path} and ends:\n{shown}"

    def log_lines(self) -> list[str]:
        """Read what the service has logged since it was last started.

        Returns
        -------
        list[str]
            The lines, none when there is no log.
        """
        if not self.log_path.is_file():
            return []
        return (
            self.log_path.read_bytes()[self._log_start_bytes :]
            .decode("utf-8", "replace")
            .splitlines()
        )
