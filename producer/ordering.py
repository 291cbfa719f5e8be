"""Putting the rows of files into the order of their event time."""

import mmap
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from streamscore.errors import StreamscoreError
from streamscore.sources.rows import Row

_CHUNK_ROWS = 65_536


class OrderedRow(NamedTuple):
    """A row with the place that it came from.

    Attributes
    ----------
    row_id : str
        `file:line`, unique within a replay.
    row : Row
        Its value, key and event time.
    """

    row_id: str
    row: Row


class Ordering(Protocol):
    """Takes rows in the order of files and lines, and gives them by event time, file, line."""

    def add(self, file: int, line: int, row: Row) -> None:
        """Take one row of the file with that number."""

    def rows(self, limit: int | None = None) -> Iterator[OrderedRow]:
        """Yield the rows in their order, at most so many."""

    def __len__(self) -> int:
        """How many rows were taken."""


class SpooledOrdering:
    """An ordering by index: bodies lie in a temporary file, 32 bytes a row in memory.

    Parameters
    ----------
    names : sequence of str
        What each file is called in row ids.

    Raises
    ------
    StreamscoreError
        When the temporary file cannot be made; from `add` and `rows` when it cannot be written.

    Examples
    --------
    >>> with SpooledOrdering(["a.csv"]) as ordering:
    ...     ordering.add(0, 2, Row(b"{}", None, 2000))
    ...     ordering.add(0, 3, Row(b"{}", None, 1000))
    ...     [ordered.row_id for ordered in ordering.rows()]
    ['a.csv:3', 'a.csv:2']
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._utc_ms = array("q")
        self._lines = array("q")
        self._ends = array("q")
        self._files = array("i")
        self._key_bytes = array("i")
        self._end = 0
        self._places: NDArray[np.int64] | None = None
        try:
            self._bodies = tempfile.TemporaryFile(prefix="streamscore-")  # noqa: SIM115  # __exit__
        except OSError as error:
            raise _not_kept(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # a full disk is told by `add`; what is left is thrown away
            self._bodies.close()

    def __len__(self) -> int:
        return len(self._utc_ms)

    def add(self, file: int, line: int, row: Row) -> None:
        """Take one row; rows come file by file, in the order of their lines."""
        key_bytes = -1  # no key, which is not an empty one
        try:
            self._bodies.write(row.value)
            self._end += len(row.value)
            if row.key is not None:
                key_bytes = len(row.key)
                self._bodies.write(row.key)
                self._end += key_bytes
        except OSError as error:
            raise _not_kept(error) from None
        self._utc_ms.append(row.utc_ms)
        self._lines.append(line)
        self._ends.append(self._end)
        self._files.append(file)
        self._key_bytes.append(key_bytes)

    def rows(self, limit: int | None = None) -> Iterator[OrderedRow]:
        """Yield the rows by event time, file and line, at most `limit`."""
        places = self._sorted_places()[:limit]
        if not len(places):
            return
        try:
            if not self._end:
                self._bodies.write(b"\0")  # an empty file cannot be mapped
            self._bodies.flush()
        except OSError as error:
            raise _not_kept(error) from None
        with mmap.mmap(self._bodies.fileno(), 0, access=mmap.ACCESS_READ) as bodies:
            for start in range(0, len(places), _CHUNK_ROWS):
                for place in places[start : start + _CHUNK_ROWS].tolist():
                    yield self._row(place, bodies)

    def time_range_ms(self, limit: int | None = None) -> tuple[int, int] | None:
        """Return the event times of the first and the last row that `rows(limit)` yields."""
        places = self._sorted_places()[:limit]
        if not len(places):
            return None
        return self._utc_ms[int(places[0])], self._utc_ms[int(places[-1])]

    def _sorted_places(self) -> NDArray[np.int64]:
        if self._places is None or len(self._places) != len(self):
            # Rows were taken in the order of file and line, which a stable sort keeps.
            times = np.array(self._utc_ms, dtype=np.int64)
            self._places = np.argsort(times, kind="stable").astype(np.int64, copy=False)
        return self._places

    def _row(self, place: int, bodies: mmap.mmap) -> OrderedRow:
        start = self._ends[place - 1] if place else 0
        end = self._ends[place]
        key_bytes = self._key_bytes[place]
        key = None
        if key_bytes >= 0:
            end -= key_bytes
            key = bodies[end : end + key_bytes]
        row = Row(bodies[start:end], key, self._utc_ms[place])
        return OrderedRow(f"{self._names[self._files[place]]}:{self._lines[place]}", row)


def _not_kept(error: OSError) -> StreamscoreError:
    folder = tempfile.tempdir or "no folder"  # the one in use; None where all were tried in vain
    return StreamscoreError(
        "rows are kept in a temporary file while they are put into order, as large as their JSON; "
        f"{folder} does not take it: {error}. Make room there, or name another folder in the "
        "environment variable TMPDIR."
    )
