"""Columns that hold times: in which format they are written, and the times they hold."""

from collections.abc import Iterable, Iterator
from itertools import islice, pairwise

import msgspec
from msgspec import Struct

from streamscore.sources.event_time import EventClock
from streamscore.sources.faults import RecordFault
from streamscore.sources.inference.time_layouts import (
    is_day_first,
    layouts_like,
    other_way_round,
    zone_of,
)
from streamscore.sources.inference.value_types import TypedColumn
from streamscore.sources.source import EventTime

_LEAST_SHARE = 0.5
"""Of its texts, so many must be read by one format for a column to hold times."""

_LEAST_SHARE_OF_REST = 0.3
_LEAST_REST = 3
_MOST_FORMATS = 4
_TRIED_TEXTS = 300
_EPOCH_YEARS = (631_152_000, 4_102_444_800)
"""1990 to 2100 in seconds: what a number is taken for a time in, and not for a count."""

_ANY_YEAR = ("0001-01-02", "9999-12-30")


class TimeColumn(Struct, frozen=True, kw_only=True):
    """A column read as times.

    Attributes
    ----------
    typed : TypedColumn
        The column.
    format : str
        As `EventTime.format`.
    utc_ms : list of int or None
        One a row, milliseconds since the epoch; None where the format reads nothing.
    unread : int
        Values that the format does not read.
    example : str
        One of those.
    rival : str or None
        The format with day and month changed over, where the values fit that as well.
    more_formats : tuple of str
        Formats of values that `format` does not read; `utc_ms` holds their times as well.
    """

    typed: TypedColumn
    format: str
    utc_ms: list[int | None]
    unread: int = 0
    example: str = ""
    rival: str | None = None
    more_formats: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the field is called."""
        return self.typed.name

    @property
    def read(self) -> int:
        """How many rows have a time."""
        return sum(moment is not None for moment in self.utc_ms)

    def order(self) -> float:
        """How well the rows follow the times, from 0 (against them) to 1; 0.5 where they do not."""
        known = [moment for moment in self.utc_ms if moment is not None]
        later = sum(b > a for a, b in pairwise(known))
        earlier = sum(b < a for a, b in pairwise(known))
        return later / (later + earlier) if later + earlier else 0.5


def time_column(column: TypedColumn, zone: str) -> TimeColumn | None:
    """Read a column as times; None where it holds none.

    Parameters
    ----------
    column : TypedColumn
        The column.
    zone : str
        IANA zone of times without an offset.

    Examples
    --------
    >>> from streamscore.sources.inference.samples import Column
    >>> from streamscore.sources.inference.value_types import typed
    >>> days = typed(Column(name="day", values=["13/01/2024", "01/02/2024"]), "csv")
    >>> time_column(days, "UTC").format
    '%d/%m/%Y'
    """
    if column.is_number:
        return _epoch_column(column, zone) or _compact_column(column, zone)
    if column.type != "string":
        return None
    return _text_column(column, zone)


def read_further(time: TimeColumn, zone: str) -> TimeColumn:
    """Read what the format of a column does not: in one or two formats more, where some fit."""
    for _ in range(_MOST_FORMATS - 1):
        rest = [
            text
            for text, at in zip(time.typed.column.values, time.utc_ms, strict=True)
            if at is None and text is not None
        ]
        if len(rest) < _LEAST_REST or time.typed.is_number:
            return time
        layout = _best_beside(time, rest)
        if layout is None:
            return time
        time = _joined(time, _read_as(time.typed, layout, zone, time.typed.column.values))
    return time


def relative_column(column: TypedColumn, zone: str) -> TimeColumn | None:
    """Read a column of numbers that never fall as seconds since the start of a recording."""
    known = [value for value in column.known if value is not None]
    if not column.is_number or len(set(known)) < 2 or not known[0] >= 0:
        return None
    if any(b < a for a, b in pairwise(known)) or known[-1] >= _EPOCH_YEARS[0]:
        return None
    return _read_as(column, "epoch_seconds", zone, column.known)


def _epoch_column(column: TypedColumn, zone: str) -> TimeColumn | None:
    if column.writing != "plain":
        return None
    counts = column.counts()
    values = [value for value in counts if isinstance(value, int | float)]
    for layout, scale in (("epoch_seconds", 1), ("epoch_milliseconds", 1000)):
        low, high = (bound * scale for bound in _EPOCH_YEARS)
        fitting = sum(counts[value] for value in values if low <= value < high)
        if counts and fitting >= 0.99 * counts.total():
            return _read_as(column, layout, zone, column.known)
    return None


def _compact_column(column: TypedColumn, zone: str) -> TimeColumn | None:
    """Read texts such as 20240131, which look like numbers."""
    texts = [text for text in column.column.values if isinstance(text, str)]
    if not texts or any(len(text) not in (8, 12, 14) for text in texts):
        return None
    found = _text_column(column, zone)
    years = (315_532_800_000, _EPOCH_YEARS[1] * 1000)
    plausible = found and all(years[0] <= at < years[1] for at in found.utc_ms if at is not None)
    return found if found and plausible and not found.unread else None


def _text_column(column: TypedColumn, zone: str) -> TimeColumn | None:
    texts = list(dict.fromkeys(t for t in column.column.values if isinstance(t, str)))
    texts = [text for text in texts if text not in column.missing and _has_digits(text)]
    tried = texts[:: max(1, len(texts) // _TRIED_TEXTS)]
    if not tried:
        return None
    layouts = dict.fromkeys(layout for text in tried for layout in layouts_like(text))
    shares = {layout: _share(layout, tried) for layout in _with_iso(layouts, tried)}
    best = max(shares.values(), default=0.0)
    # Those that read a little less on the sample of texts may read more of all.
    near = [layout for layout in shares if shares[layout] >= max(best - 0.02, _LEAST_SHARE)]
    columns = [_read_as(column, layout, zone, column.column.values) for layout in near[:6]]
    if not columns:
        return None
    most = max(one.read for one in columns)
    return _decided([one for one in columns if one.read == most])


def _with_iso(layouts: dict[str, None], tried: list[str]) -> Iterator[str]:
    """Put ISO 8601 before other layouts of texts with a T, and behind them where there is none."""
    has_t = sum("T" in text for text in tried) * 2 > len(tried)
    if has_t:
        yield "iso8601"
    yield from layouts
    if not has_t:
        yield "iso8601"


def _decided(columns: list[TimeColumn]) -> TimeColumn:
    """Choose between formats that read the same: day and month by the order of the rows."""
    first = columns[0]
    by_format = {one.format: one for one in columns}
    other = by_format.get(other_way_round(first.format) or "")
    if other is None or other.utc_ms == first.utc_ms:
        return first
    first_order, other_order = (abs(one.order() - 0.5) for one in (first, other))
    if abs(first_order - other_order) > 0.05:
        return first if first_order > other_order else other
    # Nothing decides: points and hyphens are written where the day comes first.
    day, month = (first, other) if is_day_first(first.format) else (other, first)
    chosen, rival = (month, day) if "/" in first.format else (day, month)
    return msgspec.structs.replace(chosen, rival=rival.format)


def reads_any(layout: str, texts: Iterable[str]) -> bool:
    """Tell whether a format reads one of some texts."""
    clock = clock_of(layout, "UTC")
    return any(moment_of(clock, text) is not None for text in set(texts))


def _best_beside(time: TimeColumn, rest: list[str]) -> str | None:
    """Return the format that reads most of some texts, and nothing otherwise than those before."""
    used = (time.format, *time.more_formats)
    forbidden = {*used, *(other_way_round(one) for one in used)}
    texts = list(dict.fromkeys(rest))
    tried = texts[:: max(1, len(texts) // _TRIED_TEXTS)]
    layouts = dict.fromkeys(layout for text in tried for layout in layouts_like(text))
    shares = {one: _share(one, tried) for one in layouts if one not in forbidden}
    best = max(shares.values(), default=0.0)
    if best < _LEAST_SHARE_OF_REST:
        return None
    # What may be either is read as the first format puts day and month.
    wanted = is_day_first(time.format) or not other_way_round(time.format)
    near = [one for one in shares if shares[one] == best]
    return next((one for one in near if is_day_first(one) == wanted), near[0])


def _joined(time: TimeColumn, more: TimeColumn) -> TimeColumn:
    utc_ms = [a if a is not None else b for a, b in zip(time.utc_ms, more.utc_ms, strict=True)]
    values = time.typed.column.values
    unread = [v for v, at in zip(values, utc_ms, strict=True) if at is None and v is not None]
    return msgspec.structs.replace(
        time,
        utc_ms=utc_ms,
        unread=len(unread),
        example=str(unread[0])[:40] if unread else "",
        more_formats=(*time.more_formats, more.format),
    )


def _share(layout: str, texts: list[str]) -> float:
    clock = clock_of(layout, "UTC")
    return sum(moment_of(clock, text) is not None for text in texts) / len(texts)


def _read_as(column: TypedColumn, layout: str, zone: str, values: list[object]) -> TimeColumn:
    clock = clock_of(layout, zone_of(layout, zone))
    readings = {value: moment_of(clock, value) for value in dict.fromkeys(values)}
    utc_ms = [readings[value] for value in values]
    failed = (v for v, at in zip(values, utc_ms, strict=True) if at is None and v is not None)
    unread = list(islice(failed, len(values)))
    return TimeColumn(
        typed=column,
        format=layout,
        utc_ms=utc_ms,
        unread=len(unread),
        example=str(unread[0])[:40] if unread else "",
    )


def clock_of(layout: str, zone: str) -> EventClock:
    """Return what reads times of any year in a layout; those without an offset are of the zone."""
    earliest, latest = _ANY_YEAR
    return EventClock(
        EventTime(field="", format=layout, zone=zone, earliest=earliest, latest=latest)
    )


def moment_of(clock: EventClock, value: object) -> int | None:
    """Return when a value is, in milliseconds since the epoch; None where it is no such time."""
    if value is None:
        return None
    try:
        return clock.read(value).utc_ms
    except RecordFault:
        return None


def _has_digits(text: str) -> bool:
    return sum(character.isdigit() for character in text) >= 3
