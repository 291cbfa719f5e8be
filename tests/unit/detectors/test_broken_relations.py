"""Products, sums and factors that a record breaks: scored, kept in a bundle, told as equations."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors.invariants import Invariants
from streamscore.detectors.reasons import Terms, Wording
from streamscore.errors import BundleError
from tests.naive.invariants import naive_breaks
from tests.related_numbers import (
    ROWS,
    Numbers,
    columns,
    fit,
    kinds,
    orders,
    prices,
    relations,
    shop,
)


def words(found: Invariants, table: Mapping[str, Numbers], row: list[float]) -> list[str]:
    seen = dict(zip(table, row, strict=True))
    wording = Wording(Terms(columns(table), lambda field, code: code), seen.__getitem__)
    return [one.words for one in found.reasons(np.array([row]), 0, np.ones(1), [wording])[0]]


@pytest.fixture(scope="module")
def learned() -> Invariants:
    """Learned from a history of which some records break the one or the other relation."""
    rng = np.random.default_rng(6)
    table = shop(rng, 3000)
    for place, name in enumerate(("total", "tax", "gross", "in_euros")):
        table[name][rng.random(3000) < 0.002 * (place + 1)] += 3.0
    return fit(table)


ODD = st.sampled_from([0.0, 1.0, -1.0, 5.0, 1e-300, 1e30, -1e200, 1e308, np.nan, np.inf, -np.inf])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 6), ODD), max_size=4))
def test_the_kernel_breaks_what_going_through_the_relations_breaks(
    learned: Invariants, seed: int, changes: list[tuple[int, float]]
) -> None:
    row = np.column_stack(list(shop(np.random.default_rng(seed), 1).values()))[0]
    for place, value in changes:
        row[place] = value
    found = relations(learned)
    with np.errstate(all="ignore"):
        breaks = np.array(naive_breaks(row.tolist(), found), float)
    (score,) = learned.fold(row[None, :], {})[0]
    assert score == pytest.approx(float(breaks @ found.weights), rel=1e-12)
    assert np.isfinite(score)
    assert np.isfinite(learned.contributions(row[None, :])).all()


def test_a_score_is_the_same_to_the_last_bit_whatever_the_batch(learned: Invariants) -> None:
    rng = np.random.default_rng(7)
    matrix = np.column_stack(list(shop(rng, 700).values()))
    matrix[:, 1:] = np.where(rng.random((700, 6)) < 0.3, matrix[:, 1:] + 1.0, matrix[:, 1:])
    together = learned.fold(matrix, {})
    assert len(np.unique(together)) > 10
    for size in (1, 3, 129):
        parts = [learned.fold(matrix[i : i + size], {}) for i in range(0, 700, size)]
        assert np.array_equal(np.concatenate(parts), together)


def test_a_missing_value_breaks_no_product(learned: Invariants) -> None:
    row = np.column_stack(list(shop(np.random.default_rng(8), 1).values()))[0]
    for place in range(3):
        lacking = row + np.eye(7)[2]
        assert learned.fold(lacking[None, :], {})[0, 0] > 0.0
        lacking[[place, 4, 5]] = np.nan
        assert learned.fold(lacking[None, :], {})[0, 0] == 0.0


def test_a_broken_product_is_told_as_its_equation() -> None:
    table = orders(np.random.default_rng(9))
    found = fit(table)
    assert words(found, table, [3.0, 29.85, 59.7]) == [
        "total 59.70, but quantity 3 times unit_price 29.85 is 89.55",
        "quantity 3, a part of total",
        "unit_price 29.85, a part of total",
    ]
    assert words(found, table, [3.0, 29.85, 59.123])[0].startswith("total 59.123, but quantity 3 ")
    shares = found.contributions(np.array([[3.0, 29.85, 59.7]]))[0]
    assert shares.argmax() == 2


def test_factors_percentages_and_sums_of_decimals_are_told_with_their_decimals() -> None:
    rng = np.random.default_rng(10)
    for kind, row, expected in (
        ("constant factor", [4.5, 20.0], "t 4.50, but 0.19 times a 20.00 is 3.80"),
        ("equal but rounded", [4.5, 20.0], "r 4.5, but a 20.00"),
        ("sum", [24.0, 20.0, 3.8], "c 24.00, but its parts sum to 23.80"),
        (
            "percent",
            [4.5, 19.0, 20.0],
            "t 4.50, but rate 19 times a 20.00, divided by 100, is 3.80",
        ),
        (
            "sum of many",
            [9.0, 5.0, 2.0, 1.0, 3.5],
            "c 9.00 and f 1.00 are 10.00, but a 5.00 and q 2 and h 3.5 are 10.50",
        ),
    ):
        table = kinds(rng)[kind][0]
        assert words(fit(table), table, row)[0] == expected


def test_a_constant_is_told_with_the_decimals_of_the_others() -> None:
    inside = prices(np.random.default_rng(13))
    table = {"outside": (inside + 0.05).round(2), "inside": inside}
    (said,) = words(fit(table), table, [1300.0, 50.25])
    assert said == "outside 1300.00, but inside 50.25 and 0.05 are 50.30"


def test_a_bundle_of_the_first_versions_has_no_products_and_loads(learned: Invariants) -> None:
    rng = np.random.default_rng(11)
    men, women = rng.poisson(2.0, (2, ROWS)).astype(float)
    table = {"total": men + women, "men": men, "women": women}
    found = fit(table)
    arrays = found.arrays()
    later = ("sum_tolerances", "products", "factors", "product_tolerances", "decimals")
    first = {name: array for name, array in arrays.items() if name not in later}
    old = Invariants.restore(first, {"sums": 1, "translations": 0})
    rows = np.array([[5.0, 2, 3], [6, 2, 3], [np.nan, 2, 3]])
    assert np.array_equal(old.fold(rows, {}), found.fold(rows, {}))
    assert words(old, table, [6.0, 2.0, 3.0])[0] == "total 6, but its parts sum to 5"


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("products", lambda array: array + 99),
        ("products", lambda array: array - 99),
        ("products", lambda array: array.astype(np.int32)),
        ("products", lambda array: array[:-1]),
        ("factors", lambda array: array[:-1]),
        ("product_tolerances", lambda array: array[:, :-1]),
        ("sum_tolerances", lambda array: array.astype(np.float32)),
        ("decimals", lambda array: array[:-1]),
        ("weights", lambda array: array * np.nan),
        ("coefficients", lambda array: array * 0.0),
    ],
)
def test_products_that_reach_beyond_the_columns_are_refused(
    learned: Invariants, name: str, spoil: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> None:
    arrays = learned.arrays()
    with pytest.raises(BundleError, match="columns that there are"):
        Invariants.restore(arrays | {name: spoil(arrays[name])}, {})
    with pytest.raises(KeyError):
        Invariants.restore({key: a for key, a in arrays.items() if key != name}, {})
