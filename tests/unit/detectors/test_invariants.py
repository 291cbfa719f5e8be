"""What always held is found, in spite of dirt, and told as an equation where it is broken."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors.invariant_mining import mine_relations, null_space, small_integers
from streamscore.detectors.invariants import Invariants
from streamscore.detectors.reasons import Reason, Terms, Wording
from streamscore.errors import BundleError
from streamscore.features import Column, Encoder
from streamscore.sources import Codec, load_source
from streamscore.synthetic import generate

COLUMNS = (
    *(Column(name=name, field=name, kind="number") for name in ("total", "men", "women", "day")),
    Column(name="at.weekday", field="at", kind="calendar"),
    Column(name="month", field="month", kind="number"),
    Column(name="at.month", field="at", kind="calendar"),
)


def history(rows: int, dirty: float = 0.0, seed: int = 1) -> NDArray[np.float64]:
    """A total of two counts; a weekday from 1, Sunday; a month that repeats the time's."""
    rng = np.random.default_rng(seed)
    men, women = rng.poisson(1.0, rows), rng.poisson(0.02, rows)
    weekday, month = rng.integers(0, 7, rows), rng.integers(1, 13, rows)
    day = (weekday + 1) % 7 + 1
    made = np.column_stack([men + women, men, women, day, weekday, month, month]).astype(float)
    spoiled = rng.random(rows) < dirty
    made[spoiled, rng.integers(0, 7, int(spoiled.sum()))] += 1
    return made


def reasons(found: Invariants, row: list[float]) -> list[Reason]:
    seen = dict(zip(("total", "men", "women", "day", "at", "month"), row, strict=False))
    wording = Wording(Terms(COLUMNS, lambda field, code: code), seen.__getitem__)
    return found.reasons(np.array([row]), 0, np.ones(1), [wording])[0]


@pytest.fixture(scope="module")
def invariants() -> Invariants:
    return Invariants.fit(history(2000), COLUMNS, 1)


@pytest.mark.parametrize("dirty", [0.0, 0.01])
def test_sums_equalities_and_translations_are_found(dirty: float) -> None:
    found = Invariants.fit(history(4000, dirty), COLUMNS, 1)
    assert found.parameters() == {"sums": 2, "products": 0, "translations": 1}
    clean = history(500, seed=2)
    assert not found.fold(clean, {}).any()
    for column in (0, 1, 3, 4, 5, 6):
        spoiled = clean.copy()
        spoiled[:, column] = np.where(spoiled[:, column] == 2, 3, 2)
        assert (found.fold(spoiled, {}) > 0.0).all()


def test_records_of_accidents_have_sums_and_copies_and_no_products() -> None:
    codec = Codec(load_source("accidents"))
    made = generate("accidents", 1500, np.random.default_rng(1))
    batch = codec.read([msgspec.json.encode(record) for record in made])
    encoder = Encoder.fit(codec, batch.records, Invariants.plan)
    matrix = encoder.encode(batch.records, batch.utc_ms, batch.local_ms)
    found = Invariants.fit(matrix, encoder.columns, 1)
    assert found.parameters() == {"sums": 2, "products": 0, "translations": 1}
    assert not found.fold(matrix, {}).any()


def test_a_relation_that_dirt_breaks_now_and_then_counts_for_less() -> None:
    broken = np.array([[3.0, 1, 0, 1, 6, 1, 1]])
    clean, dirty = (
        Invariants.fit(history(4000, share), COLUMNS, 1).fold(broken, {}) for share in (0.0, 0.02)
    )
    assert clean[0, 0] > dirty[0, 0] > 2.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.sampled_from([-2, -1, 1, 2]), min_size=2, max_size=4))
def test_a_relation_with_small_coefficients_is_mined(seed: int, factors: list[int]) -> None:
    rng = np.random.default_rng(seed)
    parts = rng.integers(0, 20, (300, len(factors)))
    other = rng.integers(0, 20, 300)
    total = parts @ np.array(factors) + 5
    found = mine_relations(np.column_stack([total, other, parts]), seed)
    assert len(found) == 1
    expected = {0: 1} | {2 + i: -factor for i, factor in enumerate(factors)}
    assert dict(zip(found[0].columns, found[0].coefficients, strict=True)) == expected
    assert (found[0].constant, found[0].broken) == (5, 0)


def test_columns_that_have_nothing_to_do_with_each_other_have_no_relation() -> None:
    rng = np.random.default_rng(3)
    rare = (rng.random(2000) < 0.005).astype(np.int64)
    values = np.column_stack([rng.poisson(2.0, (2000, 3)), rare, np.ones(2000, np.int64)])
    assert mine_relations(values, 1) == []


def test_a_null_space_is_exact() -> None:
    rows = np.array([[3, 1, 2], [7, 3, 4], [9, 9, 0]])
    (vector,) = null_space(rows)
    assert small_integers(vector) == (1, -1, -1)


def test_a_broken_sum_is_told_as_its_equation(invariants: Invariants) -> None:
    whole, *parts = reasons(invariants, [5, 2, 1, 1, 6, 1, 1])
    assert (whole.fields, whole.parents) == (("total",), ("men", "women"))
    assert whole.words == "total 5, but its parts sum to 3"
    assert [one.fields for one in parts] == [("men",), ("women",)]
    assert whole.share > 0.5
    assert sum(one.share for one in (whole, *parts)) == pytest.approx(1.0)


def test_a_part_that_was_never_seen_is_to_blame_more_than_the_total(invariants: Invariants) -> None:
    found = reasons(invariants, [1, 90, 0, 1, 6, 1, 1])
    assert max(found, key=lambda one: one.share).fields == ("men",)


def test_fields_that_say_the_same_are_named_together(invariants: Invariants) -> None:
    (month,) = reasons(invariants, [3, 2, 1, 1, 6, 4, 7])
    assert (set(month.fields), month.words) == ({"month", "at"}, "month 4, but at (month) 7")
    (day,) = reasons(invariants, [3, 2, 1, 3, 6, 1, 1])
    assert set(day.fields) == {"day", "at"}


def test_a_missing_value_breaks_nothing(invariants: Invariants) -> None:
    row = np.array([[5.0, np.nan, 1, 1, np.nan, np.nan, 3]])
    assert invariants.fold(row, {}).tolist() == [[0.0]]


def test_relations_between_columns_that_there_are_not_are_refused(invariants: Invariants) -> None:
    for name, value in (("pairs", np.array([[3, 99]])), ("translated", np.zeros(2, np.int16))):
        with pytest.raises(BundleError, match="columns that there are"):
            Invariants.restore(invariants.arrays() | {name: value}, {})
