"""The same text, again and again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.detectors import Terms, Wording
from streamscore.detectors.repeated_texts import RepeatedTexts
from streamscore.detectors.text_count_kernels import fold
from streamscore.errors import BundleError
from streamscore.features import Column
from tests.naive.repeats import naive_counts

COLUMNS = [
    Column(name=f"{name}.fingerprint", field=name, kind="text_fingerprint")
    for name in ("title", "text")
]
USUAL = {3.0: 2.0, 5.0: 1.0}
ROWS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, np.nan, 1.0, 2.0, 3.0])))


@given(ROWS)
def test_counts_equal_the_naive_ones_while_texts_come_and_go(
    rows: list[tuple[float, float]],
) -> None:
    matrix = np.array(rows, np.float64).reshape(-1, 2)
    ring, table = np.zeros(8, np.uint32), np.zeros(16, np.uint32)
    counts, seen = np.zeros(16, np.uint16), np.zeros(1, np.int64)
    out = np.zeros((len(matrix), 2))
    known, usual = np.array(list(USUAL)), np.array(list(USUAL.values()))
    fold(matrix, known, usual, 2, (ring, table, counts, seen), out)
    assert out.tolist() == naive_counts(matrix.tolist(), USUAL, 2, 8)
    assert counts.sum() == np.sum(ring != 0)
    assert np.all((counts > 0) == (table > 0))


def test_a_text_that_was_always_repeated_is_no_surprise() -> None:
    rng = np.random.default_rng(1)
    usual = np.float64(77)
    history = rng.integers(1000, 2**53, (5000, 1)).astype(np.float64)
    history[::50] = usual
    detector = RepeatedTexts.fit(history, COLUMNS[1:], 1)
    stream = rng.integers(1000, 2**53, (4000, 1)).astype(np.float64)
    stream[::50], stream[3000::100] = usual, 78.0
    scores = detector.fold(stream, detector.begin())[:, 0]
    assert scores[stream[:, 0] == usual].max() == 0.0
    assert scores[stream[:, 0] == 78.0].tolist() == [float(n) for n in range(10)]


def test_a_usual_text_may_come_a_little_more_often_than_it_did() -> None:
    above = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        history, stream = rng.integers(1000, 2**53, (2, 9000, 1)).astype(np.float64)
        for rows in (history, stream):
            rows[rng.random(9000) < 0.02] = 77.0
        detector = RepeatedTexts.fit(history, COLUMNS[1:], 1)
        scores = detector.fold(stream, detector.begin())[stream[:, 0] == 77.0, 0]
        above.append(float(np.mean(scores > 0.0)))
    assert np.mean(above) < 0.05


def test_only_the_latest_texts_are_counted() -> None:
    detector = RepeatedTexts.fit(np.zeros((10, 1)), COLUMNS[1:], 1)
    stream = np.arange(1.0, 5001.0)[:, None]
    stream[0] = stream[2047] = stream[4999] = 9e9
    scores = detector.fold(stream, detector.begin())[:, 0]
    assert scores[2047] == 1.0
    assert np.count_nonzero(scores) == 1


def test_a_burst_counts_once_and_its_length_follows_from_history() -> None:
    rng = np.random.default_rng(1)
    history = rng.integers(1000, 2**53, (5000, 1)).astype(np.float64)
    history[2::100], history[54::100] = history[1::100], history[51::100]
    history[2500] = history[1500]
    detector = RepeatedTexts.fit(history, COLUMNS[1:], 1)
    assert detector.parameters()["longest_gap"] == 3
    stream = rng.integers(1000, 2**53, (600, 1)).astype(np.float64)
    stream[:20], stream[200::100] = 7.0, 7.0
    counts, returns = detector.fold(stream, detector.begin()).T
    assert counts[:20].tolist() == [float(n) for n in range(20)]
    assert returns[:200].max() == 0.0
    assert returns[200::100].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_it_is_restored_and_refuses_a_gap_below_zero() -> None:
    detector = RepeatedTexts(np.array([5.0]), np.array([3.0]), 4)
    again = RepeatedTexts.restore(detector.arrays(), detector.parameters())
    assert again.parameters() == detector.parameters()
    with pytest.raises(BundleError, match="at least 0 texts apart; got -1"):
        RepeatedTexts.restore(detector.arrays(), {"longest_gap": -1})


def test_words_say_how_often() -> None:
    detector = RepeatedTexts(np.array([5.0]), np.array([3.0]), 4)
    wordings = [Wording(Terms(COLUMNS, lambda field, code: code), str)]
    ((once,),) = detector.reasons(np.array([[0.0, 9.0]]), 0, np.array([1.0]), wordings)
    assert (once.fields, once.words) == (("text",), "the same text arrived once before")
    ((often,),) = detector.reasons(np.array([[5.0, 9.0]]), 0, np.array([7.0]), wordings)
    assert often.fields == ("title", "text")
    assert often.words == "the same text arrived 7 times more often than usual"
    ((returned,),) = detector.reasons(np.array([[0.0, 9.0]]), 1, np.array([2.0]), wordings)
    assert returned.words == "the same text arrived 2 times before, other texts in between"
