"""Instants: moments in UTC and on the wall clock of a zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

DAY_MS = 86_400_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_REMEMBERED = 100_000

Key = TypeVar("Key")
Value = TypeVar("Value")


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


new_instant = tuple.__new__
"""What `Instant(...)` does, without its call into Python: it runs once a record."""


class Remembered(dict[Key, Value], Generic[Key, Value]):
    """What was already worked out, by what it was worked out from; bounded."""

    def __init__(self, work_out: Callable[[Key], Value]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, key: Key) -> Value:
        value = self._work_out(key)
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[key] = value
        return value


class Zone:
    """A time zone, from and to the wall clock.

    Parameters
    ----------
    name : str
        IANA name, such as `Europe/Paris`.

    Examples
    --------
    >>> Zone("Europe/Paris").from_utc(0)
    Instant(utc_ms=0, local_ms=3600000)
    """

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)
        self._utc_days: Remembered[int, int | None] = Remembered(
            lambda day: _day_offset_ms(day, self._utc_offset_ms)
        )

    def from_utc(self, utc_ms: int) -> Instant:
        """Return the moment that lies so many milliseconds after the epoch."""
        offset_ms = self._utc_days[utc_ms // DAY_MS]
        if offset_ms is None:
            offset_ms = self._utc_offset_ms(utc_ms)
        return new_instant(Instant, (utc_ms, utc_ms + offset_ms))

    def from_clock(self, clock_ms: int, written_ms: int | None) -> Instant:
        """Return the moment of a wall time.

        Parameters
        ----------
        clock_ms : int
            The wall time, as milliseconds since 1970-01-01T00:00 of the same clock.
        written_ms : int or None
            The UTC offset that was written beside it; where there is none the zone decides.
        """
        if written_ms is not None:
            return self.from_utc(clock_ms - written_ms)
        return Instant(clock_ms - self._local_offset_ms(clock_ms), clock_ms)

    def local_day_offset_ms(self, day: int) -> int | None:
        """Return the offset all through a local day since 1970-01-01; None where it changes."""
        return _day_offset_ms(day, self._local_offset_ms)

    def _utc_offset_ms(self, utc_ms: int) -> int:
        return _offset_ms((_EPOCH + timedelta(milliseconds=utc_ms)).astimezone(self._zone))

    def _local_offset_ms(self, clock_ms: int) -> int:
        moment = _EPOCH + timedelta(milliseconds=clock_ms)
        return _offset_ms(moment.replace(tzinfo=self._zone, fold=0))


def milliseconds(span: timedelta) -> int:
    """Whole milliseconds of a time span, rounded down."""
    return span // timedelta(milliseconds=1)


def _day_offset_ms(day: int, offset_ms_at: Callable[[int], int]) -> int | None:
    # No zone changes its offset and changes it back within a day.
    first, last = offset_ms_at(day * DAY_MS), offset_ms_at((day + 1) * DAY_MS - 1)
    return first if first == last else None


def _offset_ms(moment: datetime) -> int:
    return milliseconds(moment.utcoffset() or timedelta())
