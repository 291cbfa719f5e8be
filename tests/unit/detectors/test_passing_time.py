"""A part of the calendar that history does not go round says nothing by being new."""

import numpy as np
import pytest

from streamscore.detectors.dependency_network import DependencyNetwork
from streamscore.detectors.unseen_count import UnseenCount
from streamscore.features import Column

COLUMNS = [
    Column(name="at.month", field="at", kind="calendar"),
    Column(name="month", field="month", kind="number"),
    Column(name="x", field="x", kind="code", values=3),
]


def history(months: int) -> np.ndarray:
    """Records of so many months, with the month twice and something that has to do with neither."""
    rng = np.random.default_rng(4)
    month = np.sort(1.0 + rng.integers(0, months, 3_000))
    return np.column_stack([month, month, rng.integers(0, 3, 3_000).astype(float)])


@pytest.mark.parametrize("months", [1, 3])
@pytest.mark.parametrize("kind", [DependencyNetwork, UnseenCount])
def test_the_next_month_is_no_surprise_where_history_has_not_seen_them_all(
    kind: type[DependencyNetwork | UnseenCount], months: int
) -> None:
    detector = kind.fit(history(months), COLUMNS, 1)
    known, new = np.array([[1.0, 1.0, 1.0]]), np.array([[4.0, 4.0, 1.0]])
    np.testing.assert_allclose(detector.fold(new, {}), detector.fold(known, {}), atol=0.05)
    assert detector.contributions(new, 0)[0, :2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", [DependencyNetwork, UnseenCount])
def test_a_month_that_no_year_has_is_one(kind: type[DependencyNetwork | UnseenCount]) -> None:
    detector = kind.fit(history(12), COLUMNS, 1)
    known, wrong = np.array([[2.0, 2.0, 1.0]]), np.array([[2.0, 13.0, 1.0]])
    assert (detector.fold(wrong, {}) > detector.fold(known, {}) + 0.1).all()


def test_a_new_value_of_anything_else_is_still_one() -> None:
    new = np.array([[4.0, 4.0, 3.0]])
    assert UnseenCount.fit(history(3), COLUMNS, 1).fold(new, {}).tolist() == [[1.0]]
