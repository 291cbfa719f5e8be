"""Event time: from what a record says to milliseconds since the epoch.

Times on a stream repeat their parts: a few thousand dates, at most 86,400 times of day. Each part
is read once by the strict, slow parser and remembered, and so is the UTC offset of each day, so the
usual record costs two dictionary look-ups. What cannot be read in parts is read as a whole by the
slow parser, which has the last word.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from streamscore.sources.faults import RecordFault
from streamscore.sources.instants import (
    DAY_MS,
    Instant,
    Remembered,
    Zone,
    milliseconds,
    new_instant,
)
from streamscore.sources.source import EventTime

_EPOCH = datetime(1970, 1, 1)
_STRPTIME_DAY = datetime(1900, 1, 1)
_LONGEST_TEXT = 100
_FAR_MS = 1 << 60
_DATE_DIRECTIVES = frozenset("aAbBdmyYjUWuVG")
_TIME_DIRECTIVES = frozenset("HIMSfpz")

Value = TypeVar("Value")

Clock = tuple[int, int | None]
"""What a text says: milliseconds since 1970-01-01T00:00 of its clock, and its UTC offset if any."""


class Moments(NamedTuple):
    """Event times of n records.

    Attributes
    ----------
    utc_ms, local_ms : int64 arrays of shape (n,)
        Milliseconds since the epoch, and of the local clock; 0 where there is a fault.
    faults : dict of int to RecordFault
        By place.
    """

    utc_ms: NDArray[np.int64]
    local_ms: NDArray[np.int64]
    faults: dict[int, RecordFault]


Many = tuple[list[int], list[int], list[int]]
"""UTC and local times, and the places of those that the fast way did not read."""


class EventClock:
    """Reads the event times of one source.

    A local time that occurs twice (the hour that daylight saving repeats) is taken as the first. A
    local time that does not exist (the hour that daylight saving skips) is taken with the offset
    from before the change, and stays the local time as it was written.

    Parameters
    ----------
    plan : EventTime
        Format, zone and bounds.

    Examples
    --------
    >>> clock = EventClock(EventTime(field="t", format="iso8601", zone="Europe/Paris"))
    >>> clock.read("2024-07-01T12:00:00")
    Instant(utc_ms=1719828000000, local_ms=1719835200000)
    """

    def __init__(self, plan: EventTime) -> None:
        self._plan = plan
        self._earliest_ms = _date_ms(plan.earliest)
        self._latest_ms = _date_ms(plan.latest)
        self._read, self._read_many = _readers(plan.format, Zone(plan.zone))

    def read(self, value: object) -> Instant:
        """Read the event time of one record.

        Parameters
        ----------
        value : str, int or float
            The field's value, of the type that the source states.

        Returns
        -------
        Instant
            The moment in UTC and in local wall time.

        Raises
        ------
        RecordFault
            `event_time_unreadable` or `event_time_absurd`.
        """
        try:
            instant = self._read(value)
        except (ValueError, OverflowError, TypeError):
            raise RecordFault(
                "event_time_unreadable",
                f"event time must be written as {self._plan.format}, got {_shortened(value)}",
            ) from None
        if self._earliest_ms <= instant[0] < self._latest_ms:
            return instant
        raise RecordFault(
            "event_time_absurd",
            f"event time must lie between {self._plan.earliest} and {self._plan.latest}, "
            f"got {_shortened(value)}",
        )

    def read_many(self, values: Sequence[object]) -> Moments:
        """Read the event times of records in their order, as `read` reads each.

        Examples
        --------
        >>> clock = EventClock(EventTime(field="t", format="epoch_seconds", zone="UTC"))
        >>> moments = clock.read_many([1_700_000_000, -1e20])
        >>> moments.utc_ms.tolist(), list(moments.faults)
        ([1700000000000, 0], [1])
        """
        utc, local, unusual = self._read_many(values)
        utc_ms, local_ms = np.array(utc, np.int64), np.array(local, np.int64)
        absurd = np.flatnonzero((utc_ms < self._earliest_ms) | (utc_ms >= self._latest_ms))
        faults: dict[int, RecordFault] = {}
        for place in sorted({*unusual, *absurd.tolist()}):
            try:
                utc_ms[place], local_ms[place] = self.read(values[place])
            except RecordFault as fault:
                faults[place] = fault
                utc_ms[place] = local_ms[place] = 0
        return Moments(utc_ms, local_ms, faults)


Reader = Callable[..., Instant]
ManyReader = Callable[[Sequence[object]], Many]


def _readers(layout: str, zone: Zone) -> tuple[Reader, ManyReader]:
    """Return the readers of one layout: of one value, and of many."""
    if layout == "epoch_milliseconds":
        return _each(lambda value: zone.from_utc(round(value)))
    if layout == "epoch_seconds":
        return _each(lambda value: zone.from_utc(round(value * 1000)))
    if layout == "iso8601":
        return _read_in_parts("T", _iso_date, _iso_time, _read_whole(_iso, zone), zone)
    whole = _read_whole(_strptime(layout, _EPOCH), zone)
    for separator in (" ", "T"):
        date_layout, _, time_layout = layout.partition(separator)
        if _uses_only(_DATE_DIRECTIVES, date_layout) and _uses_only(_TIME_DIRECTIVES, time_layout):
            parse_date = _strptime(date_layout, _EPOCH)
            parse_time = _strptime(time_layout, _STRPTIME_DAY)
            return _read_in_parts(separator, parse_date, parse_time, whole, zone)
    return _each(whole)


def _each(read: Reader) -> tuple[Reader, ManyReader]:
    def read_many(values: Sequence[object]) -> Many:
        utc, local, unusual = [], [], []
        for place, value in enumerate(values):
            try:
                utc_ms, local_ms = read(value)
            except (ValueError, OverflowError, TypeError):
                utc_ms = local_ms = 0
                unusual.append(place)
            if not -_FAR_MS < utc_ms < _FAR_MS:
                utc_ms = local_ms = 0
                unusual.append(place)
            utc.append(utc_ms)
            local.append(local_ms)
        return utc, local, unusual

    return read, read_many


def _read_whole(parse: Callable[[str], Clock], zone: Zone) -> Callable[[str], Instant]:
    return Remembered(_short(lambda text: zone.from_clock(*parse(text)))).__getitem__


def _read_in_parts(
    separator: str,
    parse_date: Callable[[str], Clock],
    parse_time: Callable[[str], Clock],
    whole: Callable[[str], Instant],
    zone: Zone,
) -> tuple[Reader, ManyReader]:
    def parse_day(text: str) -> Clock:
        day_ms, _ = parse_date(text)
        return day_ms, zone.local_day_offset_ms(day_ms // DAY_MS)

    days, times = Remembered(_short(parse_day)), Remembered(_short(parse_time))

    def read_many(texts: Sequence[Any]) -> Many:
        # All in one place, because it runs once a record.
        utc, local, unusual = [], [], []
        for place, text in enumerate(texts):
            date_text, _, time_text = text.partition(separator)
            try:
                day_ms, offset_ms = days[date_text]
                time_ms, written_ms = times[time_text]
            except ValueError:
                day_ms = time_ms = 0
                offset_ms = written_ms = None
            if offset_ms is None or written_ms is not None:
                day_ms = time_ms = offset_ms = 0
                unusual.append(place)
            clock_ms = day_ms + time_ms
            utc.append(clock_ms - offset_ms)
            local.append(clock_ms)
        return utc, local, unusual

    def read(text: str) -> Instant:
        date_text, found, time_text = text.partition(separator)
        if not found:
            return whole(text)
        try:
            day_ms, offset_ms = days[date_text]
            time_ms, written_ms = times[time_text]
        except ValueError:
            return whole(text)
        clock_ms = day_ms + time_ms
        if written_ms is not None or offset_ms is None:
            return zone.from_clock(clock_ms, written_ms)
        return new_instant(Instant, (clock_ms - offset_ms, clock_ms))

    return read, read_many


def _short(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Refuse long texts (strptime takes any number of blanks): they would be remembered."""

    def parse_short(text: str) -> Value:
        if len(text) > _LONGEST_TEXT:
            raise ValueError(text)
        return parse(text)

    return parse_short


def _iso(text: str) -> Clock:
    return _clock(datetime.fromisoformat(text), _EPOCH)


def _iso_date(text: str) -> Clock:
    return (date.fromisoformat(text) - _EPOCH.date()).days * DAY_MS, None


def _iso_time(text: str) -> Clock:
    if text.startswith("T"):
        raise ValueError(text)
    return _clock(datetime.combine(_EPOCH.date(), time.fromisoformat(text)), _EPOCH)


def _strptime(layout: str, origin: datetime) -> Callable[[str], Clock]:
    return lambda text: _clock(datetime.strptime(text, layout), origin)


def _clock(moment: datetime, origin: datetime) -> Clock:
    offset = moment.utcoffset()
    clock_ms = milliseconds(moment.replace(tzinfo=None) - origin)
    return clock_ms, None if offset is None else milliseconds(offset)


def _date_ms(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text).replace(tzinfo=None) - _EPOCH)


def _uses_only(directives: frozenset[str], layout: str) -> bool:
    used = {layout[i + 1] for i, c in enumerate(layout[:-1]) if c == "%"}
    return bool(used) and used <= directives


def _shortened(value: object) -> str:
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
