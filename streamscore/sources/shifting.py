"""Records moved in time: the event time as it was written, and what repeats it along with it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec

from streamscore.sources.event_time import EventClock
from streamscore.sources.instants import Instant, Zone
from streamscore.sources.rows import JsonRows, Row
from streamscore.sources.source import EventTime, Path, Source, TimePart

WEEK_MS = 7 * 86_400_000
"""What a shift is a multiple of: hours and weekdays stay what they are."""

_EPOCH = datetime(1970, 1, 1)
_ISO_TEXT = re.compile(r"([0-9W-]+)(?:(T| )([0-9:]+)(?:[.,]([0-9]+))?(Z|[+-][0-9:]+)?)?")
_PARTS: dict[TimePart, tuple[Callable[[datetime], int], int | None]] = {
    "hour": (lambda moment: moment.hour, 24),
    "month": (lambda moment: moment.month - 1, 12),
    "year": (lambda moment: moment.year, None),
    "weekday_sunday_0": (lambda moment: moment.isoweekday() % 7, 7),
    "weekday_sunday_1": (lambda moment: moment.isoweekday() % 7, 7),
    "weekday_monday_0": (lambda moment: moment.weekday(), 7),
    "weekday_monday_1": (lambda moment: moment.weekday(), 7),
}
_FIRST: dict[TimePart, int] = {"month": 1, "weekday_sunday_1": 1, "weekday_monday_1": 1}


class EventShift:
    """Moves records of a source by whole weeks of its wall clock.

    A clock time stays what it is where daylight saving begins or ends in between: eight in the
    morning is moved to eight in the morning. Fields that repeat parts of the event time
    (`event_time.repeats`) are moved along, each by what the part moves, so that one that agreed
    agrees and one that did not does not.

    Parameters
    ----------
    source : Source
        The source.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> shift = EventShift(load_source("reviews"))
    >>> shift.row(b'{"user_id": "u", "timestamp": 1583032084430}', WEEK_MS).value
    b'{"user_id":"u","timestamp":1583636884430}'
    """

    def __init__(self, source: Source) -> None:
        self._path = source.path_of(source.event_time.field)
        self._repeats = [
            (source.path_of(name), part) for name, part in source.event_time.repeats.items()
        ]
        self._clock = EventClock(source.event_time)
        self._zone = Zone(source.event_time.zone)
        self._rows = JsonRows(source)
        self._write = _writer(source.event_time)
        self._latest_ms = _milliseconds(datetime.fromisoformat(source.event_time.latest))

    def row(self, value: bytes, shift_ms: int) -> Row:
        """Return a record as it would be so much later.

        Parameters
        ----------
        value : bytes
            A record whose event time is readable.
        shift_ms : int
            Milliseconds of the wall clock, a multiple of a week.

        Raises
        ------
        RecordFault
            When the moved time is beyond the source's `latest`.
        """
        record = _object(value)
        written = _value_at(record, self._path)
        before = self._clock.read(written)
        after = self.moved(before, shift_ms)
        _change(record, self._path, lambda _: self._write(written, before, after))
        for path, part in self._repeats:
            _change(record, path, _mover(part, before, after))
        return self._rows.read(msgspec.json.encode(record))

    def moved(self, instant: Instant, shift_ms: int) -> Instant:
        """Return the moment whose wall clock shows so much more."""
        return self._zone.from_clock(instant.local_ms + shift_ms, None)

    def at(self, utc_ms: int) -> Instant:
        """Return a moment with the wall clock that the source's zone showed."""
        return self._zone.from_utc(utc_ms)

    def is_within(self, utc_ms: int, shift_ms: int) -> bool:
        """Tell whether a record of that moment can be moved so far: below `event_time.latest`."""
        return self.moved(self.at(utc_ms), shift_ms).utc_ms < self._latest_ms


Writer = Callable[[Any, Instant, Instant], Any]
"""The value as it was written, its moment, the new moment -> the new value."""


