"""What is learned of texts: how usual letters and words are, and which numbers follow from them."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from streamscore.errors import BundleError
from streamscore.features.columns import TEXT_LEARNED
from streamscore.features.learned_texts import LearnedText
from streamscore.features.text import bytes_of
from streamscore.features.text_numbers import WEIGHT_SLOTS, WordedRows, regress
from tests.naive.learned_texts import NaiveText, naive_slots

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
APOSTROPHE, ELLIPSIS = "\u2019", "\u2026"
PIECES = [
    "the",
    "The",
    "cat",
    "Ab9",
    " ",
    "  ",
    ".",
    "é",
    "猫",
    "🎈",
    "-",
    "(",
    "\n",
    "7",
    "55",
    "www.",
    "://",
]
MARKS = [APOSTROPHE, ELLIPSIS, "\u2003", "\u201c", "\u2039", "\u203f", "\u2040"]
WORDY = st.lists(st.sampled_from(PIECES + MARKS)).map("".join)
TEXTS = st.lists(ANY_TEXT | WORDY, min_size=1, max_size=8)
GOOD, BAD = ("lovely", "great", "perfect", "happy"), ("broken", "late", "awful", "refund")


def encoded(learned: LearnedText, texts: Sequence[str | None]) -> NDArray[np.float64]:
    out = np.full((len(texts), len(TEXT_LEARNED)), 99.0)
    learned.encode(bytes_of(texts), [], out)
    return out


def reviews(count: int, seed: int) -> tuple[list[str], NDArray[np.float64]]:
    """Texts whose words say a grade of 1 or 5."""
    rng = np.random.default_rng(seed)
    is_good = rng.random(count) < 0.7
    plain = ["the", "parcel", "came", "on", "monday"]
    texts = [
        " ".join([*rng.choice(plain, 4), *rng.choice(GOOD if good else BAD, 2)]) for good in is_good
    ]
    return texts, np.where(is_good, 5.0, 1.0)


@settings(max_examples=25, deadline=None)
@given(TEXTS, TEXTS)
@example(["the cat the cat", "the cat"], ["", " ", "cat cat cat", "(555) 010-9999", "猫猫🎈🎈"])
@example(
    ["the cat.net cat net"] * 2, ["the cat.net", "new.net", "www.the", "a://b", "cat.Net", "4.the"]
)
@example(["don't"], [f"don{APOSTROPHE}t", ELLIPSIS, "\u2028", "1  2   3a4"])
def test_texts_equal_the_naive_version(history: list[str], texts: list[str]) -> None:
    learned, _ = LearnedText.fit(history, {})
    naive = NaiveText(history)
    expected = np.array([naive.row(text) for text in texts])
    np.testing.assert_allclose(encoded(learned, texts), expected, rtol=2e-6, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_slots_of_words_and_pairs_equal_the_naive_ones(texts: list[str]) -> None:
    worded = WordedRows.of(*bytes_of(texts))
    starts = [0, *worded.bounds.tolist()]
    for text, start, end in zip(texts, starts, starts[1:], strict=False):
        slots = sorted(worded.slots[start:end].tolist())
        assert slots == sorted(naive_slots(text, WEIGHT_SLOTS))


@settings(max_examples=8, deadline=None)
@given(TEXTS)
def test_a_text_is_read_alike_alone_and_among_others(texts: list[str]) -> None:
    learned, _ = LearnedText.fit(texts, {})
    alone = np.vstack([encoded(learned, [text]) for text in texts])
    np.testing.assert_array_equal(alone, encoded(learned, texts))


def test_texts_without_words_and_huge_ones_are_read() -> None:
    learned, _ = LearnedText.fit(["a cat", "a cat"], {})
    rows = encoded(learned, [None, "", "?!", "a " * 100_000])
    assert np.isnan(rows[:2, :3]).all()
    assert np.isfinite(rows[2, 0])
    assert np.isnan(rows[2, 1:3]).all()
    assert rows[3].tolist()[2:] == [0.0, 0.0, 100_000.0, 0.0]


def test_letters_at_random_surprise_more_than_any_usual_text() -> None:
    texts, _ = reviews(600, 1)
    learned, _ = LearnedText.fit(texts, {})
    rng = np.random.default_rng(2)
    gibberish = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz "), 40)) for _ in range(50)]
    usual, odd = encoded(learned, reviews(300, 3)[0])[:, 0], encoded(learned, gibberish)[:, 0]
    assert odd.min() > usual.max()


def test_a_word_of_one_text_alone_is_unseen() -> None:
    learned, _ = LearnedText.fit(["red red car", "blue car"], {})
    assert encoded(learned, ["red", "car", "new"])[:, 2].tolist() == [1.0, 0.0, 1.0]


def test_a_number_is_predicted_where_the_text_says_it_and_not_where_it_does_not() -> None:
    texts, grades = reviews(600, 1)
    rng = np.random.default_rng(5)
    numbers = {
        "grade": grades,
        "noise": rng.normal(size=600),
        "constant": np.ones(600),
        "votes": np.floor(rng.pareto(0.8, 600)),
        "missing": np.full(600, np.nan),
    }
    learned, predicted = LearnedText.fit(texts, numbers)
    assert predicted == ["grade"]
    later, said = reviews(200, 7)
    out = np.empty((200, len(TEXT_LEARNED) + 1))
    learned.encode(bytes_of(later), [said], out)
    assert np.abs(out[:, -1]).mean() < 1.0
    learned.encode(bytes_of(later), [6.0 - said], out)
    assert (np.abs(out[:, -1]) > 2.0).mean() > 0.95


def test_no_text_is_read_as_more_than_the_highest_number_or_less_than_the_lowest() -> None:
    texts, grades = reviews(600, 1)
    learned, _ = LearnedText.fit(texts, {"grade": grades})
    praise, blame = (" ".join(words * 5) for words in (GOOD, BAD))
    out = np.empty((2, len(TEXT_LEARNED) + 1))
    learned.encode(bytes_of([praise, blame]), [np.array([5.0, 1.0])], out)
    assert out[:, -1].tolist() == [0.0, 0.0]
    older = {name: array for name, array in learned.arrays().items() if name != "bounds"}
    LearnedText.restore(older, 1).encode(bytes_of([praise, blame]), [np.array([5.0, 1.0])], out)
    assert out[0, -1] < 0.0 < out[1, -1]


def test_a_residual_is_missing_where_the_number_or_the_words_are() -> None:
    texts, grades = reviews(600, 1)
    learned, _ = LearnedText.fit(texts, {"grade": grades})
    out = np.empty((3, len(TEXT_LEARNED) + 1))
    learned.encode(bytes_of(["great", "", None]), [np.array([np.nan, 5.0, 1.0])], out)
    assert np.isnan(out[:, -1]).all()


def test_weights_are_those_of_a_ridge_regression() -> None:
    texts, grades = reviews(400, 1)
    numbers = grades + np.random.default_rng(3).normal(0.0, 0.3, 400)  # no grades: weighed alike
    worded = WordedRows.of(*bytes_of(texts))
    found = regress(worded, numbers)
    assert found is not None
    rows = worded.matrix()
    seen = np.bincount(rows.indices, minlength=WEIGHT_SLOTS)
    scale = np.log(401.0 / (seen + 1.0)) + 1.0
    scale /= scale[seen > 0].mean()
    ridge = Ridge(alpha=2.0, fit_intercept=False, solver="cholesky")
    used = np.flatnonzero(seen)
    ridge.fit(rows[:, used].toarray() * scale[used], numbers - numbers.mean())
    np.testing.assert_allclose(found.weights[used], ridge.coef_ * scale[used], atol=2e-4)
    assert found.mean == pytest.approx(numbers.mean())


def test_it_is_restored_from_its_arrays_and_refuses_others() -> None:
    texts, grades = reviews(400, 1)
    learned, _ = LearnedText.fit(texts, {"grade": grades})
    again = LearnedText.restore(learned.arrays(), 1)
    rows = [np.empty((400, len(TEXT_LEARNED) + 1)) for _ in range(2)]
    for one, out in zip((learned, again), rows, strict=True):
        one.encode(bytes_of(texts), [grades], out)
    np.testing.assert_array_equal(rows[0], rows[1])
    with pytest.raises(BundleError, match="what is learned of a text has the shapes"):
        LearnedText.restore(learned.arrays(), 2)
    with pytest.raises(BundleError, match="got"):
        LearnedText.restore({}, 0)
