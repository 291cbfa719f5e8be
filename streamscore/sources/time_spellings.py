"""Event times as a dialect writes them, rewritten as the source does.

A spreadsheet counts days since 1899-12-30 of the local clock; 0.61319 of a day is a time of day,
read to the nearest second. Before 1900-03-01 its count is off by a day that never was, so such
days are not read.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

import msgspec

from streamscore.sources.converters import converter_of
from streamscore.sources.event_time import EventClock
from streamscore.sources.faults import RecordFault
from streamscore.sources.instants import DAY_MS, Instant, Remembered, Zone
from streamscore.sources.source import EventTime, FieldType
from streamscore.sources.time_formats import NUMERIC_FORMATS, SERIAL_DAYS

_TIMES_AS_NUMBERS = (*NUMERIC_FORMATS, SERIAL_DAYS)
_LONGEST_TEXT = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SERIAL_EPOCH_DAY = -25_569  # 1899-12-30
_SERIAL_DAYS = (61, 2_958_466)  # 1900-03-01 up to the end of the year 9999
_DAY_SECONDS = 86_400
_PROBES_MS = (981_173_106_000, 1_323_551_287_000, 939_643_994_000)
"""2001-02-03 04:05:06, 2011-12-10 21:08:07, 1999-10-11 12:13:14."""

_convert_number = converter_of("plain", "float")

Moment = Callable[[str | int | float], Instant]


class SpelledTime(NamedTuple):
    """An event time read.

    Attributes
    ----------
    value : str, int or float
        As the source writes it.
    instant : Instant
        What the source reads in it.
    """

    value: str | int | float
    instant: Instant


class SpelledTimes:
    """Reads event times as a dialect writes them.

    What the source's own format reads keeps its text. What is written anew is as exact as that
    format: parts of it that the format does not show are dropped. A local time that occurs twice
    becomes the first.

    Parameters
    ----------
    plan : EventTime
        How the source writes it.
    kind : FieldType
        The type of the field that holds it.
    formats : sequence of str
        How the dialect writes it; the first that reads a value counts.

    Examples
    --------
    >>> plan = EventTime(field="t", format="%m/%d/%Y %I:%M:%S %p", zone="America/Chicago")
    >>> SpelledTimes(plan, "string", ["iso8601", "serial_days"]).read("43549.61319").value
    '03/25/2019 02:43:00 PM'
    """

    def __init__(self, plan: EventTime, kind: FieldType, formats: Sequence[str]) -> None:
        self._own_format = plan.format
        self._clock = EventClock(plan)
        self._write = _writer(plan.format, kind)
        self._moments = [(name, _moment(plan, name)) for name in formats]
        self._read = Remembered[str | int | float, SpelledTime](self._work_out)

    def read(self, value: object) -> SpelledTime:
        """Read the event time of one record.

        Parameters
        ----------
        value : object
            A text or a number; anything else is a fault.

        Raises
        ------
        RecordFault
            `event_time_unreadable` or `event_time_absurd`.
        """
        is_long = isinstance(value, str) and len(value) > _LONGEST_TEXT
        if is_long or isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._unreadable(value)
        return self._read[value]

    def _work_out(self, value: str | int | float) -> SpelledTime:
        absurd: RecordFault | None = None
        for name, moment in self._moments:
            try:
                instant = moment(value)
                is_own = name == self._own_format and isinstance(value, str) == (
                    name not in _TIMES_AS_NUMBERS
                )
                written = value if is_own else self._write(instant)
                return SpelledTime(written, self._clock.read(written))
            except RecordFault as fault:
                if fault.reason == "event_time_absurd":
                    absurd = absurd or fault
            except (ValueError, OverflowError):
                continue
        raise absurd or self._unreadable(value)

    def _unreadable(self, value: object) -> RecordFault:
        formats = " or ".join(name for name, _ in self._moments)
        text = repr(value)
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        return RecordFault(
            "event_time_unreadable", f"event time must be written as {formats}, got {shown}"
        )


def text_read_twice(one: str, other: str) -> str | None:
    """Return a text that two formats read as different times; None where there is none.

    Examples
    --------
    >>> text_read_twice("%m/%d/%Y", "%d/%m/%Y")
    '02/03/2001'
    >>> text_read_twice("%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p")
    """
    plan = EventTime(field="", format="iso8601", earliest="0001-01-02", latest="9999-12-30")
    moments = [_moment(plan, one), _moment(plan, other)]
    for name in (one, other):
        for probe_ms in _PROBES_MS:
            text = _text_of(name, probe_ms)
            try:
                first, second = (moment(text) for moment in moments)
            except (RecordFault, ValueError, OverflowError):
                continue
            if first != second:
                return text
    return None


def _text_of(name: str, utc_ms: int) -> str:
    if name == SERIAL_DAYS:
        return str(utc_ms / DAY_MS - _SERIAL_EPOCH_DAY)
    return str(_writer(name, "integer")(Instant(utc_ms, utc_ms)))


def _moment(plan: EventTime, name: str) -> Moment:
    """Return what reads one format: ValueError, OverflowError or RecordFault where it cannot."""
    if name == SERIAL_DAYS:
        zone = Zone(plan.zone)
        return lambda value: zone.from_clock(_serial_ms(_number(value)), None)
    clock = EventClock(msgspec.structs.replace(plan, format=name))
    if name in _TIMES_AS_NUMBERS:
        return lambda value: clock.read(_number(value))

    def read(value: str | int | float) -> Instant:
        if not isinstance(value, str):
            raise ValueError(value)
        return clock.read(value)

    return read


def _number(value: str | int | float) -> float:
    return float(_convert_number(value) if isinstance(value, str) else value)


def _serial_ms(days: float) -> int:
    if not _SERIAL_DAYS[0] <= days < _SERIAL_DAYS[1]:
        raise ValueError(days)
    # Five decimals, as spreadsheets show them, tell a second.
    return round((days + _SERIAL_EPOCH_DAY) * _DAY_SECONDS) * 1000


def _writer(layout: str, kind: FieldType) -> Callable[[Instant], str | int | float]:
    if layout == "epoch_milliseconds":
        return (lambda at: at.utc_ms) if kind == "integer" else (lambda at: float(at.utc_ms))
    if layout == "epoch_seconds":
        return (
            (lambda at: at.utc_ms // 1000) if kind == "integer" else (lambda at: at.utc_ms / 1000)
        )
    if layout == "iso8601":
        return lambda at: _local(at).isoformat(timespec="milliseconds").replace(".000", "")
    return lambda at: _local(at).strftime(layout)


def _local(at: Instant) -> datetime:
    offset = timezone(timedelta(milliseconds=at.local_ms - at.utc_ms))
    return (_EPOCH + timedelta(milliseconds=at.utc_ms)).astimezone(offset)
