"""Putting the rows of files into the order of their event time, in bounded memory."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from producer.spool import ROW_BYTES, PlacedRow, Rows, Spool, by_time
from streamscore.sources.rows import Row

SORTED_BYTES = 64 * 1024 * 1024
"""About how much memory rows may take before they are sorted and written down."""

MERGED_BYTES = 32 * 1024 * 1024
"""How many bytes the stretches of one spool may bring into memory when they are merged."""


_new = tuple.__new__
"""What `OrderedRow(...)` does, without its call into Python: it runs once a row."""


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
    """An ordering by external sort, in memory that does not grow with the number of rows.

    Rows are gathered up to `sorted_bytes`, sorted, and written to a spool as a stretch; at the end
    the stretches are merged block by block. Where the blocks of a spool's stretches would take more
    than `merged_bytes`, they are merged into one stretch of the next spool before. Rows that are in
    order already make one stretch, which is copied through; few rows never leave memory.

    Parameters
    ----------
    names : sequence of str
        What each file is called in row ids.
    sorted_bytes, merged_bytes : int
        Bounds of memory, in bytes.

    Raises
    ------
    StreamscoreError
        From `add` and `rows` when the temporary file cannot be made or written.

    Examples
    --------
    >>> with SpooledOrdering(["a.csv"]) as ordering:
    ...     ordering.add(0, 2, Row(b"{}", None, 2000))
    ...     ordering.add(0, 3, Row(b"{}", None, 1000))
    ...     [ordered.row_id for ordered in ordering.rows()]
    ['a.csv:3', 'a.csv:2']
    """

    def __init__(
        self,
        names: Sequence[str],
        sorted_bytes: int = SORTED_BYTES,
        merged_bytes: int = MERGED_BYTES,
    ) -> None:
        self._names = tuple(names)
        self._sorted_bytes = sorted_bytes
        self._merged_bytes = merged_bytes
        self._gathered: Rows = []
        self._gathered_bytes = 0
        self._spools: list[Spool] = []  # what the first holds came last
        self._spooled_rows = 0
        self._spooled_ms: tuple[int, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for spool in self._spools:
            spool.close()

    def __len__(self) -> int:
        return self._spooled_rows + len(self._gathered)

    def add(self, file: int, line: int, row: Row) -> None:
        """Take one row; rows come file by file, in the order of their lines."""
        value, key, utc_ms = row
        self._gathered.append((utc_ms, file, line, value, key))
        self._gathered_bytes += ROW_BYTES + len(value) + (len(key) if key else 0)
        if self._gathered_bytes >= self._sorted_bytes:
            self._write_down()

    def rows(self, limit: int | None = None) -> Iterator[OrderedRow]:
        """Yield the rows by event time, file and line, at most `limit`."""
        names = self._names
        for utc_ms, file, line, value, key in islice(self._in_order(), limit):
            yield _new(OrderedRow, (f"{names[file]}:{line}", _new(Row, (value, key, utc_ms))))

    def time_range_ms(self, limit: int | None = None) -> tuple[int, int] | None:
        """Return the event times of the first and the last row that `rows(limit)` yields.

        With a limit below the number of rows, so many rows are read to find out.
        """
        if limit is None or limit >= len(self):
            return self._span_ms()
        span = None
        for _, row in self.rows(limit):
            span = (span[0] if span else row.utc_ms, row.utc_ms)
        return span

    def _span_ms(self) -> tuple[int, int] | None:
        spans = [] if self._spooled_ms is None else [self._spooled_ms]
        if self._gathered:
            times = [row[0] for row in self._gathered]
            spans.append((min(times), max(times)))
        if not spans:
            return None
        return min(first for first, _ in spans), max(last for _, last in spans)

    def _in_order(self) -> Iterator[PlacedRow]:
        if not self._spools:
            self._gathered.sort(key=by_time)
            return iter(self._gathered)
        if self._gathered:
            self._write_down()
        # Of one time, `merge` gives rows of an earlier stretch first, which came before.
        return merge(*chain(*(spool.rows() for spool in reversed(self._spools))), key=by_time)

    def _write_down(self) -> None:
        # Rows were taken in the order of file and line, which a stable sort keeps.
        self._spooled_ms = self._span_ms()
        self._spooled_rows += len(self._gathered)
        self._gathered.sort(key=by_time)
        self._spool(0).write(self._gathered)
        self._gathered, self._gathered_bytes = [], 0
        level = 0
        while self._is_too_much(self._spools[level]):
            self._spool(level + 1).write(merge(*self._spools[level].rows(), key=by_time))
            self._spools[level].close()
            self._spools[level] = Spool()
            level += 1

    def _is_too_much(self, spool: Spool) -> bool:
        return spool.merging_bytes > self._merged_bytes and len(spool.stretches) > 1

    def _spool(self, level: int) -> Spool:
        while len(self._spools) <= level:
            self._spools.append(Spool())
        return self._spools[level]
