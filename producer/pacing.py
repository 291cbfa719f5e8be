"""When each record is due: at a rate, or as fast as time passed for the records."""

import time
from collections.abc import Callable
from typing import Protocol

TICK_SECONDS = 0.002
"""Records that are due within one tick leave together: a sleep for each would burn a core."""

CATCH_UP_SECONDS = 0.02
"""What is made up for after a stall; a longer delay moves all that follows, without a burst."""

_SLICE_SECONDS = 0.05
_CLOCK_RESOLUTION_SECONDS = 1e-6


class Clock(Protocol):
    """Time, as far as pacing needs it."""

    def now(self) -> float:
        """Seconds since some moment, never going back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds since some moment, never going back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


Schedule = Callable[[int, int], float]
"""Number of the record from 0, its event time in ms -> seconds after the start that it is due."""


def at_once() -> Schedule:
    """Return the schedule of `--speed max`: every record is due."""
    return lambda _index, _utc_ms: 0.0


def at_rate(records_a_second: float) -> Schedule:
    """Return the schedule of `--rate`.

    Examples
    --------
    >>> at_rate(100)(50, 0)
    0.5
    """
    return lambda index, _utc_ms: index / records_a_second


def at_event_speed(times_faster: float, first_utc_ms: int) -> Schedule:
    """Return the schedule of `--speed 1000x`: event time passes so many times faster.

    Examples
    --------
    >>> at_event_speed(60, 0)(7, 120_000)
    2.0
    """
    factor = 1000 * times_faster
    return lambda _index, utc_ms: (utc_ms - first_utc_ms) / factor


class Pacer:
    """Waits until a record is due.

    Parameters
    ----------
    schedule : Schedule
        When each record is due.
    clock : Clock
        Time.
    while_waiting : callable
        Called at least every 50 ms of a wait; True ends the wait.
    """

    def __init__(self, schedule: Schedule, clock: Clock, while_waiting: Callable[[], bool]) -> None:
        self._schedule = schedule
        self._clock = clock
        self._while_waiting = while_waiting
        self._start = clock.now()
        self._released_until = 0.0

    def wait(self, index: int, utc_ms: int) -> None:
        """Return when the record is due, at most a tick late; at once where it is overdue."""
        due = self._schedule(index, utc_ms)
        if due <= self._released_until:
            return
        late = self._elapsed() - due
        if late > CATCH_UP_SECONDS:
            self._start += late - CATCH_UP_SECONDS
        elif late < 0:
            self._sleep_until(due + TICK_SECONDS)
        self._released_until = self._elapsed()

    def _sleep_until(self, end: float) -> None:
        left = end - self._elapsed()
        while left > _CLOCK_RESOLUTION_SECONDS:
            self._clock.sleep(min(left, _SLICE_SECONDS))
            if self._while_waiting():
                return
            left = end - self._elapsed()

    def _elapsed(self) -> float:
        return self._clock.now() - self._start
