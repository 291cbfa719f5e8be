"""Generated records are like the real ones."""

from collections import Counter
from datetime import date, datetime
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import pytest

from streamscore.errors import UsageError
from streamscore.sources import Codec, load_source
from streamscore.synthetic import GENERATED, generate
from streamscore.synthetic.accidents import INJURED, SEVERITIES

Records = list[dict[str, Any]]


def records(source: str, n: int, seed: int = 1, **options: Any) -> Records:
    return list(generate(source, n, np.random.default_rng(seed), **options))


@pytest.fixture(scope="module")
def accidents() -> Records:
    return records("accidents", 30_000, per_day=80)


@pytest.fixture(scope="module")
def reviews() -> Records:
    return records("reviews", 5_000)


@pytest.mark.parametrize("name", GENERATED)
def test_every_record_is_one_of_its_source_in_the_order_of_time(name: str) -> None:
    source = load_source(name)
    codec = Codec(source)
    times = []
    for record in records(name, 2_000):
        assert set(record) == set(source.fields)
        times.append(codec.event_time(codec.decode(msgspec.json.encode(record))).utc_ms)
    assert times == sorted(times)


@pytest.mark.parametrize("name", GENERATED)
def test_a_seed_gives_the_same_records_and_fewer_are_the_beginning_of_more(name: str) -> None:
    assert records(name, 300) == list(islice(generate(name, 5_000, np.random.default_rng(1)), 300))
    assert records(name, 300, seed=2) != records(name, 300)


def test_the_start_and_the_rate_are_as_asked(accidents: Records) -> None:
    days = Counter(record["crash_date"][:10] for record in accidents)
    assert next(iter(days)) == "01/01/2024"
    assert np.mean(list(days.values())) == pytest.approx(80, rel=0.05)
    assert records("accidents", 1, start=date(2019, 5, 1))[0]["crash_date"][:10] == "05/01/2019"


def test_the_injured_add_up_and_the_severity_is_that_of_the_worst(accidents: Records) -> None:
    for record in accidents:
        counts = [record[part] for part in INJURED]
        assert record["injuries_total"] == sum(counts)
        worst = next((i for i, count in enumerate(counts) if count), len(INJURED))
        assert record["most_severe_injury"] == SEVERITIES[worst]


def test_hour_weekday_and_month_are_those_of_the_date(accidents: Records) -> None:
    for record in accidents:
        when = datetime.strptime(f"{record['crash_date']} Z", "%m/%d/%Y %I:%M:%S %p %z")
        reported = (record["crash_hour"], record["crash_day_of_week"], record["crash_month"])
        assert reported == (when.hour, when.isoweekday() % 7 + 1, when.month)


def test_no_accident_falls_into_the_hour_that_daylight_saving_skips() -> None:
    skipped = [
        record
        for record in records("accidents", 40_000, start=date(2024, 3, 9), per_day=20_000)
        if record["crash_date"].startswith("03/10/2024 02:") and record["crash_date"].endswith("AM")
    ]
    assert skipped == []


def test_accidents_have_the_cardinalities_of_the_public_record() -> None:
    sample = records("accidents", 60_000, seed=3)
    cardinalities = {
        name: len({record[name] for record in sample})
        for name in ("traffic_control_device", "weather_condition", "lighting_condition",
                     "first_crash_type", "trafficway_type", "prim_contributory_cause")
    }  # fmt: skip
    most = {
        "traffic_control_device": 19,
        "weather_condition": 11,
        "lighting_condition": 6,
        "first_crash_type": 18,
        "trafficway_type": 20,
        "prim_contributory_cause": 40,
    }
    assert all(most[name] - 3 <= found <= most[name] for name, found in cardinalities.items())


def share(sample: Records, of: dict[str, Any], where: dict[str, Any]) -> float:
    chosen = [r for r in sample if all(r[name] == value for name, value in where.items())]
    return sum(all(r[name] == value for name, value in of.items()) for r in chosen) / len(chosen)


@pytest.mark.parametrize(
    ("of", "where", "low", "high"),
    [
        ({"weather_condition": "CLEAR"}, {}, 0.76, 0.81),
        ({"roadway_surface_cond": "WET"}, {"weather_condition": "RAIN"}, 0.85, 1),
        ({"roadway_surface_cond": "WET"}, {"weather_condition": "CLEAR"}, 0, 0.08),
        ({"weather_condition": "SNOW"}, {"crash_month": 1}, 0.06, 0.3),
        ({"weather_condition": "SNOW"}, {"crash_month": 7}, 0, 0.001),
        ({"lighting_condition": "DAYLIGHT"}, {"crash_hour": 12}, 0.95, 1),
        ({"lighting_condition": "DAYLIGHT"}, {"crash_hour": 2}, 0, 0.03),
        ({"num_units": 1}, {"first_crash_type": "FIXED OBJECT"}, 0.3, 1),
        ({"num_units": 1}, {"first_crash_type": "REAR END"}, 0, 0.01),
        (
            {"prim_contributory_cause": "FOLLOWING TOO CLOSELY"},
            {"first_crash_type": "REAR END"},
            0.3, 0.6,
        ),
        ({"most_severe_injury": SEVERITIES[-1]}, {"crash_type": "NO INJURY / DRIVE AWAY"}, 0.99, 1),
    ],
)  # fmt: skip
def test_accidents_depend_on_each_other_as_in_the_public_record(
    accidents: Records, of: dict[str, Any], where: dict[str, Any], low: float, high: float
) -> None:
    assert low <= share(accidents, of, where) <= high


def test_rush_hours_have_more_accidents_than_the_night(accidents: Records) -> None:
    hours = Counter(record["crash_hour"] for record in accidents)
    assert hours[17] > 5 * hours[3]


def test_ratings_and_the_words_of_the_text_agree(reviews: Records) -> None:
    pleased = [r["rating"] for r in reviews if "Highly recommended" in r["text"]]
    angry = [r["rating"] for r in reviews if "want my money back" in r["text"]]
    assert np.mean(pleased) > 4.5
    assert np.mean(angry) < 2.5


def test_reviews_have_the_shape_of_public_ones(reviews: Records) -> None:
    words = np.array([len(r["text"].split()) for r in reviews])
    votes = np.array([r["helpful_vote"] for r in reviews])
    assert 14 <= np.median(words) <= 26
    assert words.max() > 15 * np.median(words)
    assert np.mean(votes == 0) == pytest.approx(0.79, abs=0.04)
    assert votes.max() > 50
    assert np.mean([r["rating"] == 5 for r in reviews]) == pytest.approx(0.57, abs=0.03)
    assert np.mean([r["verified_purchase"] for r in reviews]) == pytest.approx(0.9, abs=0.03)
    exact = Counter(msgspec.json.encode(r) for r in reviews)
    assert 1 - len(exact) / len(reviews) == pytest.approx(0.055, abs=0.02)


def test_sources_that_cannot_be_generated_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match="accidents and reviews, got 'trial'"):
        records("trial", 1)


def test_records_beyond_the_accepted_years_are_refused_with_advice() -> None:
    with pytest.raises(UsageError, match="ask for more a day"):
        records("accidents", 5_000_000)
    with pytest.raises(UsageError, match="records a day must lie in"):
        records("accidents", 1, per_day=0)
