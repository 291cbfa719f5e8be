"""Parents add most, views look at what others did not, and the present counts more."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.detectors.dependency_network import DependencyNetwork
from streamscore.detectors.network_learning import View, copies, learn_views
from streamscore.features import Column

ROWS = 4000


def views_of(*columns: NDArray[np.int64]) -> list[View]:
    codes = np.column_stack(columns).astype(np.int16)
    sizes = codes.max(axis=0).astype(np.int64) + 1
    return learn_views(codes, sizes, copies(codes, sizes))


def noisy(column: NDArray[np.int64], share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """A column of which that share of the values is any."""
    return np.where(rng.random(ROWS) < share, rng.integers(0, column.max() + 1, ROWS), column)


def test_the_second_parent_is_the_one_that_adds_most_and_not_the_best_alone() -> None:
    rng = np.random.default_rng(1)
    first, switch = rng.integers(0, 6, ROWS), (rng.random(ROWS) < 0.2).astype(np.int64)
    alike, own = noisy(first, 0.2, rng), (first + switch) % 6
    assert views_of(own, first, alike, switch)[0].parents == (1, 3)


def test_every_view_of_a_column_looks_at_columns_that_the_others_do_not() -> None:
    rng = np.random.default_rng(2)
    own = rng.integers(0, 4, ROWS)
    views = views_of(own, *(noisy(own, 0.4, rng) for _ in range(7)))
    parents = [view.parents for view in views if view.column == 0]
    assert len(parents) == 3
    every = [parent for pair in parents for parent in pair]
    assert len(set(every)) == len(every) == 6


@pytest.mark.parametrize("share", [0.3, 0.4])
def test_what_came_lately_is_expected_though_it_came_less_often(share: float) -> None:
    column = Column(name="colour", field="colour", kind="code", values=2)
    history = (np.arange(ROWS) >= (1.0 - share) * ROWS).astype(np.float64)[:, None]
    network = DependencyNetwork.fit(history, [column], 1)
    old, new = network.fold(np.array([[0.0], [1.0]]), {})[:, 0]
    assert (new < old) == (share > 1 / 3)


def test_columns_that_have_nothing_to_do_with_each_other_are_no_parents() -> None:
    drawn = np.random.default_rng(3).integers(0, 4, (8, ROWS))
    assert [view.parents for view in views_of(*drawn)] == [()] * 8
