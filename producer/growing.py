"""A file that grows, as a stream of whole lines that waits for more at its end."""

import hashlib
import io
import os
import select
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from producer.pacing import Clock
from streamscore.errors import UsageError

POLL_SECONDS = 0.1
"""How often a followed file is looked at."""

ROTATION_GRACE_SECONDS = 1.0
"""A file that was renamed has ended when it brought nothing for so long: its writer may be late."""

FINGERPRINT_BYTES = 4096
"""At most so much of the beginning of a file makes its fingerprint."""

LONGEST_LINE_BYTES = 100_000_000
"""A longer line is passed on in parts: no record is so large, whatever the settings say."""

_CHUNK_BYTES = 1 << 16
_DIGITS = 12

End = Literal["stopped", "idle", "rotated", "truncated", "closed"]
"""Why a followed file brings no more: the last one is a pipe whose writer went."""


def open_when_there(
    path: Path, clock: Clock, idle_seconds: float | None, is_stopped: Callable[[], bool]
) -> int | None:
    """Open a file, waiting until it is there; None where it does not come.

    Parameters
    ----------
    path : Path
        The file.
    clock : Clock
        Time.
    idle_seconds : float or None
        How long is waited; None waits until told to stop.
    is_stopped : callable
        Asked while waiting; True is the end.

    Raises
    ------
    UsageError
        When it is there and cannot be read.
    """
    since = clock.now()
    while True:
        try:
            return os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            if is_stopped() or (idle_seconds is not None and clock.now() - since >= idle_seconds):
                return None
            clock.sleep(POLL_SECONDS)
        except OSError as error:
            raise UsageError(
                f"a file that is followed must be readable; {path} is not: {error}"
            ) from None


class GrowingFile(io.RawIOBase):
    """The whole lines of a file, as they are written; only one too long for a record is not whole.

    Parameters
    ----------
    path : Path
        Where the file is expected to be: another one there, and this one was rotated.
    descriptor : int
        The open file, at its beginning; it is closed with the stream.
    clock : Clock
        Time.
    idle_seconds : float or None
        The end, when nothing new came for so long.
    is_stopped : callable
        Asked while waiting; True is the end.

    Attributes
    ----------
    end : End or None
        Why there is no more; None while there may be.
    last_stat : os.stat_result or None
        The file's, at its end; None before, and where it may have grown since.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        clock: Clock,
        idle_seconds: float | None,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._path = path
        self._descriptor = descriptor
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._is_stopped = is_stopped
        self._is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._position = 0
        self._beginning = b""
        self._lines = bytearray()
        self._tail = bytearray()
        self._news_at = clock.now()
        self._has_waited = False
        self.end: End | None = None
        self.last_stat: os.stat_result | None = None

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill in whole lines, waiting for them; 0 at the end."""
        while not self._lines and self.end is None:
            self._take()
        size = min(len(buffer), len(self._lines))
        buffer[:size] = self._lines[:size]
        del self._lines[:size]
        return size

    def fingerprint(self) -> str:
        """Return what the file can be known by: hash and length of the beginning of what was read.

        Examples
        --------
        The hash has 12 hex digits, the length is hexadecimal: `0e5751c026e5.1f`.
        """
        return fingerprint(self._beginning)

    def close(self) -> None:
        """Close the file."""
        if not self.closed and self._path.name != "-":
            os.close(self._descriptor)
        super().close()

    def _take(self) -> None:
        if not self._is_file and not self._is_readable():
            return self._wait()
        found = os.read(self._descriptor, _CHUNK_BYTES)
        if not found:
            if self._is_file:
                return self._wait()
            return self._finish("closed")
        if self._has_waited and self._is_file and self._was_rewritten():
            return self._finish("truncated")
        self._has_waited = False
        self._news_at = self._clock.now()
        self._position += len(found)
        lines, newline, tail = found.rpartition(b"\n")
        if newline:
            self._pass_on(bytes(self._tail) + lines + newline)
            self._tail.clear()
        self._tail += tail
        if len(self._tail) > LONGEST_LINE_BYTES:
            self._pass_on(bytes(self._tail))
            self._tail.clear()
        return None

    def _pass_on(self, content: bytes) -> None:
        self._lines += content
        left = FINGERPRINT_BYTES - len(self._beginning)
        if left > 0:
            self._beginning += content[:left]

    def _wait(self) -> None:
        self._has_waited = True
        quiet_seconds = self._clock.now() - self._news_at
        if self._is_stopped():
            self.end = "stopped"
        elif self._is_file and os.fstat(self._descriptor).st_size < self._position:
            self._finish("truncated")
        elif self._is_file and self._is_replaced() and quiet_seconds >= ROTATION_GRACE_SECONDS:
            self._finish("rotated")
        elif self._idle_seconds is not None and quiet_seconds >= self._idle_seconds:
            self.end = "idle"
        elif self._is_file:
            self._clock.sleep(POLL_SECONDS)

    def _finish(self, end: End) -> None:
        # Nobody writes on behind a last line without its end; one cut off by a truncation is gone.
        if end != "truncated" and self._tail:
            self._pass_on(bytes(self._tail))
        self.last_stat = os.fstat(self._descriptor)
        self.end = end

    def _is_readable(self) -> bool:
        return bool(select.select([self._descriptor], [], [], POLL_SECONDS)[0])

    def _is_replaced(self) -> bool:
        try:
            there = self._path.stat()
        except OSError:
            return False  # renamed, and not yet made anew
        own = os.fstat(self._descriptor)
        return (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino)

    def _was_rewritten(self) -> bool:
        """Tell whether the file was emptied and has grown beyond where it was read to."""
        size = len(self._beginning)
        return os.pread(self._descriptor, size, 0) != self._beginning


def fingerprint(beginning: bytes) -> str:
    r"""Return the fingerprint of a file that begins so.

    Examples
    --------
    >>> fingerprint(b"a,b\n1,2\n")
    'd7fba459a911.8'
    """
    return f"{hashlib.blake2b(beginning).hexdigest()[:_DIGITS]}.{len(beginning):x}"


def fingerprint_of(path: Path) -> str:
    """Return the fingerprint of a file as it is now; that of an empty one where it is not there."""
    try:
        with path.open("rb") as file:
            return fingerprint(file.read(FINGERPRINT_BYTES))
    except OSError:
        return fingerprint(b"")


def has_fingerprint(path: Path, wanted: str) -> bool:
    """Tell whether a file begins as the one that has a fingerprint; False where it is not there."""
    size = int(wanted.partition(".")[2] or "0", 16)
    try:
        with path.open("rb") as file:
            return fingerprint(file.read(size)) == wanted
    except OSError:
        return False
