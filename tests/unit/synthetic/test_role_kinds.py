"""Kinds of anomaly follow from the roles of fields and from what a history shows."""

from typing import Any

import msgspec
import numpy as np
import pytest

from streamscore.sources import Codec, Source, load_source
from streamscore.sources.source import EventTime, Field
from streamscore.synthetic import generate
from streamscore.synthetic.kinds import Pool
from streamscore.synthetic.relations import copied_fields, products_held, sums_held
from streamscore.synthetic.role_anomalies import role_kinds
from streamscore.synthetic.text_anomalies import texts_of

NUMBER = Field(type="integer", role="number", min=0)
SHOP = Source(
    name="shop",
    event_time=EventTime(field="at", format="epoch_seconds", repeats={"hour": "hour"}),
    fields={
        "at": Field(type="integer", role="time"),
        "state": Field(type="string", role="category", missing=("?",)),
        "mode": Field(type="string", role="category"),
        "goods": NUMBER,
        "freight": NUMBER,
        "total": NUMBER,
        "charged": NUMBER,
        "pieces": NUMBER,
        "grams": NUMBER,
        "weight": Field(type="float", role="number"),
        "stars": NUMBER,
        "hour": NUMBER,
        "note": Field(type="string", role="text", max_length=90),
    },
)


def orders(n: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    records = []
    for i in range(n):
        goods, freight, pieces = (int(value) for value in rng.integers(1, 90, 3))
        grams = int(rng.integers(1, 200))
        records.append(
            {
                "at": 1_700_000_000 + 600 * i,
                "state": str(rng.choice(["new", "paid", "sent"])),
                "mode": str(rng.choice(["air", "sea"])),
                "goods": goods,
                "freight": freight,
                "total": goods + freight,
                "charged": goods + freight,
                "pieces": pieces,
                "grams": grams,
                "weight": round(pieces * grams / 100, 2),
                "stars": int(rng.integers(1, 6)),
                "hour": (1_700_000_000 + 600 * i) // 3600 % 24,
                "note": f"it came on day {rng.integers(1000)} and all was well",
            }
        )
    return records


def made(kind: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Records before and after a change of a kind."""
    records, rng = orders(200), np.random.default_rng(5)
    pool = Pool(records)
    changes = role_kinds(SHOP, records)[kind]
    pairs = []
    for place, record in enumerate(records):
        changed = dict(record)
        if changes[place % len(changes)](changed, rng, pool):
            pairs.append((record, changed))
    assert pairs
    return pairs


def moved(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_every_kind_is_there_and_leaves_a_record_that_the_source_accepts() -> None:
    codec = Codec(SHOP)
    kinds = role_kinds(SHOP, orders(200))
    expected = (
        "unseen sentinel extreme calendar sum product copy swap_number garbled shouting empty link "
        "other_text repeated_text number_against_text swap_1 swap shuffle"
    )
    assert set(kinds) == set(expected.split())
    for kind in kinds:
        for before, after in made(kind):
            assert before != after, kind
            codec.decode(msgspec.json.encode(after))


def test_a_broken_sum_and_a_broken_copy_no_longer_hold() -> None:
    for _, after in made("sum"):
        assert after["goods"] + after["freight"] != after["total"] or (
            after["charged"] != after["total"]
        )
    for _, after in made("copy"):
        assert after["charged"] != after["total"]


def test_a_broken_product_no_longer_holds() -> None:
    for before, after in made("product"):
        assert moved(before, after) == {"weight"}
        assert abs(after["weight"] - before["weight"]) > 0.09 * before["weight"]


def test_a_swapped_number_is_one_that_another_record_has() -> None:
    known = {name: {one[name] for one in orders(200)} for name in orders(1)[0]}
    for before, after in made("swap_number"):
        (name,) = moved(before, after)
        assert after[name] in known[name]


def test_a_calendar_field_is_another_hour_than_that_of_the_event_time() -> None:
    for before, after in made("calendar"):
        assert moved(before, after) == {"hour"}
        assert 0 <= after["hour"] <= 23


def test_a_number_is_turned_to_the_other_end_of_its_scale() -> None:
    for before, after in made("number_against_text"):
        assert moved(before, after) == {"stars"}
        assert {before["stars"], after["stars"]} == {1, 5}


def test_repeated_texts_are_a_few_told_again_and_again() -> None:
    assert len({after["note"] for _, after in made("repeated_text")}) == 5
    texts = {record["note"] for record in orders(200)}
    assert {after["note"] for _, after in made("other_text")} <= texts
    assert len({after["note"] for _, after in made("other_text")}) > 20


def test_texts_change_as_their_kind_says() -> None:
    for before, after in made("shouting"):
        assert after["note"] == before["note"].upper()
    assert {after["note"] for _, after in made("empty")} == {""}
    for before, after in made("link"):
        assert after["note"].startswith(before["note"])
        assert len(after["note"]) <= 90
    for before, after in made("garbled"):
        assert len(after["note"]) == len(before["note"])


def test_values_come_as_often_as_in_the_history() -> None:
    pool = Pool([{"sky": "CLEAR"}] * 90 + [{"sky": "RAIN"}] * 9 + [{"sky": "FOG"}])
    rng = np.random.default_rng(1)
    drawn = [pool.other("sky", "CLEAR", rng) for _ in range(400)]
    assert set(drawn) == {"RAIN", "FOG"}
    assert drawn.count("RAIN") > 300
    assert pool.other("absent", 1, rng) is None
    assert Pool().any("sky", rng) is None
    assert pool.scale("sky") == ["CLEAR", "FOG", "RAIN"]


def test_a_pool_without_history_remembers_the_latest_that_it_is_given() -> None:
    pool, fixed = Pool(), Pool([{"a": 1}])
    for number in range(300):
        pool.take({"a": number})
        fixed.take({"a": number})
    assert pool.scale("a") == list(range(44, 300))
    assert fixed.scale("a") == [1]


def test_sums_and_copies_are_read_from_a_history_with_some_dirt() -> None:
    records = [dict(record) for record in orders(1000)]
    fields = ["goods", "freight", "total", "stars"]
    assert sums_held(fields, records) == {"total": ["goods", "freight"]}
    for record in records[:5]:
        record["total"] += 1
    assert sums_held(fields, records) == {"total": ["goods", "freight"]}
    for record in records[:100]:
        record["total"] += 1
    assert sums_held(fields, records) == {}
    assert copied_fields(["total", "charged", "stars"], orders(50)) == ["charged"]
    assert sums_held(fields, []) == {}
    assert copied_fields(fields, [{"goods": 1e300, "freight": None}]) == []


def test_products_are_read_to_the_cent_from_a_history_with_some_dirt() -> None:
    fields = ["pieces", "grams", "weight", "goods", "total"]
    records = [dict(record) for record in orders(1000)]
    for record in records[::150]:
        record["weight"] += 1
    assert products_held(fields, records) == {"weight": ["pieces", "grams"]}
    for record in records[::20]:
        record["weight"] += 1
    assert products_held(fields, records) == {}
    assert products_held(fields, []) == {}


def test_what_is_nearly_always_zero_or_smaller_than_a_cent_is_no_product() -> None:
    rng = np.random.default_rng(1)
    rates = rng.uniform(0.0, 0.004, (500, 2)).tolist()
    records = [{"a": a, "b": b, "fee": 0.004 * (i % 300 == 0)} for i, (a, b) in enumerate(rates)]
    assert products_held(["a", "b", "fee"], records) == {}


def test_the_sum_of_the_injured_is_found_in_accidents() -> None:
    source = load_source("accidents")
    history = list(generate("accidents", 3000, np.random.default_rng(2)))
    kinds = role_kinds(source, history)
    record = dict(history[0])
    (change,) = kinds["sum"]
    assert change(record, np.random.default_rng(0), Pool(history))
    assert moved(history[0], record) == {"injuries_total"}
    assert len(kinds["calendar"]) == 3


@pytest.mark.parametrize("text", ["one", "two"])
def test_a_text_that_is_there_already_is_no_change(text: str) -> None:
    change = texts_of([text], "note")
    rng = np.random.default_rng(0)
    assert change({"note": "three"}, rng, Pool())
    assert not change({"note": text}, rng, Pool())
