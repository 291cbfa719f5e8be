"""A tail says how seldom a normal record scores as high, in one unit for every channel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from streamscore.detectors.tail import fit_tail

SCORES = arrays(np.float64, st.integers(1, 300), elements=st.floats(-1e6, 1e6))


def counted(scores: np.ndarray, score: float) -> float:
    """The naive -ln of the share of scores, the new one included, that are at least as high."""
    return float(-np.log((1 + np.sum(scores >= score)) / (len(scores) + 1)))


@given(SCORES, st.data())
def test_within_the_scores_it_is_what_was_counted(scores: np.ndarray, data: st.DataObject) -> None:
    score = data.draw(st.sampled_from(scores.tolist()))
    tail = fit_tail(scores)
    assert tail.of(np.array([score]))[0] == pytest.approx(counted(scores, score))


@given(SCORES, arrays(np.float64, 20, elements=st.floats(-1e9, 1e9)))
def test_a_higher_score_is_never_less_surprising(scores: np.ndarray, asked: np.ndarray) -> None:
    surprise = fit_tail(scores).of(np.sort(asked))
    assert np.all(surprise >= 0)
    assert np.all(np.isfinite(surprise))
    assert np.all(np.diff(surprise) >= -1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_an_exponential_tail_is_continued_as_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tail = fit_tail(rng.exponential(size=20_000))
    far = np.array([12.0, 15.0])
    np.testing.assert_allclose(tail.of(far), far, rtol=0.25)


def test_a_heavy_tail_does_not_explode() -> None:
    scores = np.random.default_rng(1).pareto(2.0, size=20_000)
    # P(score >= 1000) = 1001^-2, which is e^-13.8; an exponential tail would say e^-80.
    assert 9 < fit_tail(scores).of(np.array([1000.0]))[0] < 19


def test_a_count_beyond_all_counts_is_more_surprising_but_not_certain() -> None:
    scores = np.repeat([0.0, 1.0, 2.0], [900, 95, 5])
    surprise = fit_tail(scores).of(np.array([2.0, 3.0, 6.0]))
    assert surprise[0] == pytest.approx(counted(scores, 2.0))
    assert surprise[0] < surprise[1] < surprise[2] < 10


def test_what_is_higher_than_all_counts_is_at_least_as_rare_as_none_of_them() -> None:
    scores = np.repeat([0.0, 1.0, 2.0], [900, 70, 30])
    surprise = fit_tail(scores).of(np.array([2.0, 2.001]))
    assert surprise[0] == pytest.approx(np.log(1001 / 31))
    assert surprise[1] == pytest.approx(np.log(1001), abs=0.01)


def test_a_channel_that_never_spoke_is_surprising_when_it_does() -> None:
    assert fit_tail(np.zeros(1000)).of(np.array([0.0, 0.5])).tolist()[0] == 0.0
    assert fit_tail(np.zeros(1000)).of(np.array([0.5]))[0] >= np.log(1001)


@pytest.mark.parametrize("seed", range(3))
def test_a_heavy_tail_is_continued_as_a_heavy_one(seed: int) -> None:
    """Of the Lomax distribution P(score >= s) is (1 + s) ** -4."""
    tail = fit_tail(np.random.default_rng(seed).pareto(4.0, 20_000))
    once_in_5000 = np.array([5000**0.25 - 1.0])
    assert tail.of(once_in_5000)[0] == pytest.approx(np.log(5000), abs=0.7)
