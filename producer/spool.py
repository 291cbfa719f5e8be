"""A spool: stretches of rows, each in order, in a temporary file."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import msgspec

from streamscore.errors import StreamscoreError

PlacedRow = tuple[int, int, int, bytes, bytes | None]
"""Event time in UTC milliseconds, file, line, value, key."""

Rows = list[PlacedRow]

by_time = itemgetter(0)
"""The key by which rows are sorted and merged; the order of files and lines is kept."""

BLOCK_BYTES = 256 * 1024
"""About how many bytes of a stretch are in memory while it is merged; one row may be larger."""

ROW_BYTES = 200
"""What a row takes in memory beside its value and key: a tuple, two bytes objects, two numbers."""

_LENGTH_BYTES = 8


class Stretch(NamedTuple):
    """Rows in the order of event time, as blocks that follow each other in a spool.

    Attributes
    ----------
    start, end : int
        The bytes of the spool that they lie in.
    last_ms : int
        Event time of the last row.
    block_bytes : int
        Length of the longest block.
    """

    start: int
    end: int
    last_ms: int
    block_bytes: int


class Spool:
    """A temporary file of stretches that has no name, so nothing of it outlives the process.

    Attributes
    ----------
    stretches : list of Stretch
        What it holds, in the order written.

    Raises
    ------
    StreamscoreError
        When the file cannot be made, and from the methods when it does not take more.

    Examples
    --------
    >>> spool = Spool()
    >>> spool.write([(1000, 0, 3, b"{}", None), (2000, 0, 2, b"{}", b"k")])
    >>> [list(rows) for rows in spool.rows()]
    [[(1000, 0, 3, b'{}', None), (2000, 0, 2, b'{}', b'k')]]
    >>> spool.close()
    """

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self._end = 0
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Rows).decode
        try:
            self._file = tempfile.TemporaryFile(prefix="streamscore-")  # noqa: SIM115  # close
        except OSError as error:
            raise _not_kept(error) from None

    @property
    def merging_bytes(self) -> int:
        """How many bytes are in memory while its stretches are merged."""
        return sum(stretch.block_bytes for stretch in self.stretches)

    def close(self) -> None:
        """Throw the file away."""
        with suppress(OSError):  # a full disk is told by `write`; what is left is thrown away
            self._file.close()

    def write(self, rows: Iterable[PlacedRow]) -> None:
        """Write rows that are in order, at least one, as a stretch.

        Where they follow on the last stretch in time, they become a part of it.
        """
        start, longest = self._end, 0
        times_ms: list[int] = []
        for block in _blocks(rows):
            times_ms = [*times_ms[:1], block[0][0], block[-1][0]]
            longest = max(longest, self._append(block))
        try:
            self._file.flush()
        except OSError as error:
            raise _not_kept(error) from None
        if self.stretches and self.stretches[-1].last_ms <= times_ms[0]:
            before = self.stretches.pop()
            start, longest = before.start, max(before.block_bytes, longest)
        self.stretches.append(Stretch(start, self._end, times_ms[-1], longest))

    def rows(self) -> list[Iterator[PlacedRow]]:
        """Return what goes through each stretch, with a block of it in memory."""
        return [chain.from_iterable(self._blocks(stretch)) for stretch in self.stretches]

    def _blocks(self, stretch: Stretch) -> Iterator[Rows]:
        place, file = stretch.start, self._file.fileno()
        while place < stretch.end:
            length = int.from_bytes(os.pread(file, _LENGTH_BYTES, place), "big")
            place += _LENGTH_BYTES
            yield self._decode(os.pread(file, length, place))
            place += length

    def _append(self, block: Rows) -> int:
        content = self._encode(block)
        try:
            self._file.write(len(content).to_bytes(_LENGTH_BYTES, "big"))
            self._file.write(content)
        except OSError as error:
            raise _not_kept(error) from None
        self._end += _LENGTH_BYTES + len(content)
        return len(content)


def _blocks(rows: Iterable[PlacedRow]) -> Iterator[Rows]:
    block, size = Rows(), 0
    for row in rows:
        block.append(row)
        value, key = row[3], row[4]
        size += ROW_BYTES + len(value) + (len(key) if key else 0)
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _not_kept(error: OSError) -> StreamscoreError:
    folder = tempfile.tempdir or "no folder"  # the one in use; None where all were tried in vain
    return StreamscoreError(
        "rows are kept in a temporary file while they are put into order, as large as their JSON; "
        f"{folder} does not take it: {error}. Make room there, or name another folder in the "
        "environment variable TMPDIR."
    )
