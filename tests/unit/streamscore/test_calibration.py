"""Scores become p-values against the latest ones, honestly and in any batches."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from streamscore.calibration import Judged, RollingWindow, severity
from streamscore.errors import BundleError
from tests.naive.window import NaiveWindow

SCORES = st.lists(
    st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float) | st.sampled_from([0.0, -0.0, 50.0]),
    max_size=60,
)
RATES = st.sampled_from([0.5, 0.3, 0.1, 0.05, 0.01, 0.001])
NOMINAL = 0.01


def array(scores: list[float]) -> NDArray[np.float64]:
    return np.array(scores, np.float64)


def judged_together(parts: list[Judged]) -> NDArray[np.float64]:
    return np.hstack([np.vstack(part) for part in parts])


@given(SCORES, st.integers(1, 40), RATES, SCORES)
@example([1.0] * 40, 40, 0.5, [1.0, 2.0, 2.0, 1.0])
@example([], 1, 0.5, [3.0, 3.0])
def test_the_window_equals_the_naive_one(
    first: list[float], capacity: int, rate: float, scores: list[float]
) -> None:
    window = RollingWindow(array(first), capacity, rate)
    naive = NaiveWindow(first, capacity, rate)
    judged = np.vstack(window.fold(array(scores)))
    expected = np.reshape([naive.judge(score) for score in scores], (-1, 3)).T
    np.testing.assert_array_equal(judged[:2], expected[:2])
    np.testing.assert_allclose(judged[2], expected[2], rtol=1e-9)


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([150, 1200]), st.sampled_from([0.3, 0.05]))
def test_a_long_fold_with_extremes_and_a_shift_equals_the_naive_one(
    seed: int, capacity: int, rate: float
) -> None:
    rng = np.random.default_rng(seed)
    first, scores = rng.normal(size=capacity), rng.normal(size=1500).round(2)
    scores[::17] += 9.0
    scores[700:] += 4.0
    window, naive = RollingWindow(first, capacity, rate), NaiveWindow(first, capacity, rate)
    judged = np.vstack(window.fold(scores))
    expected = np.array([naive.judge(score) for score in scores.tolist()]).T
    np.testing.assert_array_equal(judged[:2], expected[:2])
    np.testing.assert_allclose(judged[2], expected[2], rtol=1e-9)


@given(SCORES, st.integers(1, 40), RATES, SCORES, st.data())
def test_batches_and_restarts_do_not_change_a_fold(
    first: list[float], capacity: int, rate: float, scores: list[float], data: st.DataObject
) -> None:
    whole = RollingWindow(array(first), capacity, rate)
    undisturbed = np.vstack(whole.fold(array(scores)))
    window = RollingWindow(array(first), capacity, rate)
    parts, start = [window.fold(array([]))], 0
    while start < len(scores):
        end = data.draw(st.integers(start + 1, len(scores)))
        parts.append(window.fold(array(scores[start:end])))
        start = end
        if data.draw(st.booleans()):
            window = RollingWindow.restore(window.snapshot(), rate)
    np.testing.assert_array_equal(judged_together(parts), undisturbed)
    assert window.snapshot() == whole.snapshot()


def test_a_snapshot_keeps_the_memory_of_extremes() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=6000)
    scores[1000:4000:40] += 12.0
    whole = RollingWindow(rng.normal(size=2000), 2000, NOMINAL)
    cut = RollingWindow.restore(whole.snapshot(), NOMINAL)
    expected = whole.fold(scores)
    parts = []
    for part in np.array_split(scores, 7):
        parts.append(cut.fold(part))
        cut = RollingWindow.restore(cut.snapshot(), NOMINAL)
    np.testing.assert_array_equal(judged_together(parts), np.vstack(expected))


@given(SCORES, st.integers(1, 40), RATES, SCORES)
def test_the_numbers_stay_in_their_ranges(
    first: list[float], capacity: int, rate: float, scores: list[float]
) -> None:
    window = RollingWindow(array(first), capacity, rate)
    smallest = 1.0 / (min(len(first), capacity) + 1)
    assert window.smallest_p_value == smallest
    p_value, threshold, tail = window.fold(array(scores))
    assert ((p_value > 0) & (p_value <= 1)).all()
    assert ((tail >= 1e-300) & (tail <= p_value)).all()
    assert not np.isnan(threshold).any()
    assert window.smallest_p_value <= smallest


@given(SCORES, st.integers(1, 40), RATES, SCORES)
def test_a_record_is_flagged_where_its_score_is_above_the_threshold(
    first: list[float], capacity: int, rate: float, scores: list[float]
) -> None:
    judged = RollingWindow(array(first), capacity, rate).fold(array(scores))
    np.testing.assert_array_equal(judged.p_value <= rate, array(scores) > judged.threshold)


def test_the_scores_that_are_folded_stay_as_they_were() -> None:
    first, scores = np.arange(50.0), np.arange(60.0)[::-1].copy()
    RollingWindow(first, 40, NOMINAL).fold(scores)
    np.testing.assert_array_equal(first, np.arange(50.0))
    np.testing.assert_array_equal(scores, np.arange(60.0)[::-1])


def realised(
    rng: np.random.Generator, draw: str, window: int, n: int, rate: float = NOMINAL
) -> NDArray[np.bool_]:
    """Which of n scores like those of the window are flagged."""
    first, scores = (getattr(rng, draw)(size=size) for size in (window, n))
    flagged: NDArray[np.bool_] = RollingWindow(first, window, rate).fold(scores).p_value <= rate
    return flagged


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("window", [1000, 5000])
@pytest.mark.parametrize("draw", ["normal", "uniform", "exponential", "logistic"])
def test_exchangeable_scores_are_flagged_at_the_nominal_rate(
    draw: str, window: int, seed: int
) -> None:
    """For 200,000 records, which is 40 to 200 times the window: no creeping.

    A tail as long as the exponential one loses a thirtieth of the rate to the records that are
    kept out, so the bounds are binomial around a rate from 1 to 1 + 1/20 of the nominal one.
    """
    n = 200_000
    flagged = realised(np.random.default_rng(seed), draw, window, n).sum()
    assert stats.binom(n, NOMINAL).ppf(1e-4) <= flagged
    assert flagged <= stats.binom(n, NOMINAL * 1.05).ppf(1 - 1e-4)


def test_a_heavy_tail_realises_at_most_one_and_a_half_times_the_nominal_rate() -> None:
    rng = np.random.default_rng(1)
    first, scores = rng.pareto(2.5, size=5000), rng.pareto(2.5, size=300_000)
    flagged = RollingWindow(first, 5000, NOMINAL).fold(scores).p_value <= NOMINAL
    assert 0.009 < flagged[150_000:].mean() < 0.015


def test_p_values_of_exchangeable_scores_are_uniform() -> None:
    rng = np.random.default_rng(2)
    judged = RollingWindow(rng.normal(size=5000), 5000, NOMINAL).fold(rng.normal(size=20_000))
    assert stats.kstest(judged.p_value, "uniform").statistic < 0.02


def test_anomalies_do_not_raise_the_threshold_against_their_like() -> None:
    """One record in a hundred is far away, for twenty windows."""
    rng = np.random.default_rng(3)
    scores = rng.normal(size=100_000)
    far = rng.random(len(scores)) < 0.01
    scores[far] += 7.0
    judged = RollingWindow(rng.normal(size=5000), 5000, NOMINAL).fold(scores)
    flagged = judged.p_value <= NOMINAL
    assert flagged[far].mean() > 0.99
    assert 0.008 < flagged[~far][50_000:].mean() < 0.012
    assert abs(judged.threshold[-1] - stats.norm.ppf(0.99)) < 0.15


@pytest.mark.parametrize("shift", [1.0, 3.0, 8.0])
def test_a_sustained_shift_is_let_in(shift: float) -> None:
    """Within two windows of the change the rate is the nominal one again."""
    rng = np.random.default_rng(4)
    scores = rng.normal(size=60_000)
    scores[20_000:] += shift
    judged = RollingWindow(rng.normal(size=5000), 5000, NOMINAL).fold(scores)
    flagged = judged.p_value <= NOMINAL
    assert flagged[20_000:20_500].mean() > 3 * NOMINAL
    assert 0.007 < flagged[30_000:].mean() < 0.013
    assert abs(judged.threshold[-1] - (stats.norm.ppf(0.99) + shift)) < 0.15


def test_a_window_too_short_for_its_rate_flags_nothing() -> None:
    judged = RollingWindow(np.arange(50.0), 50, NOMINAL).fold(np.full(40, 1e9))
    assert (judged.p_value > NOMINAL).all()
    assert (judged.threshold == math.inf).all()


@given(st.floats(1e-300, 1.0), st.floats(1e-300, 1.0), st.floats(1e-4, 0.5))
def test_severity_grows_as_the_tail_shrinks(one: float, other: float, rate: float) -> None:
    small, large = sorted([one, other])
    assert 0.0 <= severity(large, rate) <= severity(small, rate) <= 100.0


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1, 0.0), (10, 0.0), (0.1, 25.0), (0.01, 50.0), (1e-4, 100.0), (1e-9, 100.0), (0.5, 7.5)],
)
def test_severity_is_25_for_each_factor_of_ten_beyond_the_rate(
    factor: float, expected: float
) -> None:
    assert severity(0.02 * factor, 0.02) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"cursor": [10**10, 50, 0, 0]},
        {"cursor": [0, 51, 0, 0]},
        {"cursor": [0, -1, 0, 0]},
        {"cursor": [0, 50, 10**6, 0]},
        {"cursor": [0, 50, 0, 7]},
        {"cursor": [0, 50]},
        {"cursor": [10**30, 50, 0, 0]},
        {"extremes": b""},
        {"ring": b"123"},
        {"ring": b""},
        {"ring": np.full(50, np.nan).tobytes()},
        {"ring": None},
    ],
)
def test_a_snapshot_that_is_no_window_is_refused(spoiled: dict[str, Any]) -> None:
    """What folds it looks nothing up twice."""
    snapshot = RollingWindow(np.arange(50.0), 50, 0.1).snapshot()
    assert RollingWindow.restore(snapshot, 0.1).fold(np.array([60.0])).p_value[0] < 0.1
    with pytest.raises(BundleError, match="a window"):
        RollingWindow.restore(snapshot | spoiled, 0.1)
    with pytest.raises(BundleError, match="a window"):
        RollingWindow.restore({}, 0.1)
