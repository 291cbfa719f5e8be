"""What is learned of a text field: how usual letters and words are, and which numbers follow."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.errors import BundleError
from streamscore.features.columns import TEXT_LEARNED
from streamscore.features.learned_text_kernels import (
    BYTE_CLASSES,
    CLASSES,
    count_trigrams,
    count_words,
    read_texts,
)
from streamscore.features.text import Bytes, bytes_of
from streamscore.features.text_numbers import WEIGHT_SLOTS, WordedRows, regress

WORD_SLOTS = 1 << 18

_BACK_OFF = 5.0
"""A context that was seen this often counts as much as the shorter one behind it."""

_FEWEST_TEXTS_OF_A_WORD = 2
"""A word of one text alone is unseen: so texts learned from are read as later ones are."""

_MOST_TEXTS = 200_000
_MOST_REGRESSED = 50_000
_BLOCK = 10_000


class LearnedText:
    """What was learned of one text field.

    Parameters
    ----------
    trigrams : int64 array of shape (40, 40, 40)
        How often each trigram of byte classes occurred.
    words : int64 array of shape (WORD_SLOTS,)
        By slot, how often words occurred that at least two texts have; else 0.
    total_words : int
        How often all words occurred.
    means : float64 array of shape (p,)
        What is predicted of each number where all weights are 0.
    weights : float32 array of shape (p, WEIGHT_SLOTS)
        What words and pairs of words add to it.
    bounds : float64 array of shape (p, 2)
        The lowest and the highest value of each number; predictions are cut to them.
    """

    def __init__(
        self,
        trigrams: NDArray[np.int64],
        words: NDArray[np.int64],
        total_words: int,
        means: NDArray[np.float64],
        weights: NDArray[np.float32],
        bounds: NDArray[np.float64],
    ) -> None:
        self._trigrams, self._words, self._total_words = trigrams, words, total_words
        self._means = np.ascontiguousarray(means, np.float64)
        self._weights = np.ascontiguousarray(weights, np.float32)
        self._bounds = np.ascontiguousarray(bounds, np.float64)
        self._trigram_bits = trigram_bits(trigrams)
        self._word_bits = word_bits(words, total_words)
        (self._unseen_bits,) = word_bits(np.zeros(1, np.int64), total_words)

    @classmethod
    def fit(
        cls, texts: Sequence[str | None], numbers: Mapping[str, NDArray[np.float64]]
    ) -> tuple["LearnedText", list[str]]:
        """Learn from texts in order of time.

        Parameters
        ----------
        texts : sequence of str or None, of length n
            The texts; of more than 200,000 the latest.
        numbers : mapping of str to float64 array of shape (n,)
            The records' numbers, NaN where missing; which of them a text predicts is found out.

        Returns
        -------
        tuple of LearnedText and list of str
            What was learned, and the numbers that it predicts, in the order of `numbers`.
        """
        latest = texts[-_MOST_TEXTS:]
        trigrams = np.zeros((CLASSES, CLASSES, CLASSES), np.int64)
        counts, of_texts = np.zeros(WORD_SLOTS, np.int64), np.zeros(WORD_SLOTS, np.int64)
        seen = np.full(WORD_SLOTS, -1, np.int64)
        for start in range(0, len(latest), _BLOCK):
            block = bytes_of(latest[start : start + _BLOCK])
            count_trigrams(*block, BYTE_CLASSES, trigrams)
            count_words(*block, counts, of_texts, seen, start)
        worded = WordedRows.of(*bytes_of(texts[-_MOST_REGRESSED:]))
        found = {
            name: regression
            for name, values in numbers.items()
            if (regression := regress(worded, values[-_MOST_REGRESSED:])) is not None
        }
        weights = np.zeros((len(found), WEIGHT_SLOTS), np.float32)
        for place, regression in enumerate(found.values()):
            weights[place] = regression.weights
        means = np.array([regression.mean for regression in found.values()])
        words = np.where(of_texts >= _FEWEST_TEXTS_OF_A_WORD, counts, 0)
        learned = trigrams, words, int(counts.sum()), means, weights
        return cls(*learned, _bounds([numbers[name] for name in found])), list(found)

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], numbers: int) -> "LearnedText":
        """Rebuild from what `arrays` returned.

        Raises
        ------
        BundleError
            When the arrays are not those of a text that predicts so many numbers.
        """
        shapes = {
            "trigrams": (CLASSES, CLASSES, CLASSES),
            "words": (WORD_SLOTS,),
            "total_words": (1,),
            "means": (numbers,),
            "weights": (numbers, WEIGHT_SLOTS),
        }
        got = {name: arrays[name].shape if name in arrays else None for name in shapes}
        # Bundles of earlier versions have none.
        bounds = arrays.get("bounds", np.tile([-np.inf, np.inf], (numbers, 1)))
        if got != shapes or bounds.shape != (numbers, 2):
            raise BundleError(f"what is learned of a text has the shapes {shapes}; got {got}")
        return cls(
            arrays["trigrams"],
            arrays["words"],
            int(arrays["total_words"][0]),
            arrays["means"],
            arrays["weights"],
            bounds,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, for the bundle."""
        return {
            "trigrams": self._trigrams,
            "words": self._words,
            "total_words": np.array([self._total_words]),
            "means": self._means,
            "weights": self._weights,
            "bounds": self._bounds,
        }

    def encode(
        self, texts: Bytes, numbers: Sequence[NDArray[np.float64]], out: NDArray[np.float64]
    ) -> None:
        """Write the columns `TEXT_LEARNED`, then each number less what the text predicts of it.

        Parameters
        ----------
        texts : Bytes
            The n texts.
        numbers : sequence of float64 arrays of shape (n,)
            The numbers that the text predicts; NaN where missing.
        out : float64 array of shape (n, 6 + len(numbers))
            Overwritten. Mean bits a byte and a word, share of unseen words, digits of the longest
            number, longest run of one word, 3 for a web address, 2 or 1 for a bare domain,
            residuals; NaN where there is nothing to speak of.
        """
        tables = (BYTE_CLASSES, self._trigram_bits, self._word_bits, self._unseen_bits)
        read_texts(*texts, *tables, self._weights, out)
        width = len(TEXT_LEARNED)
        for place, values in enumerate(numbers):
            predicted = np.clip(self._means[place] + out[:, width + place], *self._bounds[place])
            out[:, width + place] = values - predicted


