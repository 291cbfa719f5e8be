"""Traffic accidents like those of the built-in source, drawn from tables of shares.

What always holds in the public record holds here: `injuries_total` is the sum of its parts, the
severity is that of the worst part, and hour, weekday and month are those of `crash_date`.
"""

from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.synthetic.rhythm import MINUTES_A_DAY, Rhythm, minutes, month_of, weekday_of
from streamscore.synthetic.shares import Codes, ColumnShares, Shares, shares_of

INJURED = (
    "injuries_fatal",
    "injuries_incapacitating",
    "injuries_non_incapacitating",
    "injuries_reported_not_evident",
)
"""The counts that add up to `injuries_total`, the worst first."""

SEVERITIES = (
    "FATAL",
    "INCAPACITATING INJURY",
    "NONINCAPACITATING INJURY",
    "REPORTED, NOT EVIDENT",
    "NO INDICATION OF INJURY",
)
"""Values of `most_severe_injury`; the first four name the counts of `INJURED`."""

COLUMNS = (
    "crash_date",
    "traffic_control_device",
    "weather_condition",
    "lighting_condition",
    "first_crash_type",
    "trafficway_type",
    "alignment",
    "roadway_surface_cond",
    "road_defect",
    "crash_type",
    "intersection_related_i",
    "damage",
    "prim_contributory_cause",
    "num_units",
    "most_severe_injury",
    "injuries_total",
    *INJURED,
    "injuries_no_indication",
    "crash_hour",
    "crash_day_of_week",
    "crash_month",
)
"""The fields of a record, in their order."""

_HOURS = tuple(str(hour) for hour in range(24))
_MONTHS = tuple(str(month) for month in range(1, 13))
_COUNTS = frozenset((*INJURED, "injuries_no_indication"))


class Tables(Struct, frozen=True):
    """What the records are drawn from.

    Attributes
    ----------
    note : str
        Where the figures come from.
    time : Rhythm
        When accidents happen, in local time.
    columns : dict of str to ColumnShares
        Each column given others; parents come first.
    """

    note: str
    time: Rhythm
    columns: dict[str, ColumnShares]


@cache
def tables() -> Tables:
    """Read the tables that come with the product."""
    text = (resources.files("streamscore.synthetic") / "accidents.json").read_bytes()
    return msgspec.json.decode(text, type=Tables)


def accidents(start: date, per_day: float, rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield accidents in the order of their time, without end.

    Parameters
    ----------
    start : date
        The first day, local.
    per_day : float
        Mean number a day, above 0.
    rng : numpy.random.Generator
        The source of chance.

    Yields
    ------
    dict
        A record with the fields of `COLUMNS`.

    Examples
    --------
    >>> first = next(accidents(date(2024, 1, 1), 150, np.random.default_rng(1)))
    >>> first["crash_date"][:10], first["crash_month"]
    ('01/01/2024', 1)
    """
    shares = shares_of(
        tables().columns,
        {
            "crash_hour": _HOURS,
            "crash_month": _MONTHS,
            "units_up_to_4": _HOURS[1:5],
            "injured_up_to_3": _HOURS[:4],
        },
    )
    for block in minutes(tables().time, start, per_day, rng):
        lists = _columns(shares, _existing(block), rng)
        for values in zip(*(lists[name] for name in COLUMNS), strict=True):
            yield dict(zip(COLUMNS, values, strict=True))


def _columns(
    shares: dict[str, Shares], when: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, list[Any]]:
    days = when // MINUTES_A_DAY
    codes: dict[str, Codes] = {
        "crash_hour": when % MINUTES_A_DAY // 60,
        "crash_month": month_of(days) - 1,
    }
    lists: dict[str, list[Any]] = {
        "crash_date": _dates(when),
        "crash_hour": codes["crash_hour"].tolist(),
        "crash_day_of_week": weekday_of(days).tolist(),
        "crash_month": month_of(days).tolist(),
    }
    for name, column in shares.items():
        if name == "injuries_no_indication":
            total = np.sum([_numbers(shares[part], codes[part]) for part in INJURED], axis=0)
            lists["injuries_total"] = total.astype(float).tolist()
            codes["injured_up_to_3"] = np.minimum(total, 3)
            units = _numbers(shares["num_units"], codes["num_units"])
            codes["units_up_to_4"] = np.clip(units, 1, 4) - 1
        parents = [codes[parent] for parent in tables().columns[name].parents]
        codes[name] = column.draw(parents, rng, len(when))
        lists[name] = _values(name, column, codes[name])
    return lists


def _values(name: str, column: Shares, codes: Codes) -> list[Any]:
    values: list[Any] = list(column.values)
    if name == "num_units":
        values = [int(value) for value in values]
    elif name in _COUNTS:
        values = [float(value) for value in values]
    return [values[code] for code in codes.tolist()]


def _numbers(column: Shares, codes: Codes) -> NDArray[np.int64]:
    return np.array([int(value) for value in column.values], dtype=np.int64)[codes]


def _existing(when: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move what falls into the hour that daylight saving skips (second Sunday in March) on."""
    days = when // MINUTES_A_DAY
    dates = days.astype("datetime64[D]")
    day_of_month = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    second_sunday = (weekday_of(days) == 1) & (day_of_month >= 8) & (day_of_month <= 14)
    skipped = second_sunday & (month_of(days) == 3) & (when % MINUTES_A_DAY // 60 == 2)
    return np.sort(when + 60 * skipped)


def _dates(when: NDArray[np.int64]) -> list[str]:
    clock = [
        f"{(m // 60 - 1) % 12 + 1:02}:{m % 60:02}:00 {'AM' if m < 720 else 'PM'}"
        for m in range(MINUTES_A_DAY)
    ]
    days, place = np.unique(when // MINUTES_A_DAY, return_inverse=True)
    written = [day.strftime("%m/%d/%Y") for day in days.astype("datetime64[D]").tolist()]
    parts = zip(place.tolist(), (when % MINUTES_A_DAY).tolist(), strict=True)
    return [f"{written[day]} {clock[minute]}" for day, minute in parts]
