"""A replay that begins again at its end: each further round later in event time, or in its run."""

from collections.abc import Iterator
from itertools import count
from typing import Protocol

import msgspec

from producer.clock_changes import SLACK_MS, EarliestMoved, in_order
from producer.ordering import OrderedRow
from producer.plan import ReplayPlan
from streamscore.errors import UsageError
from streamscore.sources import Source
from streamscore.sources.shifting import WEEK_MS, EventShift


def in_runs(plan: ReplayPlan) -> tuple[ReplayPlan, ...]:
    """Return a looped replay as one replay for each round, each into a run of its own.

    Raises
    ------
    UsageError
        When no run is named, or there is no last round.

    Examples
    --------
    >>> [one.run for one in in_runs(ReplayPlan(files=(), run="june", rounds=2))]
    ['june-1', 'june-2']
    """
    if plan.run is None:
        raise UsageError(
            "--loop-by runs sends round k into the run NAME-k; got no name. Give it with --run NAME"
        )
    if plan.rounds is None:
        raise UsageError(
            "--loop-by runs opens a run for each round, and so many may not be open; got --loop "
            "forever. Say how many rounds"
        )
    return tuple(
        msgspec.structs.replace(plan, run=f"{plan.run}-{number}", rounds=1)
        for number in range(1, plan.rounds + 1)
    )


class RepeatableRows(Protocol):
    """Rows in their order, as often as they are wanted."""

    def rows(self, limit: int | None = None) -> Iterator[OrderedRow]:
        """Yield the rows in their order, at most so many."""

    def time_range_ms(self, limit: int | None = None) -> tuple[int, int] | None:
        """Return the event times of the first and the last row that `rows(limit)` yields."""


class Rounds:
    """The rows of a replay, round after round.

    The first round is as the files have it. Round k is moved by k - 1 periods of whole weeks, long
    enough that it begins after the one before, and its row ids end in `@k`.

    Parameters
    ----------
    rows : RepeatableRows
        The rows of one round.
    source : Source
        The source.
    limit : int or None
        At most so many rows a round.
    rounds : int or None
        How many, at least 1; None is as many as fit before the source's `latest`.

    Attributes
    ----------
    begun : int
        How many rounds were begun.

    Raises
    ------
    UsageError
        When so many rounds lead beyond `event_time.latest` of the source.
    """

    def __init__(
        self, rows: RepeatableRows, source: Source, limit: int | None, rounds: int | None
    ) -> None:
        self._rows = rows
        self._limit = limit
        self._rounds = rounds
        self._shift = EventShift(source)
        self._keeps_order = source.event_time.zone == "UTC"
        self._latest = source.event_time.latest
        # To find a limited range, rows have to be read: only where it is needed.
        times = None if rounds == 1 else rows.time_range_ms(limit)
        self._last_ms = times[1] if times else 0
        self.period_ms = _period_ms(self._shift, times) if times else WEEK_MS
        self.begun = 0
        if rounds is not None and not self._fits(rounds):
            most = next(k for k in count(1) if not self._fits(k + 1))
            raise UsageError(
                f"each round of --loop is {self.period_ms // WEEK_MS} weeks later, and event times "
                f"lie before {self._latest}, the source's event_time.latest; so there can be "
                f"{most} rounds, got {rounds}"
            )

    def __iter__(self) -> Iterator[OrderedRow]:
        """Yield the rows of all rounds."""
        while self._rounds is None or self.begun < self._rounds:
            if not self._fits(self.begun + 1):
                return
            self.begun += 1
            yield from self._round(self.begun)

    def notes(self) -> tuple[str, ...]:
        """Return why an endless loop ended, where it did by itself."""
        if self._rounds is not None or self._fits(self.begun + 1):
            return ()
        return (
            f"round {self.begun + 1} would reach {self._latest}, the source's event_time.latest",
        )

    def _fits(self, number: int) -> bool:
        # The first round is not moved: its times were checked when they were read.
        return number == 1 or self._shift.is_within(self._last_ms, (number - 1) * self.period_ms)

    def _round(self, number: int) -> Iterator[OrderedRow]:
        rows = self._rows.rows(self._limit)
        if number == 1:
            return rows
        shift_ms = (number - 1) * self.period_ms
        moved = self._moved(rows, f"@{number}", shift_ms)
        if self._keeps_order:
            return (row for _, row in moved)
        return in_order(moved, EarliestMoved(self._shift, shift_ms))

    def _moved(
        self, rows: Iterator[OrderedRow], suffix: str, shift_ms: int
    ) -> Iterator[tuple[int, OrderedRow]]:
        for row_id, row in rows:
            moved = self._shift.row(row.value, shift_ms)
            yield row.utc_ms, OrderedRow(row_id + suffix, moved)


def _period_ms(shift: EventShift, times: tuple[int, int]) -> int:
    first, last = (shift.at(utc_ms).local_ms for utc_ms in times)
    return ((last - first + SLACK_MS) // WEEK_MS + 1) * WEEK_MS
