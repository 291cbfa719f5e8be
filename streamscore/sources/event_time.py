"""Event time: from what a record says to milliseconds since the epoch.

Times on a stream repeat their parts: a few thousand dates, at most 86,400 times of day. Each part
is read once by the strict, slow parser and remembered, so the usual record costs two dictionary
look-ups. A remembered part can only be one that the slow parser accepted.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streamscore.sources.faults import RecordFault
from streamscore.sources.source import EventTime

_DAY_MS = 86_400_000
_SLOT_MS = 900_000
_EPOCH = datetime(1970, 1, 1)
_STRPTIME_DAY = datetime(1900, 1, 1)
_REMEMBERED_PARTS = 100_000
_DATE_DIRECTIVES = frozenset("aAbBdmyYjUWuVG")


class Instant(NamedTuple):
    """A moment, twice: since the epoch, and as the wall clock of the source's zone showed it.

    Attributes
    ----------
    utc_ms : int
        Milliseconds since 1970-01-01T00:00Z.
    local_ms : int
        The local wall time, as milliseconds since 1970-01-01T00:00 of the same clock.
    """

    utc_ms: int
    local_ms: int


class EventClock:
    """Reads the event times of one source.

    A local time that occurs twice (the hour that daylight saving repeats) is taken as the first.

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
        self._zone = ZoneInfo(plan.zone)
        self._offset_ms_by_slot: dict[int, int] = {}
        self._earliest_ms = _date_ms(plan.earliest)
        self._latest_ms = _date_ms(plan.latest)
        self._bounds = f"between {plan.earliest} and {plan.latest}"
        self._parse = self._parser(plan.format)
        self._format = plan.format

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
            instant = self._parse(value)
        except (ValueError, OverflowError, TypeError):
            raise RecordFault(
                "event_time_unreadable",
                f"event time must be written as {self._format}, got {_shortened(value)}",
            ) from None
        if not self._earliest_ms <= instant.utc_ms < self._latest_ms:
            raise RecordFault(
                "event_time_absurd", f"event time must lie {self._bounds}, got {_shortened(value)}"
            )
        return instant

    def _parser(self, layout: str) -> Callable[..., Instant]:
        if layout == "epoch_milliseconds":
            return lambda value: self._from_utc(int(value))
        if layout == "epoch_seconds":
            return lambda value: self._from_utc(round(value * 1000))
        reader = _text_reader(layout)
        return lambda value: self._from_clock(*reader(value))

    def _from_clock(self, clock_ms: int, offset_ms: int | None) -> Instant:
        if offset_ms is not None:
            return self._from_utc(clock_ms - offset_ms)
        return Instant(clock_ms - self._offset_ms(clock_ms, local=True), clock_ms)

    def _from_utc(self, utc_ms: int) -> Instant:
        return Instant(utc_ms, utc_ms + self._offset_ms(utc_ms, local=False))

    def _offset_ms(self, clock_ms: int, *, local: bool) -> int:
        # Zones change on multiples of 15 minutes, so one look-up serves a quarter of an hour.
        slot = (clock_ms // _SLOT_MS) * 2 + local
        offset_ms = self._offset_ms_by_slot.get(slot)
        if offset_ms is None:
            moment = _EPOCH + timedelta(milliseconds=clock_ms // _SLOT_MS * _SLOT_MS)
            if local:
                offset = moment.replace(tzinfo=self._zone, fold=0).utcoffset()
            else:
                offset = moment.replace(tzinfo=UTC).astimezone(self._zone).utcoffset()
            offset_ms = round((offset or timedelta()).total_seconds() * 1000)
            if len(self._offset_ms_by_slot) >= _REMEMBERED_PARTS:
                self._offset_ms_by_slot.clear()
            self._offset_ms_by_slot[slot] = offset_ms
        return offset_ms


class _Remembered(dict[str, tuple[int, int | None]]):
    """Parts of times already read, bounded: text -> (milliseconds, UTC offset or None)."""

    def __init__(self, parse: Callable[[str], tuple[int, int | None]]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: str) -> tuple[int, int | None]:
        parsed = self._parse(text)
        if len(self) >= _REMEMBERED_PARTS:
            self.clear()
        self[text] = parsed
        return parsed


def _text_reader(layout: str) -> Callable[[str], tuple[int, int | None]]:
    """Return a reader of one layout: text -> (clock milliseconds, UTC offset or None)."""
    if layout == "iso8601":
        return _two_parts("T", _Remembered(_iso_date), _Remembered(_iso_time), " ")
    for separator in (" ", "T"):
        date_layout, found, time_layout = layout.partition(separator)
        if found and _is_date(date_layout) and not _has_date(time_layout):
            date_part = _Remembered(lambda text: _strptime_ms(text, date_layout, _EPOCH))
            time_part = _Remembered(lambda text: _strptime_ms(text, time_layout, _STRPTIME_DAY))
            return _two_parts(separator, date_part, time_part)
    return _Remembered(lambda text: _strptime_ms(text, layout, _EPOCH)).__getitem__


def _two_parts(
    separator: str, date_part: _Remembered, time_part: _Remembered, alternative: str = ""
) -> Callable[[str], tuple[int, int | None]]:
    def read(text: str) -> tuple[int, int | None]:
        date_text, found, time_text = text.partition(separator)
        if not found and alternative:
            date_text, found, time_text = text.partition(alternative)
        if not found:
            if not alternative:
                raise ValueError(text)
            return date_part[date_text]
        time_ms, offset_ms = time_part[time_text]
        return date_part[date_text][0] + time_ms, offset_ms

    return read


def _iso_date(text: str) -> tuple[int, None]:
    return (date.fromisoformat(text) - _EPOCH.date()).days * _DAY_MS, None


def _iso_time(text: str) -> tuple[int, int | None]:
    moment = time.fromisoformat(text)
    since_midnight = datetime.combine(_EPOCH.date(), moment.replace(tzinfo=None)) - _EPOCH
    offset = moment.utcoffset()
    return _milliseconds(since_midnight), None if offset is None else _milliseconds(offset)


def _strptime_ms(text: str, layout: str, origin: datetime) -> tuple[int, int | None]:
    moment = datetime.strptime(text, layout)
    offset = moment.utcoffset()
    clock_ms = _milliseconds(moment.replace(tzinfo=None) - origin)
    return clock_ms, None if offset is None else _milliseconds(offset)


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def _date_ms(text: str) -> int:
    return _milliseconds(datetime.fromisoformat(text).replace(tzinfo=None) - _EPOCH)


def _directives(layout: str) -> set[str]:
    return {layout[i + 1] for i, c in enumerate(layout[:-1]) if c == "%"}


def _is_date(layout: str) -> bool:
    directives = _directives(layout)
    return bool(directives) and directives <= _DATE_DIRECTIVES


def _has_date(layout: str) -> bool:
    return bool(_directives(layout) & _DATE_DIRECTIVES)


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
