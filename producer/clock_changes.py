"""The order of rows that were moved by the wall clock, which a change of clocks mixes up."""

import heapq
from collections.abc import Callable, Iterable, Iterator

from producer.ordering import OrderedRow
from streamscore.sources.instants import Instant
from streamscore.sources.shifting import EventShift

SLACK_MS = 3 * 3_600_000
"""More than any change of clocks, by which the order of wall clocks differs from that of time."""

_STEP_MS = 1_800_000
"""How often clocks are looked at beside a change: two changes are not closer to each other."""

_NO_STEP = -(1 << 62)


class EarliestMoved:
    """The earliest moment that rows from some moment on are moved to.

    Away from changes of clocks all rows are moved by the same span, and this is where a row of that
    moment goes. Before a change after which rows are moved less far it is earlier.

    Parameters
    ----------
    shift : EventShift
        Moves the rows.
    shift_ms : int
        How far, in milliseconds of the wall clock.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> from streamscore.sources.shifting import WEEK_MS
    >>> EarliestMoved(EventShift(load_source("accidents")), WEEK_MS)(0) == WEEK_MS
    True
    """

    def __init__(self, shift: EventShift, shift_ms: int) -> None:
        self._shift = shift
        self._shift_ms = shift_ms
        self._step = _NO_STEP
        self._least_ms = 0

    def __call__(self, utc_ms: int) -> int:
        """Return it, as milliseconds since the epoch; fast where moments rise slowly."""
        step = utc_ms // _STEP_MS
        if step != self._step:
            self._step, self._least_ms = step, self._least(step * _STEP_MS)
        return utc_ms + self._least_ms

    def _least(self, begin_ms: int) -> int:
        """Return the shortest way, in UTC, of all rows that matter to those of a step."""
        end_ms = begin_ms + _STEP_MS + SLACK_MS
        if self._is_steady(begin_ms - SLACK_MS, end_ms):
            return self._way(begin_ms, self._offset(begin_ms))
        # A wall clock that was skipped is written with what the zone had before.
        return min(
            self._way(at_ms, self._offset(written_ms))
            for at_ms in range(begin_ms, end_ms + 1, _STEP_MS)
            for written_ms in (at_ms, at_ms - SLACK_MS)
        )

    def _is_steady(self, first_ms: int, last_ms: int) -> bool:
        """Tell whether clocks change in a span of hours neither there nor where it is moved to."""
        offset_ms = self._offset(first_ms)
        return offset_ms == self._offset(last_ms) and (
            self._way(first_ms, offset_ms) == self._way(last_ms, offset_ms)
        )

    def _offset(self, utc_ms: int) -> int:
        return self._shift.at(utc_ms).local_ms - utc_ms

    def _way(self, utc_ms: int, offset_ms: int) -> int:
        written = Instant(utc_ms, utc_ms + offset_ms)
        return self._shift.moved(written, self._shift_ms).utc_ms - utc_ms


def in_order(
    moved: Iterable[tuple[int, OrderedRow]], earliest: Callable[[int], int]
) -> Iterator[OrderedRow]:
    """Put rows into the order of the time that they were moved to.

    A row waits only while another may come before it: an hour or so of event time beside a change
    of clocks.

    Parameters
    ----------
    moved : iterable of tuple of int and OrderedRow
        When a row was, in that order, and the row as it was moved.
    earliest : callable
        The earliest moment that rows from some moment on are moved to.

    Yields
    ------
    OrderedRow
        Of rows moved to the same moment, the one that came first.

    Examples
    --------
    >>> from streamscore.sources.rows import Row
    >>> pairs = [(ms, OrderedRow(str(ms), Row(b"{}", None, 100 - ms % 20))) for ms in (5, 19, 24)]
    >>> [row.row_id for row in in_order(pairs, lambda ms: 0)]
    ['19', '5', '24']
    """
    waiting: list[tuple[int, int, OrderedRow]] = []
    for number, (was_ms, row) in enumerate(moved):
        heapq.heappush(waiting, (row.row.utc_ms, number, row))
        none_before_ms = earliest(was_ms)
        while waiting and waiting[0][0] <= none_before_ms:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]
