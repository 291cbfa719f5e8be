"""Worker processes of the harness: started, killed, told to leave, watched."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from benchmarks._faults.worker import WorkerPlan

_ROOT = Path(__file__).resolve().parents[2]


class WorkerProcess:
    """One life of a worker; it ends with this process, however that ends.

    Parameters
    ----------
    plan : WorkerPlan
        What it runs.
    folder : Path
        Gets its plan, and its log.
    name : str
        Name of those files.
    """

    def __init__(self, plan: WorkerPlan, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log_path = folder / f"{name}.log"
        plan_path = folder / f"{name}.json"
        plan_path.write_bytes(msgspec.json.encode(plan))
        command = [sys.executable, "-m", "benchmarks._faults.worker", str(plan_path)]
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=_ROOT
            )

    def wait(self, limit_seconds: float) -> int:
        """Return the exit code; that of a signal is negative.

        Raises
        ------
        subprocess.TimeoutExpired
            When it does not end in time.
        """
        code = self._process.wait(limit_seconds)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return code

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; harmless when it has ended."""
        self._process.send_signal(number)

    def leave(self, limit_seconds: float = 60.0) -> int:
        """Ask it to stop and return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(limit_seconds)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self.wait(20.0)

    def log(self) -> str:
        """Return what it has logged."""
        return self.log_path.read_text("utf-8", "replace")

    def wait_for(self, words: str, limit_seconds: float = 60.0) -> None:
        """Wait until it has logged some words.

        Raises
        ------
        TimeoutError
            When it does not, or ends before.
        """
        deadline = time.monotonic() + limit_seconds
        while words not in self.log():
            if self.has_ended or time.monotonic() > deadline:
                raise TimeoutError(f"a worker must log {words!r}; its log ends: {self.tail()}")
            time.sleep(0.02)

    def check(self) -> None:
        """Raise when it has ended.

        Raises
        ------
        RuntimeError
            When it has.
        """
        if self.has_ended:
            raise RuntimeError(f"a worker must go on until told to stop: {self.tail()}")

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log()[-2000:]
