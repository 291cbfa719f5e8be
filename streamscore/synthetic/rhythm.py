"""When synthetic events happen: busy months, weekdays and hours, and days that vary."""

from collections.abc import Iterator
from datetime import date

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

MINUTES_A_DAY = 1440
_BLOCK_RECORDS = 20_000
# A day's rate varies by about 13% beyond season and weekday: the spread of daily counts of the
# public crash record is 15.7 at a mean of 75.9, where Poisson alone gives 8.7.
_DAY_SHAPE = 60.0


class Rhythm(Struct, frozen=True, forbid_unknown_fields=True):
    """How the rate of events depends on the calendar.

    Attributes
    ----------
    month : tuple of 12 float
        The mean day of each month, relative to the mean day of the year.
    weekday : tuple of 7 float
        Sunday to Saturday, relative to the mean day.
    hour_by_weekday : tuple of 7 tuples of 24 float
        The share of each hour, Sunday to Saturday.
    minute : tuple of 60 float
        The share of each minute of the hour: people round to fives.
    """

    month: tuple[float, ...]
    weekday: tuple[float, ...]
    hour_by_weekday: tuple[tuple[float, ...], ...]
    minute: tuple[float, ...]


def minutes(
    rhythm: Rhythm, start: date, per_day: float, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield the minutes of events in blocks of whole days, without end.

    Parameters
    ----------
    rhythm : Rhythm
        The calendar's shares.
    start : date
        The first day.
    per_day : float
        Mean number of events a day, above 0.
    rng : numpy.random.Generator
        The source of chance.

    Yields
    ------
    ndarray of shape (n,), int64
        Minutes since 1970-01-01T00:00, ascending within a block and from block to block.
    """
    first_day = (start - date(1970, 1, 1)).days
    block_days = max(1, round(_BLOCK_RECORDS / per_day))
    while True:
        days = np.arange(first_day, first_day + block_days, dtype=np.int64)
        rates = per_day * np.take(rhythm.month, month_of(days) - 1)
        rates = rates * np.take(rhythm.weekday, weekday_of(days) - 1)
        counts = rng.poisson(rates * rng.gamma(_DAY_SHAPE, 1 / _DAY_SHAPE, block_days))
        yield _within_days(rhythm, np.repeat(days, counts), rng)
        first_day += block_days


def weekday_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Weekday of each day since 1970-01-01: 1 is Sunday, 7 is Saturday."""
    return (days + 4) % 7 + 1


def month_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Month of each day since 1970-01-01: 1 to 12."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months % 12 + 1, dtype=np.int64)


def _within_days(
    rhythm: Rhythm, days: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    steps = np.cumsum(rhythm.hour_by_weekday, axis=1)
    steps = steps / steps[:, -1:]
    chance = rng.random(len(days))
    hours = (steps[weekday_of(days) - 1] <= chance[:, None]).sum(axis=1)
    minute_steps = np.cumsum(rhythm.minute) / np.sum(rhythm.minute)
    minute = np.searchsorted(minute_steps, rng.random(len(days)), side="right")
    return np.sort(days * MINUTES_A_DAY + hours * 60 + np.minimum(minute, 59))
