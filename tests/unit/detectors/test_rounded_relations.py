"""What holds up to rounding is found in spite of dirt, and nothing is where nothing holds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors.invariant_equations import Equation, Product, Sum, apart
from streamscore.detectors.invariant_evidence import evidence_of
from streamscore.detectors.invariant_products import mine_triples
from streamscore.detectors.invariant_rounding import writing_of
from streamscore.detectors.invariants import Invariants
from tests.naive.invariants import naive_decimals, naive_triples
from tests.related_numbers import (
    ROWS,
    Numbers,
    Rng,
    columns,
    equations,
    fit,
    kinds,
    orders,
    prices,
    quantities,
    relations,
)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 3),
    st.integers(0, 3),
    st.floats(0.0, 0.01),
    st.floats(0.0, 0.4),
    st.booleans(),
)
def test_a_planted_product_is_found_and_what_breaks_it_scores_above_all_else(
    seed: int, decimals: int, of_whole: int, dirty: float, missing: float, is_cut_off: bool
) -> None:
    rng = np.random.default_rng(seed)
    first, second = quantities(rng) * 0.5, prices(rng, decimals=decimals)
    whole = first * second
    unit = 10.0**-of_whole
    whole = np.floor(whole / unit + 1e-9) * unit if is_cut_off else whole.round(of_whole)
    matrix = np.column_stack(
        [whole.round(of_whole), prices(rng), first, rng.poisson(2.0, ROWS), second]
    )
    spoiled = rng.random(ROWS) < dirty
    wrong = (matrix[:, 0] * rng.uniform(1.2, 4.0, ROWS) + 5.0 * unit).round(of_whole)
    matrix[spoiled, 0] = wrong[spoiled]
    matrix[rng.random(matrix.shape) < missing] = np.nan
    found = Invariants.fit(matrix, columns(dict.fromkeys("abcde", first)), seed)
    assert relations(found).products.tolist() == [[0, 2, 4]]
    assert not len(relations(found).constants)
    is_judged = np.isfinite(matrix[:, [0, 2, 4]]).all(axis=1)
    scores = found.fold(matrix, {})[:, 0]
    assert (scores[spoiled & is_judged] > scores[~(spoiled & is_judged)].max()).all()


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 1000),
    st.lists(
        st.sampled_from([0.0, 1e-300, -1e-200, 1e30, -1e99, 1e200, np.inf, -np.inf, np.nan]),
        max_size=12,
    ),
)
def test_numbers_beyond_all_bounds_in_the_history_change_nothing(
    seed: int, odd: list[float]
) -> None:
    rng = np.random.default_rng(seed)
    table = orders(rng)
    for value in odd:
        table[str(rng.choice(list(table)))][rng.integers(ROWS)] = value
    table["share"] = (0.19 * table["unit_price"]).round(2)
    assert set(equations(table)) == {
        "total = 1 quantity unit_price",
        "-0.19 unit_price + 1 share = 0",
    }


INDEPENDENT: tuple[Callable[[Rng, int], NDArray[Any]], ...] = (
    lambda rng, rows: rng.poisson(rng.uniform(0.01, 5.0), rows),
    lambda rng, rows: rng.integers(0, rng.integers(2, 200), rows),
    lambda rng, rows: rng.gamma(2.0, rng.uniform(0.1, 50.0), rows).round(2),
    lambda rng, rows: rng.normal(rng.uniform(-50.0, 50.0), rng.uniform(0.05, 10.0), rows).round(1),
    lambda rng, rows: rng.normal(0.0, 1.0, rows),
    lambda rng, rows: rng.random(rows).round(rng.integers(1, 4)),
    lambda rng, rows: (20.0 + np.cumsum(rng.normal(0.0, 0.05, rows))).round(1),
    lambda rng, rows: (rng.random(rows) < 0.02) * rng.integers(1, 9, rows),
    lambda rng, rows: np.exp(rng.normal(0.0, 0.01, rows)).round(2),
    lambda rng, rows: np.full(rows, rng.integers(0, 3)),
)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(st.sampled_from(INDEPENDENT), min_size=3, max_size=12),
    st.sampled_from([40, 300, 3000]),
    st.sampled_from([0.0, 0.5]),
)
def test_nothing_is_found_in_columns_that_have_nothing_to_do_with_each_other(
    seed: int, made: list[Callable[[Rng, int], NDArray[Any]]], rows: int, missing: float
) -> None:
    rng = np.random.default_rng(seed)
    table = {f"x{i}": make(rng, rows).astype(float) for i, make in enumerate(made)}
    for values in table.values():
        values[rng.random(rows) < missing] = np.nan
    assert equations(table) == []


def test_a_product_is_found_among_many_columns_that_look_like_one_by_chance() -> None:
    rng = np.random.default_rng(12)
    made = [INDEPENDENT[i % len(INDEPENDENT)](rng, 3000).astype(float) for i in range(57)]
    table = {f"x{i}": values for i, values in enumerate(made)} | orders(rng, 3000)
    assert equations(table) == ["total = 1 quantity unit_price"]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.booleans(), min_size=3, max_size=3))
def test_all_triples_are_found_that_going_through_them_one_by_one_finds(
    seed: int, is_sum: list[bool]
) -> None:
    rng = np.random.default_rng(seed)
    made = [quantities(rng, 300) + 1.0, *(prices(rng, 300) for _ in range(3))]
    for one in is_sum:
        x, y = rng.choice(len(made), 2, replace=False)
        made.append((made[x] + made[y] if one else made[x] * made[y]).round(2))
    table = np.column_stack(made)
    writing, evidence = writing_of(table), evidence_of(table, rng)
    found = mine_triples(table, writing, evidence, np.arange(table.shape[1]), rng)
    exact = {
        (*one.columns, "sum" if isinstance(one, Sum) else "product")
        for one in found
        if sum(one.tolerance[:-1]) < 1.5 * writing.halves[one.columns[0]]
    }
    # What follows from others that were rounded allows for their rounding, and is not exact.
    assert exact == naive_triples(table, writing.decimals.tolist())


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(1, 400))
def test_decimals_are_those_that_a_column_is_written_with(
    seed: int, decimals: int, rows: int
) -> None:
    values = np.random.default_rng(seed).gamma(2.0, 1000.0, rows).round(decimals)
    texts = [f"{value:.{decimals}f}" for value in values]
    assert writing_of(values[:, None]).decimals.tolist() == [naive_decimals(texts)]


def test_numbers_that_come_out_of_a_computation_have_no_decimals() -> None:
    values = np.random.default_rng(1).gamma(2.0, 1000.0, (500, 2))
    values[:, 1] = values[:, 1].astype(np.float32)
    writing = writing_of(np.column_stack([values, np.full(500, np.nan)]))
    assert writing.decimals.tolist() == [-1, -1, -1]
    assert writing.shares.tolist() == [0.0, 2.0**-24, 0.0]


@pytest.mark.parametrize("kind", list(kinds(np.random.default_rng(1))))
@pytest.mark.parametrize("dirty", [0.0, 0.01])
def test_relations_that_orders_and_measurements_keep_are_found(kind: str, dirty: float) -> None:
    rng = np.random.default_rng(2)
    table, expected = kinds(rng)[kind]
    whole = next(iter(table.values()))
    spoiled = rng.random(ROWS) < dirty
    whole[spoiled] = (whole[spoiled] * 2.0 + 7.0).round(2)
    assert equations(table) == expected
    scores = fit(table).fold(np.column_stack(list(table.values())), {})[:, 0]
    assert (scores > 0.0).tolist() == spoiled.tolist()


def nothing_said(rng: Rng) -> dict[str, dict[str, Numbers]]:
    a, b = prices(rng), prices(rng)
    flag, other = (rng.random((2, ROWS)) < 0.5).astype(float)
    seldom = np.where(rng.random(ROWS) < 0.01, a, 0.0)
    return {
        "zeros": {"c": np.zeros(ROWS), "a": seldom, "b": np.where(seldom > 0.0, 0.0, b)},
        "zeros and ones": {"c": flag * other, "a": flag, "b": other},
        "codes": {"c": 6.0 * flag * other, "a": 2.0 * flag, "b": 3.0 * other},
        "one that is too small to show": {"c": a, "a": a + 0.0, "b": (b * 1e-5).round(4)},
        "a tolerance as wide as the numbers": {
            "c": rng.integers(0, 2, ROWS) * 1.0,
            "a": rng.random(ROWS).round(1),
            "b": rng.random(ROWS).round(1),
        },
        "rates that differ": {"t": (a * rng.choice([0.07, 0.19], ROWS)).round(2), "a": a},
    }


@pytest.mark.parametrize("kind", list(nothing_said(np.random.default_rng(1))))
def test_what_says_nothing_is_not_learned(kind: str) -> None:
    table = nothing_said(np.random.default_rng(2))[kind]
    equal = ["1 c + -1 a = 0"] if kind == "one that is too small to show" else []
    assert equations(table) == equal


def test_an_equality_that_fails_wherever_a_quantity_is_not_one_gives_way_to_the_product() -> None:
    rng = np.random.default_rng(3)
    quantity = np.where(rng.random(6000) < 0.985, 1.0, rng.integers(2, 9, 6000))
    price = prices(rng, 6000)
    table = {"quantity": quantity, "price": price, "total": (quantity * price).round(2)}
    assert equations(table) == ["total = 1 quantity price"]


def test_what_follows_from_other_equations_is_left_out() -> None:
    rng = np.random.default_rng(4)
    table = orders(rng)
    table["paid"] = table["total"]
    table["in_euros"] = (table["total"] * 0.9217).round(2)
    table["tax"] = (table["total"] * 0.2).round(2)
    table["gross"] = (table["total"] + table["tax"]).round(2)
    assert set(equations(table)) == {
        "1 total + -1 paid = 0",
        "-0.9217 total + 1 in_euros = 0",
        "-0.2 total + 1 tax = 0",
        "-1.2 total + 1 gross = 0",
        "total = 1 quantity unit_price",
    }
    table["rate"] = rng.choice([7.0, 19.0], ROWS)
    table["tax"] = (table["total"] * table["rate"] / 100).round(2)
    table["gross"] = (table["total"] + table["tax"]).round(2)
    assert set(equations(table)) == {
        "1 total + -1 paid = 0",
        "-0.9217 total + 1 in_euros = 0",
        "1 total + 1 tax + -1 gross = 0",
        "total = 1 quantity unit_price",
        "tax = 0.01 total rate",
    }


def test_of_equations_alike_the_one_that_history_breaks_least_is_kept() -> None:
    matrix = prices(np.random.default_rng(5), 300).reshape(100, 3)
    matrix[:, 2] = matrix[:, 0] * matrix[:, 1]
    worse, better = (
        Product((2, 0, 1), factor, (0.5, 0.0, 0.0, 0.0), broken, 100)
        for factor, broken in ((1.0, 2), (1.0, 1))
    )
    found: list[Equation] = apart([], [worse, better], matrix)
    assert found == [better]
