"""Channels are weighed in one pass over their scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streamscore.detectors.tail import Tail, fit_tail, restored_tail
from streamscore.detectors.weighing import Weighing
from streamscore.errors import BundleError

COUNTS = arrays(np.float64, st.integers(1, 400), elements=st.integers(0, 5).map(float))
NUMBERS = arrays(np.float64, st.integers(1, 400), elements=st.floats(-1e9, 1e9))
CLOSE = arrays(np.float64, st.integers(1, 60), elements=st.floats(0.0, 1e-310))
LEARNED = st.lists(st.one_of(COUNTS, NUMBERS, CLOSE), min_size=1, max_size=4)


@given(LEARNED, st.data())
def test_the_one_pass_agrees_with_the_tails_one_by_one(
    learned: list[NDArray[np.float64]], data: st.DataObject
) -> None:
    tails = [fit_tail(scores) for scores in learned]
    weights = np.array(data.draw(st.lists(st.floats(0.01, 1.0), min_size=4, max_size=4)))
    weights = weights[: len(tails)]
    columns = [
        data.draw(
            arrays(
                np.float64,
                200,
                elements=st.one_of(st.sampled_from(scores.tolist()), st.floats(-1e12, 1e12)),
            )
        )
        for scores in learned
    ]
    asked = np.column_stack(columns)
    expected = np.column_stack([t.of(column) for t, column in zip(tails, columns, strict=True)])
    weighing = Weighing(tails, weights)
    np.testing.assert_allclose(weighing.parts(asked), np.exp(expected) * weights, rtol=1e-9)
    naive = np.log((np.exp(expected) * weights).sum(axis=1))
    np.testing.assert_allclose(weighing.score(asked), naive, rtol=1e-9, atol=1e-9)


def test_a_score_out_of_all_proportion_is_finite() -> None:
    tails = [fit_tail(np.random.default_rng(1).exponential(size=5000)), fit_tail(np.zeros(5000))]
    far = np.array([[1e308, 0.0], [0.0, 1e308], [1e308, 1e308]])
    assert np.isfinite(Weighing(tails, np.array([0.5, 0.5])).score(far)).all()


def test_how_rows_are_cut_into_batches_changes_no_bit() -> None:
    scores = np.random.default_rng(2).exponential(size=(3000, 3))
    weighing = Weighing([fit_tail(column) for column in scores.T], np.array([0.2, 0.3, 0.5]))
    parts = np.split(scores, [1, 130, 300, 301])
    assert np.array_equal(
        np.concatenate([weighing.score(part) for part in parts]), weighing.score(scores)
    )


@pytest.mark.parametrize(
    "other",
    [
        {"knots": np.array([1.0, 0.0])},
        {"knots": np.array([0.0])},
        {"knots": np.zeros(0), "surprise": np.zeros(0)},
        {"surprise": np.array([0.0, np.nan])},
        {"scale": np.array(0.0)},
        {"start": np.array(np.nan)},
    ],
)
def test_a_tail_that_is_none_is_refused(other: dict[str, NDArray[np.float64]]) -> None:
    tail = Tail(np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.inf, 1.0, 0.0, 3.0)
    own = {name: np.asarray(value) for name, value in tail._asdict().items()}
    assert restored_tail(own).of(np.array([0.5])).tolist() == [2.0]
    with pytest.raises(BundleError, match="ascending knots"):
        restored_tail(own | other)


def test_a_channel_that_scores_as_nearly_all_do_adds_nothing() -> None:
    scores = np.random.default_rng(4).exponential(size=(5000, 2))
    weighing = Weighing([fit_tail(column) for column in scores.T], np.array([0.4, 0.6]))
    added = weighing.surplus(weighing.parts(np.array([[9.0, 0.0], [0.0, 0.0]])))
    assert added[0, 0] > 100.0
    assert added[0, 1] == pytest.approx(0.0, abs=1e-3)
    assert added[1].tolist() == [0.4, 0.6]
