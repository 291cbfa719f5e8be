"""Records become the same numbers in the generated row function and in plain dictionaries."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.features import ColumnPlan, Encoder, plan_columns
from streamscore.sources import Codec, Field, Source, builtin_names, load_source
from streamscore.sources.source import EventTime, FieldType, Role
from streamscore.synthetic import generate
from tests.naive.encoder import Values, naive_encode, naive_fit
from tests.random_sources import all_encoded, encoded, histories, sources

PLANS = st.builds(ColumnPlan, cycles=st.booleans(), text_dimensions=st.integers(0, 5))
AT = 1_700_000_000_000


def fitted(source: Source, history: Sequence[Values], plan: ColumnPlan) -> Encoder:
    codec = Codec(source)
    return Encoder.fit(codec, [codec.decode(value) for value in all_encoded(history)], plan)


def encode(source: Source, encoder: Encoder, records: Sequence[Values]) -> NDArray[np.float64]:
    codec = Codec(source)
    decoded = [codec.decode(value) for value in all_encoded(records)]
    times = [codec.event_time(record) for record in decoded]
    utc_ms, local_ms = (
        np.array([getattr(time, clock) for time in times], np.int64)
        for clock in ("utc_ms", "local_ms")
    )
    return encoder.encode(decoded, utc_ms, local_ms)


def one_field(role: Role, kind: FieldType, *, required: bool = True) -> Source:
    return Source(
        name="trial",
        event_time=EventTime(field="at", format="epoch_milliseconds", cycles=()),
        fields={
            "at": Field(type="integer", role="time"),
            "x": Field(type=kind, role=role, required=required),
        },
    )


def column(source: Source, history: Sequence[Any], values: Sequence[Any]) -> list[float]:
    """What the field x of some records becomes, with the encoder fit on others."""
    encoder = fitted(source, [{"at": AT, "x": x} for x in history], ColumnPlan(text_dimensions=0))
    matrix = encode(source, encoder, [{"at": AT, "x": x} for x in values])
    numbers: list[float] = matrix[:, 0].tolist()
    return numbers


@settings(max_examples=60)
@given(st.data(), PLANS)
def test_the_generated_encoder_equals_the_naive_one_for_any_source(
    data: st.DataObject, plan: ColumnPlan
) -> None:
    source = data.draw(sources())
    encoder = fitted(source, data.draw(histories(source)), plan)
    records = data.draw(histories(source))
    codec = Codec(source)
    expected = [
        naive_encode(source, encoder.learned, record, codec.event_time(decoded).local_ms)
        for record in records
        for decoded in [codec.decode(encoded(record))]
    ]
    matrix = encode(source, encoder, records)
    assert matrix.shape == (len(records), len(encoder.columns))
    np.testing.assert_allclose(matrix, np.reshape(expected, matrix.shape), rtol=1e-12, atol=1e-15)
    scalars = [i for i, c in enumerate(encoder.columns) if c.kind in ("code", "number", "flag")]
    np.testing.assert_array_equal(
        matrix[:, scalars], np.reshape(expected, matrix.shape)[:, scalars]
    )


@pytest.mark.parametrize("name", builtin_names())
def test_the_generated_encoder_equals_the_naive_one_for_the_built_in_sources(name: str) -> None:
    source = load_source(name)
    rows = list(generate(name, 300, np.random.default_rng(3)))
    encoder = fitted(source, rows[:200], ColumnPlan(text_dimensions=16))
    codec = Codec(source)
    local_ms = [codec.event_time(codec.decode(encoded(r))).local_ms for r in rows[200:]]
    expected = [
        naive_encode(source, encoder.learned, record, at)
        for record, at in zip(rows[200:], local_ms, strict=True)
    ]
    matrix = encode(source, encoder, rows[200:])
    np.testing.assert_allclose(matrix, expected, rtol=1e-12, atol=1e-15)


@settings(max_examples=25)
@given(st.data())
def test_vocabularies_are_those_of_a_count(data: st.DataObject) -> None:
    source = data.draw(sources())
    history = data.draw(histories(source))
    plan = ColumnPlan()
    assert fitted(source, history, plan).learned.vocabularies == (
        naive_fit(source, history, plan).vocabularies
    )


@given(st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=30))
@example([3.0, 3.0, 3.0, 3.0, 5.0])
@example([7.0])
@example([None])
def test_numbers_are_scaled_by_median_and_interquartile_range(history: list[float | None]) -> None:
    source = one_field("number", "float", required=False)
    rows = [{"at": AT, "x": x} for x in history]
    learned = fitted(source, rows, ColumnPlan()).learned
    naive = naive_fit(source, rows, ColumnPlan())
    assert math.isclose(learned.centers["x"], naive.centers["x"], rel_tol=1e-12, abs_tol=1e-12)
    assert math.isclose(1 / learned.scales["x"], 1 / naive.scales["x"], rel_tol=1e-9, abs_tol=1e-9)


@given(
    st.lists(st.none() | st.floats(-1e300, 1e300), min_size=1, max_size=8),
    st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=8),
)
@example([0.0, 5e-324], [1.0])
@example([0.0] * 5 + [1e300, -1e300], [1e300])
@example([1e-320] * 4 + [0.0], [0.0])
def test_an_encoded_number_always_fits_into_float32(
    history: list[float | None], values: list[float]
) -> None:
    encoded = column(one_field("number", "float", required=False), history, values)
    assert all(abs(number) <= 1e30 for number in encoded)


def test_order_of_the_history_does_not_matter() -> None:
    source = one_field("category", "string")
    rows = [{"at": AT, "x": x} for x in "bbaacd"]
    plan = ColumnPlan()
    assert fitted(source, rows, plan).learned == fitted(source, rows[::-1], plan).learned


def test_unseen_and_missing_categories_have_codes_of_their_own() -> None:
    source = one_field("category", "string", required=False)
    assert column(source, ["a", "a", "b"], ["a", "b", "never seen", None]) == [0, 1, 2, 3]


def test_a_category_of_more_than_4096_values_keeps_the_most_frequent() -> None:
    source = one_field("category", "integer")
    history = [*range(5000), *range(904, 5000)]
    assert column(source, history, [904, 4999, 0, 903]) == [0, 4095, 4096, 4096]


def test_flags_are_zero_or_one_and_a_missing_one_is_missing() -> None:
    source = one_field("flag", "boolean", required=False)
    false, true, missing = column(source, [True], [False, True, None])
    assert (false, true) == (0.0, 1.0)
    assert math.isnan(missing)


def test_no_records_make_an_empty_matrix() -> None:
    source = load_source("reviews")
    rows = list(generate("reviews", 3, np.random.default_rng(1)))
    encoder = fitted(source, rows, ColumnPlan())
    assert encode(source, encoder, []).shape == (0, len(encoder.columns))


@settings(max_examples=25)
@given(st.data())
def test_a_record_is_encoded_the_same_alone_and_among_others(data: st.DataObject) -> None:
    source = data.draw(sources())
    history = data.draw(histories(source))
    encoder = fitted(source, history, ColumnPlan())
    alone = [encode(source, encoder, [record]) for record in history]
    np.testing.assert_array_equal(np.vstack(alone), encode(source, encoder, history))


@pytest.mark.parametrize("name", builtin_names())
def test_column_names_are_unique_and_belong_to_fields(name: str) -> None:
    source = load_source(name)
    columns = plan_columns(source, ColumnPlan())
    assert len({c.name for c in columns}) == len(columns)
    assert {c.field for c in columns} <= set(source.fields)


def test_a_plan_may_leave_cycles_and_text_out() -> None:
    plan = ColumnPlan(cycles=False, text_dimensions=0)
    kinds = {c.kind for c in plan_columns(load_source("reviews"), plan)}
    assert kinds == {"number", "flag", "text_statistic"}
