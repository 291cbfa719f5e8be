"""Detectors are combined by how seldom each of their channels speaks."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.detectors.combination import Combination, Described, Member
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.isolation_forest import IsolationForest
from streamscore.detectors.reasons import Reason, Terms, Wording
from streamscore.detectors.tail import fit_tail
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan

COLUMNS = [Column(name=name, field=name, kind="number") for name in "abc"]
WORDING = Wording(Terms(COLUMNS, lambda field, code: code), str.upper)


class Each:
    """Scores a row by each of its columns, and counts the rows it has seen."""

    name: ClassVar[str] = "each"
    plan: ClassVar[ColumnPlan] = ColumnPlan()
    has_memory: ClassVar[bool] = True

    def __init__(self, width: int) -> None:
        self.channels = tuple(Channel(name) for name in "abc"[:width])

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "Each":
        return cls(len(columns))

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]) -> "Each":
        return cls(parameters["width"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    def parameters(self) -> dict[str, Any]:
        return {"width": len(self.channels)}

    def begin(self) -> Memory:
        return {"seen": np.zeros(1, np.int64)}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        memory["seen"] += len(matrix)
        return matrix.copy()

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        return np.where(np.arange(matrix.shape[1]) == channel, matrix, 0.0)

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        name = COLUMNS[channel].field if len(self.channels) > 1 else "c"
        return [[Reason((name,), 1.0, f"{name} scores {score:g}")] for score in scores]


def history(rows: int = 2000) -> Matrix:
    return np.random.default_rng(3).exponential(size=(rows, 3))


def combination(weights: Sequence[float] = (0.25, 0.25, 0.5)) -> Combination:
    later = history()
    tails = [fit_tail(column) for column in later.T]
    first = Member(Each(2), np.array([0, 1]), np.array(weights[:2]), tails[:2])
    return Combination([first, Member(Each(1), np.array([2]), np.array(weights[2:]), tails[2:])])


def test_the_score_is_the_weighed_harmonic_mean_of_the_p_values() -> None:
    later, made = history(), combination()
    rows = later[:50]
    p = (1 + (later[None] >= rows[:, None]).sum(axis=1)) / (len(later) + 1)
    expected = np.log((np.array([0.25, 0.25, 0.5]) / p).sum(axis=1))
    scores = made.score(made.fold(rows, made.begin()))
    # Above the 98th percentile the tail is continued, and of the others 512 knots are kept.
    counted = p.min(axis=1) > 0.02
    np.testing.assert_allclose(scores[counted], expected[counted], atol=0.02)


def test_one_channel_that_is_sure_is_enough_and_says_why() -> None:
    made = combination()
    row = np.array([0.5, 40.0, 0.5])
    channels = made.fold(row[None, :], made.begin())
    assert made.score(channels)[0] > made.score(made.fold(history(), made.begin())).max()
    assert made.reasons(row[None, :], channels, [WORDING]) == [[Reason(("b",), 1.0, "b scores 40")]]


def test_a_larger_share_of_the_budget_is_a_higher_score() -> None:
    rows = np.array([[0.1, 0.1, 9.0]])
    small, large = combination((0.45, 0.45, 0.1)), combination((0.1, 0.1, 0.8))
    assert large.score(rows)[0] > small.score(rows)[0]


def test_each_member_has_its_own_columns_and_its_own_memory() -> None:
    made = combination()
    memory = made.begin()
    made.fold(history(7), memory)
    made.fold(history(2), memory)
    assert {name: int(seen[0]) for name, seen in memory.items()} == {"0.seen": 9, "1.seen": 9}
    assert [channel.name for channel in made.channels] == ["each.a", "each.b", "each"]


def test_a_single_channel_is_passed_on_as_it_is() -> None:
    made = Combination.of_one(Each(1))
    rows = history(5)[:, :1]
    assert made.score(made.fold(rows, made.begin())).tolist() == rows[:, 0].tolist()
    assert made.shares(rows).tolist() == [[1.0]] * 5


@pytest.mark.parametrize(
    "places", [np.array([0, 99]), np.array([1, 0]), np.array([-1, 0]), np.array([0.0, 1.0])]
)
def test_columns_that_rows_do_not_have_are_refused_or_miss(places: NDArray[Any]) -> None:
    forest = IsolationForest.fit(history(), COLUMNS, 1)
    arrays = Member(forest, np.array([0, 1]), np.ones(1), ()).arrays() | {"places": places}
    described = Described(detector=forest.name, parameters=forest.parameters())
    with pytest.raises((BundleError, IndexError)):
        Member.restore(described, arrays).rows(history()[:, :2])
