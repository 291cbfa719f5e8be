"""Event times far from their neighbours in arrival are found, and disorder is got used to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors import Terms, Wording
from streamscore.detectors.stray_times import StrayTimes
from streamscore.features import Column
from tests.naive.repeats import naive_strays

MINUTE_MS = 60_000.0
DAY_MS = 1440 * MINUTE_MS
DETECTOR = StrayTimes()
ODD = 3.0
"""Far beyond what is usual: twenty times as far as is far."""


def steady(count: int, seed: int = 1) -> NDArray[np.float64]:
    """Times in order, a minute apart on average."""
    return np.cumsum(np.random.default_rng(seed).exponential(MINUTE_MS, count)) + 1e12


def scores(times: NDArray[np.float64]) -> NDArray[np.float64]:
    return DETECTOR.fold(times[:, None], DETECTOR.begin())[:, 0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 3.0, 100.0]), st.floats(-30.0, 30.0))
def test_scores_equal_the_naive_ones(seed: int, disorder_minutes: float, days: float) -> None:
    rng = np.random.default_rng(seed)
    times = steady(1300, seed) + rng.uniform(0, disorder_minutes * MINUTE_MS, 1300)
    odd = rng.choice(1300, 12, replace=False)
    times[odd] += days * DAY_MS
    assert scores(times) == pytest.approx(naive_strays(times.tolist()))


@pytest.mark.parametrize("days", [-60.0, -2.0, 2.0, 60.0])
def test_a_stray_time_is_found_and_those_after_it_are_not(days: float) -> None:
    times = steady(1000)
    times[500] += days * DAY_MS
    found = scores(times)
    assert found[500] > ODD
    assert found[501:520].max() < 1.0


@pytest.mark.parametrize("days", [-30.0, 30.0])
def test_a_gap_or_a_jump_that_lasts_is_odd_once(days: float) -> None:
    times = steady(1000)
    times[500:] += days * DAY_MS
    found = scores(times)
    assert found[500] > ODD
    assert found[501:600].max() < 1.0


def test_two_streams_that_are_interleaved_are_two_streams() -> None:
    times = steady(2000)
    times[500::2] -= 30 * DAY_MS
    assert np.count_nonzero(scores(times)[510:] > 1.0) < 10


@pytest.mark.parametrize("minutes", [60.0, 1440.0])
def test_a_stream_in_disorder_does_not_alarm_for_ever(minutes: float) -> None:
    rng = np.random.default_rng(2)
    times = steady(6000)
    order = np.argsort(times + rng.uniform(0, minutes * MINUTE_MS, len(times)))
    found = scores(times[order])
    assert np.mean(found > 1.0) < 0.001
    late = times[order].copy()
    late[5000] -= 30 * DAY_MS
    assert scores(late)[5000] > ODD


def test_the_first_records_of_a_partition_say_nothing() -> None:
    times = steady(69)
    times[30::2] -= 9 * DAY_MS
    assert not scores(times).any()


def test_a_stream_that_becomes_slower_does_not_alarm_until_it_is_used_to_it() -> None:
    times = steady(3000)
    steps = np.diff(times, prepend=times[0]) * np.geomspace(1.0, 300.0, 3000)
    found = scores(np.cumsum(steps) + 1e12)
    assert np.mean(found[1000:] > 1.0) < 0.002


def test_history_says_how_seldom_a_gap_is_so_long() -> None:
    found = np.sort(scores(steady(20_000, 5)))
    assert found[-200] < 0.8  # one in a hundred
    assert found[-1] < 1.5


OUT_OF_LINE = "at is out of line with the records that arrived just before it"


@pytest.mark.parametrize(
    ("far", "words"),
    [
        (125.0, f"{OUT_OF_LINE}, 250 times as far as is usual there"),
        (1.64, f"{OUT_OF_LINE}, 3.3 times as far as is usual there"),
        (0.4, ""),
    ],
)
def test_words_say_how_far(far: float, words: str) -> None:
    columns = [Column(name="at", field="at", kind="event_time")]
    wording = Wording(Terms(columns, lambda field, code: code), str)
    ((reason,),) = DETECTOR.reasons(np.zeros((1, 1)), 0, np.log1p([far]), [wording])
    assert reason.fields == ("at",)
    assert reason.words == words
