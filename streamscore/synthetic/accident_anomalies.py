"""Kinds of anomaly in traffic accidents; each breaks something that holds in the public record."""

from streamscore.synthetic.accidents import INJURED, SEVERITIES
from streamscore.synthetic.kinds import (
    Change,
    Contradiction,
    Kinds,
    Pool,
    Record,
    Rng,
    another_of,
    one_of,
    shuffle,
    some_of,
    swap,
)

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


def _sum(record: Record, rng: Rng, _pool: Pool) -> bool:
    total = record["injuries_total"]
    record["injuries_total"] = total + one_of([s for s in (-2, -1, 1, 2, 3) if total + s >= 0], rng)
    return True


def _severity(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["most_severe_injury"] = another_of(SEVERITIES, record["most_severe_injury"], rng)
    return True


def _time(field: str) -> Change:
    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        record[field] = another_of(_CALENDAR[field], record[field], rng)
        return True

    return change


def _many_units(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["num_units"] = int(rng.integers(12, 41))
    return True


def _many_unhurt(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["injuries_no_indication"] = float(rng.integers(50, 201))
    return True


def _many_hurt(record: Record, rng: Rng, _pool: Pool) -> bool:
    record["injuries_reported_not_evident"] = float(rng.integers(22, 61))
    record["injuries_total"] = sum(record[part] for part in INJURED)
    record["crash_type"] = _HURT
    if record["most_severe_injury"] == SEVERITIES[-1]:
        record["most_severe_injury"] = "REPORTED, NOT EVIDENT"
    return True


def _unseen(record: Record, rng: Rng, _pool: Pool) -> bool:
    record[one_of(CATEGORIES, rng)] = f"ZZ_{rng.integers(1000)}"
    return True


def _sentinel(record: Record, rng: Rng, _pool: Pool) -> bool:
    before = dict(record)
    for field in some_of(_WITH_UNKNOWN, 6, rng):
        record[field] = "UNKNOWN"
    return record != before


_COMBINATIONS = (
    Contradiction(
        {"weather_condition": ("SNOW",), "roadway_surface_cond": ("SNOW OR SLUSH", "ICE")},
        against={"crash_month": range(6, 9)},
    ),
    Contradiction({"lighting_condition": ("DAYLIGHT",)}, against={"crash_hour": range(4)}),
    Contradiction({"lighting_condition": ("DARKNESS",)}, against={"crash_hour": range(10, 15)}),
    Contradiction({"crash_type": (_UNHURT,)}, against={"most_severe_injury": SEVERITIES[:-1]}),
    Contradiction({"num_units": (1,)}, against={"first_crash_type": TWO_VEHICLE_CRASHES}),
)


ACCIDENT_KINDS: Kinds = {
    "sum": (_sum,),
    "severity": (_severity,),
    "time": tuple(_time(field) for field in _CALENDAR),
    "combo": _COMBINATIONS,
    "extreme": (_many_units, _many_unhurt, _many_hurt),
    "unseen": (_unseen,),
    "sentinel": (_sentinel,),
    "swap_1": (swap(CATEGORIES, 1),),
    "swap_2": (swap(CATEGORIES, 2),),
    "swap_3": (swap(CATEGORIES, 3),),
    "shuffle": (shuffle(CATEGORIES),),
}
"""Name -> variants.

sum: `injuries_total` is not the sum of its parts. severity: another class. time: hour, weekday or
month is not that of the date. combo: values that exclude each other, such as daylight at 2 am, in
records whose time and injuries are true. extreme: a count far beyond any. unseen: a category never
seen. sentinel: six fields UNKNOWN. swap_k: k categories drawn anew, without regard to the others;
shuffle: all twelve, each independently.
"""