def _writer(plan: EventTime) -> Writer:
    if plan.format == "epoch_milliseconds":
        return lambda written, before, after: written + (after.utc_ms - before.utc_ms)
    if plan.format == "epoch_seconds":
        return lambda written, before, after: written + _seconds(after.utc_ms - before.utc_ms)
    if plan.format == "iso8601":
        return _iso_text
    return lambda written, before, after: _strptime_text(written, plan.format, before, after)


def _seconds(milliseconds: int) -> int | float:
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def _strptime_text(written: str, layout: str, before: Instant, after: Instant) -> str:
    read = datetime.strptime(written, layout)
    return _rewritten(read, before, after).strftime(layout)


def _iso_text(written: str, before: Instant, after: Instant) -> str:
    moment = _rewritten(datetime.fromisoformat(written), before, after)
    found = _ISO_TEXT.fullmatch(written)
    if found is None or found[2] is None:
        return moment.date().isoformat() if found is not None else moment.isoformat()
    seconds = "%H:%M:%S" if found[3].count(":") != 1 else "%H:%M"
    text = f"{moment.date().isoformat()}{found[2]}{moment.strftime(seconds)}"
    if found[4]:
        text += "." + f"{moment.microsecond:06d}"[: len(found[4])].ljust(len(found[4]), "0")
    if found[5] is None:
        return text
    return text + ("Z" if found[5] == "Z" else moment.isoformat(timespec="seconds")[19:])


def _rewritten(read: datetime, before: Instant, after: Instant) -> datetime:
    """Return the new time as it would be written: with an offset where the old one had one."""
    offset = read.utcoffset()
    if offset is None:
        return read + timedelta(milliseconds=after.local_ms - before.local_ms)
    utc = read.astimezone(UTC) + timedelta(milliseconds=after.utc_ms - before.utc_ms)
    if offset and offset == timedelta(milliseconds=before.local_ms - before.utc_ms):
        # Written with what the zone had then: it is written with what the zone has now.
        offset = timedelta(milliseconds=after.local_ms - after.utc_ms)
    return utc.astimezone(timezone(offset))


_Object = dict[str, msgspec.Raw]
"""A JSON object whose values stay the bytes that they are."""


def _object(value: bytes | msgspec.Raw) -> _Object:
    return msgspec.json.decode(value, type=_Object)


def _value_at(record: _Object, path: Path) -> Any:
    for key in path[:-1]:
        record = _object(record[key])
    return msgspec.json.decode(record[path[-1]])


def _change(record: _Object, path: Path, change: Callable[[Any], Any]) -> None:
    """Change one value of an object, where there is one."""
    key, *inner_path = path
    found = record.get(key)
    if found is None:
        return
    if not inner_path:
        changed = msgspec.json.encode(change(msgspec.json.decode(found)))
    elif bytes(found).startswith(b"{"):
        inner = _object(found)
        _change(inner, tuple(inner_path), change)
        changed = msgspec.json.encode(inner)
    else:
        return
    record[key] = msgspec.Raw(changed)


def _mover(part: TimePart, before: Instant, after: Instant) -> Callable[[Any], Any]:
    return lambda value: _moved_part(value, part, before, after)


def _moved_part(value: Any, part: TimePart, before: Instant, after: Instant) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    read, cycle = _PARTS[part]
    moved = read(_local(after)) - read(_local(before))
    first = _FIRST.get(part, 0)
    if cycle is None:
        return value + moved
    if not first <= value < first + cycle:
        return value  # no such part at all, wherever it is moved
    return (value - first + moved) % cycle + first


def _local(instant: Instant) -> datetime:
    return _EPOCH + timedelta(milliseconds=instant.local_ms)


def _milliseconds(moment: datetime) -> int:
    return (moment.replace(tzinfo=None) - _EPOCH) // timedelta(milliseconds=1)
