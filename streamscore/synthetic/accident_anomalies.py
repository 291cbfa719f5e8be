"""Kinds of anomaly in traffic accidents; each breaks something that holds in the public record."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from streamscore.synthetic.accidents import INJURED, SEVERITIES, tables
from streamscore.synthetic.kinds import Change, another_of, one_of, some_of

CATEGORIES = (
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
)
"""The categories that are swapped and shuffled: all but the severity."""

TWO_VEHICLE_CRASHES = (
    "REAR END",
    "ANGLE",
    "TURNING",
    "SIDESWIPE SAME DIRECTION",
    "SIDESWIPE OPPOSITE DIRECTION",
    "HEAD ON",
)
"""Values of `first_crash_type` that need two vehicles."""

_UNHURT = "NO INJURY / DRIVE AWAY"
_HURT = "INJURY AND / OR TOW DUE TO CRASH"
_CALENDAR = {
    "crash_hour": range(24),
    "crash_day_of_week": range(1, 8),
    "crash_month": range(1, 13),
}
_WITH_UNKNOWN = tuple(c for c in CATEGORIES if c not in ("crash_type", "intersection_related_i"))

Record = dict[str, Any]
Rng = np.random.Generator


def _sum(record: Record, rng: Rng) -> bool:
    total = record["injuries_total"]
    record["injuries_total"] = total + one_of([s for s in (-2, -1, 1, 2, 3) if total + s >= 0], rng)
    return True


def _severity(record: Record, rng: Rng) -> bool:
    record["most_severe_injury"] = another_of(SEVERITIES, record["most_severe_injury"], rng)
    return True


def _time(record: Record, rng: Rng) -> bool:
    field = one_of(tuple(_CALENDAR), rng)
    record[field] = another_of(_CALENDAR[field], record[field], rng)
    return True


def _extreme(record: Record, rng: Rng) -> bool:
    which = one_of(("units", "unhurt", "hurt"), rng)
    if which == "units":
        record["num_units"] = int(rng.integers(12, 41))
    elif which == "unhurt":
        record["injuries_no_indication"] = float(rng.integers(50, 201))
    else:
        record["injuries_reported_not_evident"] = float(rng.integers(22, 61))
        record["injuries_total"] = sum(record[part] for part in INJURED)
        record["crash_type"] = _HURT
        if record["most_severe_injury"] == SEVERITIES[-1]:
            record["most_severe_injury"] = "REPORTED, NOT EVIDENT"
    return True


def _unseen(record: Record, rng: Rng) -> bool:
    record[one_of(CATEGORIES, rng)] = f"ZZ_{rng.integers(1000)}"
    return True


def _sentinel(record: Record, rng: Rng) -> bool:
    for field in some_of(_WITH_UNKNOWN, 6, rng):
        record[field] = "UNKNOWN"
    return True


def _combo(record: Record, rng: Rng) -> bool:
    fitting = [c for c, fits in _COMBINATIONS if all(record[f] in v for f, v in fits.items())]
    for field, values in one_of(fitting or _ANY_COMBINATION, rng).items():
        record[field] = one_of(values, rng)
    return True


# What is changed, for records of which these fields have one of these values.
_COMBINATIONS: tuple[tuple[dict[str, Sequence[Any]], dict[str, Sequence[Any]]], ...] = (
    (
        {"weather_condition": ("SNOW",), "roadway_surface_cond": ("SNOW OR SLUSH", "ICE")},
        {"crash_month": range(6, 9)},
    ),
    ({"lighting_condition": ("DAYLIGHT",)}, {"crash_hour": range(4)}),
    ({"lighting_condition": ("DARKNESS",)}, {"crash_hour": range(10, 15)}),
    ({"crash_type": (_UNHURT,)}, {"most_severe_injury": SEVERITIES[:-1]}),
    ({"num_units": (1,)}, {"first_crash_type": TWO_VEHICLE_CRASHES}),
)
_ANY_COMBINATION: tuple[dict[str, Sequence[Any]], ...] = (
    {"num_units": (1,), "first_crash_type": TWO_VEHICLE_CRASHES},
)


def _swap(count: int) -> Change:
    def swap(record: Record, rng: Rng) -> bool:
        for field in some_of(CATEGORIES, count, rng):
            record[field] = _drawn_anew(field, record[field], rng)
        return True

    return swap


def _drawn_anew(field: str, current: str, rng: Rng) -> str:
    marginal = tables().columns[field].marginal
    values = [value for value in marginal if value != current]
    shares = np.array([marginal[value] for value in values])
    return values[int(rng.choice(len(values), p=shares / shares.sum()))]


ACCIDENT_KINDS: dict[str, Change] = {
    "sum": _sum,
    "severity": _severity,
    "time": _time,
    "combo": _combo,
    "extreme": _extreme,
    "unseen": _unseen,
    "sentinel": _sentinel,
    "swap_1": _swap(1),
    "swap_2": _swap(2),
    "swap_3": _swap(3),
    "shuffle": _swap(len(CATEGORIES)),
}
"""Name -> change.

sum: `injuries_total` is not the sum of its parts. severity: another class. time: hour, weekday or
month is not that of the date. combo: values that exclude each other, such as daylight at 2 am.
extreme: a count far beyond any. unseen: a category never seen. sentinel: six fields UNKNOWN.
swap_k: k categories drawn anew, without regard to the others; shuffle: all twelve.
"""
