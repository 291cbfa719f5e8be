"""Ranges of event time, as a person states them."""

from typing import NamedTuple

import msgspec

from streamscore.errors import UsageError
from streamscore.sources.event_time import EventClock
from streamscore.sources.faults import RecordFault
from streamscore.sources.source import Source


class TimeRange(NamedTuple):
    """From a moment, included, to another, excluded; None leaves an end open.

    Attributes
    ----------
    start_ms, end_ms : int or None
        Milliseconds since 1970-01-01T00:00Z.
    """

    start_ms: int | None = None
    end_ms: int | None = None

    def holds(self, utc_ms: int) -> bool:
        """Tell whether a moment lies in the range."""
        after_start = self.start_ms is None or utc_ms >= self.start_ms
        return after_start and (self.end_ms is None or utc_ms < self.end_ms)


def time_range(source: Source, start: str | None = None, end: str | None = None) -> TimeRange:
    """Read a range of a source's event time.

    Parameters
    ----------
    source : Source
        Its zone is that of times written without one.
    start, end : str or None
        ISO dates or times, such as `2019-01-31`, `2019-01-31T18:00`, `2019-01-31T18:00Z`.

    Raises
    ------
    UsageError
        When one is no such time, or the range is empty.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> time_range(load_source("reviews"), "2020-01-01", "2020-01-02T06:00")
    TimeRange(start_ms=1577836800000, end_ms=1577944800000)
    """
    found = TimeRange(_moment_ms(source, start), _moment_ms(source, end))
    if found.start_ms is not None and found.end_ms is not None and found.start_ms >= found.end_ms:
        raise UsageError(f"a range of time must start before it ends; got {start} to {end}")
    return found


def _moment_ms(source: Source, text: str | None) -> int | None:
    if text is None:
        return None
    clock = EventClock(msgspec.structs.replace(source.event_time, format="iso8601"))
    try:
        return clock.read(text).utc_ms
    except RecordFault as fault:
        raise UsageError(
            f"a time is written as 2019-01-31 or 2019-01-31T18:00; got {text!r}: {fault.detail}"
        ) from None
