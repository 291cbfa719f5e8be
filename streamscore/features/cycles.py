"""Calendar features: hour, weekday and month of the local time, on a circle or as integers."""

from math import atan2, tau

import numpy as np
from numba import njit
from numpy.typing import NDArray

PERIODS = {"hour": 24, "weekday": 7, "month": 12}
"""How many values each part of the calendar has."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_KINDS = {name: kind for kind, name in enumerate(PERIODS)}
_CIRCLE = np.zeros((3, 24, 2))
for _kind, _period in enumerate(PERIODS.values()):
    _angle = 2 * np.pi * np.arange(_period) / _period
    _CIRCLE[_kind, :_period, 0] = np.sin(_angle)
    _CIRCLE[_kind, :_period, 1] = np.cos(_angle)


def encode_cycles(
    local_ms: NDArray[np.int64], cycles: tuple[str, ...], out: NDArray[np.float64]
) -> None:
    """Write sine and cosine of each cycle.

    Parameters
    ----------
    local_ms : int64 array of shape (n,)
        Local wall times in milliseconds since 1970-01-01T00:00 of the same clock.
    cycles : tuple of {"hour", "weekday", "month"}
        What to write, in this order.
    out : float64 array of shape (n, 2 * len(cycles))
        Overwritten, values in [-1, 1].

    Examples
    --------
    >>> out = np.empty((1, 2))
    >>> encode_cycles(np.array([6 * 3_600_000]), ("hour",), out)
    >>> out.round(6).tolist()
    [[1.0, 0.0]]
    """
    kinds = np.array([_KINDS[cycle] for cycle in cycles], np.int64)
    _encode(local_ms, kinds, _CIRCLE, out)


def encode_calendar(
    local_ms: NDArray[np.int64], cycles: tuple[str, ...], out: NDArray[np.float64]
) -> None:
    """Write each calendar part as an integer: hour 0-23, weekday 0 (Monday)-6, month 1-12.

    Parameters
    ----------
    local_ms : int64 array of shape (n,)
        Local wall times in milliseconds since 1970-01-01T00:00 of the same clock.
    cycles : tuple of {"hour", "weekday", "month"}
        What to write, in this order.
    out : float64 array of shape (n, len(cycles))
        Overwritten.

    Examples
    --------
    >>> out = np.empty((1, 3))
    >>> encode_calendar(np.array([6 * 3_600_000]), ("hour", "weekday", "month"), out)
    >>> out.tolist()
    [[6.0, 3.0, 1.0]]
    """
    _parts(local_ms, np.array([_KINDS[cycle] for cycle in cycles], np.int64), out)


def part_at(sine: float, cosine: float, cycle: str) -> int:
    """Return which part of the calendar lies nearest to a point on its circle, counted from 0.

    Examples
    --------
    >>> part_at(1.0, 0.0, "hour"), part_at(0.0, 0.0, "month")
    (6, 0)
    """
    period = PERIODS[cycle]
    return round(atan2(sine, cosine) / tau * period) % period


def part_named(cycle: str, part: int) -> str:
    """Name a part of the calendar, counted from 0, as people do.

    Examples
    --------
    >>> part_named("hour", 6), part_named("weekday", 6), part_named("month", 0)
    ('6', 'Sunday', '1')
    """
    if cycle == "weekday":
        return _WEEKDAYS[part]
    return str(part + 1 if cycle == "month" else part)


@njit(cache=True, nogil=True)
def _parts(local_ms, kinds, out):  # type: ignore[no-untyped-def]
    for row in range(len(local_ms)):
        for j in range(len(kinds)):
            out[row, j] = _part(local_ms[row], kinds[j]) + (kinds[j] == 2)


@njit(cache=True, nogil=True)
def _part(local_ms, kind):  # type: ignore[no-untyped-def]
    if kind == 0:
        return local_ms // 3_600_000 % 24
    day = local_ms // 86_400_000
    return (day + 3) % 7 if kind == 1 else _month_of(day) - 1


@njit(cache=True, nogil=True)
def _encode(local_ms, kinds, circle, out):  # type: ignore[no-untyped-def]
    for row in range(len(local_ms)):
        for j in range(len(kinds)):
            at = _part(local_ms[row], kinds[j])
            out[row, 2 * j] = circle[kinds[j], at, 0]
            out[row, 2 * j + 1] = circle[kinds[j], at, 1]


@njit(cache=True, nogil=True)
def _month_of(day):  # type: ignore[no-untyped-def]
    # Days to civil month: H. Hinnant, "chrono-compatible low-level date algorithms", 2013.
    shifted = day + 719_468
    day_of_era = shifted - shifted // 146_097 * 146_097
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    return shifted_month + 3 if shifted_month < 10 else shifted_month - 9
