"""Anomalies are put into records, and say what they are."""

from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pytest

from streamscore.sources import Codec, Source, load_source
from streamscore.sources.source import EventTime, Field
from streamscore.synthetic import Injection, Injector, generate, kinds_of
from streamscore.synthetic.accident_anomalies import CATEGORIES
from streamscore.synthetic.accidents import INJURED
from streamscore.synthetic.kinds import Pool

CUSTOM = Source(
    name="machines",
    event_time=EventTime(field="at", format="epoch_seconds"),
    fields={
        "at": Field(type="integer", role="time"),
        "state": Field(type="string", role="category", missing=("?",)),
        "mode": Field(type="string", role="category", max_length=2),
        "hot": Field(type="boolean", role="flag"),
        "load": Field(type="float", role="number", min=0, max=500),
        "count": Field(type="integer", role="number", min=0),
        "note": Field(type="string", role="text", required=False),
    },
)


def machines(n: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {
            "at": 1_700_000_000 + i,
            "state": ["on", "off"][rng.integers(2)],
            "mode": ["a", "b", "c"][rng.integers(3)],
            "hot": bool(rng.integers(2)),
            "load": float(rng.random()),
            "count": int(rng.integers(9)),
            **({"note": "all is well"} if i % 2 else {}),
        }
        for i in range(n)
    ]


def originals(source: Source, n: int) -> list[dict[str, Any]]:
    if source is CUSTOM:
        return machines(n)
    return list(generate(source.name, n, np.random.default_rng(4)))


SOURCES = [load_source("accidents"), load_source("reviews"), CUSTOM]


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
def test_every_kind_occurs_and_leaves_a_record_that_its_source_accepts(source: Source) -> None:
    codec = Codec(source)
    injector = Injector(source, np.random.default_rng(0))
    found: Counter[str | None] = Counter()
    for record in originals(source, 1500):
        before = msgspec.json.encode(record)
        changed, kind, fields = injector.inject(record)
        found[kind] += 1
        assert set(fields) >= {n for n in changed | record if changed.get(n) != record.get(n)}
        assert kind == "combo" or all(changed.get(n) != record.get(n) for n in fields)
        assert msgspec.json.encode(record) == before
        assert (changed == record) == (kind is None)
        codec.event_time(codec.decode(msgspec.json.encode(changed)))
    assert set(kinds_of(source)) == {kind for kind in found if kind is not None}


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
def test_the_same_seed_gives_the_same_anomalies(source: Source) -> None:
    def injected(seed: int) -> list[Any]:
        injector = Injector(source, np.random.default_rng(seed))
        return [injector.inject(record) for record in originals(source, 50)]

    assert injected(1) == injected(1)
    assert injected(1) != injected(2)


def changed_by(kind: str, source: str = "accidents") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    changes = kinds_of(load_source(source))[kind]
    rng = np.random.default_rng(9)
    records = list(generate(source, 300, np.random.default_rng(4)))
    pool = Pool(records)
    pairs = []
    for place, record in enumerate(records):
        changed = dict(record)
        if changes[place % len(changes)](changed, rng, pool):
            pairs.append((record, changed))
    assert pairs
    return pairs


def test_sum_breaks_the_sum_of_the_injured() -> None:
    for _, changed in changed_by("sum"):
        assert changed["injuries_total"] != sum(changed[part] for part in INJURED)
        assert changed["injuries_total"] >= 0


def test_time_changes_one_reported_part_of_the_date() -> None:
    for record, changed in changed_by("time"):
        assert sum(record[name] != changed[name] for name in record) == 1
        assert record["crash_date"] == changed["crash_date"]


def test_an_extreme_count_of_injured_stays_consistent() -> None:
    for _, changed in changed_by("extreme"):
        assert changed["injuries_total"] == sum(changed[part] for part in INJURED)
        assert (
            changed["num_units"] >= 12
            or changed["injuries_no_indication"] >= 50
            or changed["injuries_reported_not_evident"] >= 22
        )


@pytest.mark.parametrize(("kind", "columns"), [("swap_1", 1), ("swap_2", 2), ("swap_3", 3)])
def test_a_swap_changes_that_many_categories(kind: str, columns: int) -> None:
    for record, changed in changed_by(kind):
        assert sum(record[name] != changed[name] for name in record) == columns


def test_a_shuffle_draws_twelve_categories_and_nothing_else() -> None:
    moved = [{name for name in r if r[name] != c[name]} for r, c in changed_by("shuffle")]
    assert set.union(*moved) == set(CATEGORIES)
    assert len(set(map(len, moved))) > 1


def test_a_combination_breaks_no_more_than_what_it_says() -> None:
    calendar = {"crash_date", "crash_hour", "crash_day_of_week", "crash_month"}
    for record, changed in changed_by("combo"):
        moved = {name for name in record if record[name] != changed[name]}
        assert moved
        assert not moved & (calendar | {"most_severe_injury", *INJURED})


@pytest.mark.parametrize(("kind", "before", "after"), [("rating_up", 1, 5), ("rating_down", 5, 1)])
def test_ratings_are_turned_around_and_nothing_else(kind: str, before: int, after: int) -> None:
    for record, changed in changed_by(kind, "reviews"):
        assert record["rating"] == before
        assert changed == record | {"rating": after}
        assert record["text"]


def test_a_record_that_no_kind_fits_stays_as_it_is() -> None:
    source = Source(
        name="bare",
        event_time=EventTime(field="at", format="epoch_seconds"),
        fields={"at": Field(type="integer", role="time")},
    )
    injector = Injector(source, np.random.default_rng(0))
    assert injector.inject({"at": 5}) == Injection({"at": 5}, None, ())