def _bounds(numbers: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    found = [(np.nanmin(values), np.nanmax(values)) for values in numbers]
    return np.array(found, np.float64).reshape(len(numbers), 2)


def trigram_bits(trigrams: NDArray[np.int64]) -> NDArray[np.float32]:
    """Turn counts into -log2 p(third | first two), each context backed off to the shorter one.

    p(c | ab) = (n(abc) + k p(c | b)) / (n(ab) + k) with k = 5, and so on down to p(c), which counts
    every class once more than it was seen (MacKay, Peto, "A hierarchical Dirichlet language model",
    Natural Language Engineering 1995).
    """
    pairs = trigrams.sum(axis=0)
    single = pairs.sum(axis=0)
    alone = (single + 1.0) / (single.sum() + len(single))
    after_one = _backed_off(pairs, alone)
    bits: NDArray[np.float32] = -np.log2(_backed_off(trigrams, after_one)).astype(np.float32)
    return bits


def _backed_off(counts: NDArray[np.int64], shorter: NDArray[np.float64]) -> NDArray[np.float64]:
    contexts = counts.sum(axis=-1, keepdims=True)
    found: NDArray[np.float64] = (counts + _BACK_OFF * shorter) / (contexts + _BACK_OFF)
    return found


def word_bits(words: NDArray[np.int64], total_words: int) -> NDArray[np.float32]:
    """Turn counts into -log2 of a word's share of all words; an unseen one counts as seen once."""
    shares = np.maximum(words, 1) / max(total_words, 1)
    bits: NDArray[np.float32] = -np.log2(shares).astype(np.float32)
    return bits
