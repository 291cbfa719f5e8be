"""Numbers that follow from texts: a ridge regression over hashed words and pairs of words.

Hoerl, Kennard, "Ridge Regression", Technometrics 1970, solved by LSQR (Paige, Saunders, ACM TOMS
1982) over the hashing trick (Weinberger et al., "Feature Hashing for Large Scale Multitask
Learning", ICML 2009). A row holds how often each word and pair of neighbours occurs, divided by
the root of their number, so that rows are about as long whatever a text's own length. Words of many
texts are scaled down (Sparck Jones, "A statistical interpretation of term specificity", Journal
of Documentation 1972), and so are held closer to no weight at all.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.features.learned_text_kernels import slots_of_words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WEIGHT_SLOTS = 1 << 17

_PENALTY = 2.0
"""Rows are at most about of unit length: one text alone moves its own prediction by a third."""

_STEPS = 100
_FIRST_SHARE = 0.7
_FEWEST_TEXTS = 200
_LEAST_R2 = 0.02
"""Below that a text says so little of a number that its residual is the number itself."""

_MOST_GRADES = 12
"""Numbers of at most that many values are grades; each counts for as much, but for the rarest."""

_RARE_GRADE = 0.02
"""Grades of a smaller share of the texts count as if they had this one: a few may be mistakes."""

_HEAVY_KURTOSIS = 9.0
"""That of the exponential distribution: of other numbers, a few decide about a heavier one."""


class Regression(NamedTuple):
    """What predicts a number from a text: mean + the text's weights over the root of their count.

    Attributes
    ----------
    mean : float
        The prediction where all weights are 0.
    weights : float32 array of shape (WEIGHT_SLOTS,)
        By slot of a word or a pair of words.
    """

    mean: float
    weights: NDArray[np.float32]


class WordedRows(NamedTuple):
    """The words and pairs of n texts.

    Attributes
    ----------
    slots : int64 array
        Slots of the words and pairs, one text after the other.
    bounds : int64 array of shape (n,)
        Where each text's end in `slots`.
    """

    slots: NDArray[np.int64]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, data: NDArray[np.uint8], ends: NDArray[np.int64]) -> "WordedRows":
        """Read texts, given as bytes and where each one's end."""
        slots = np.empty(2 * (len(data) + len(ends)), np.int64)
        bounds = np.zeros(len(ends), np.int64)
        slots_of_words(data, ends, WEIGHT_SLOTS, slots, bounds)
        return cls(slots[: bounds[-1] if len(bounds) else 0].copy(), bounds)

    def matrix(self) -> "csr_matrix[Any]":
        """Return the rows: of shape (n, WEIGHT_SLOTS)."""
        from scipy.sparse import csr_matrix

        starts = np.concatenate([[0], self.bounds])
        counts = np.diff(starts)
        cells = np.repeat(1.0 / np.sqrt(np.maximum(counts, 1)), counts)
        rows = csr_matrix((cells, self.slots, starts), shape=(len(counts), WEIGHT_SLOTS))
        rows.sum_duplicates()
        return rows


def regress(worded: WordedRows, numbers: NDArray[np.float64]) -> Regression | None:
    """Learn to predict a number from texts, where that can be done.

    Whether it can is decided in time: what the first seven tenths teach must explain some of the
    variance of the rest.

    Parameters
    ----------
    worded : WordedRows
        The n texts, in order of time.
    numbers : float64 array of shape (n,)
        The number in the same records; NaN where it is missing.
    """
    known = np.isfinite(numbers) & (np.diff(worded.bounds, prepend=0) > 0)
    if known.sum() < _FEWEST_TEXTS:
        return None
    rows, values = worded.matrix()[known], numbers[known]
    scale = _rarity(rows)
    rows = rows.multiply(scale).tocsr()
    first = int(_FIRST_SHARE * len(values))
    if not _is_light(values[:first]) or values[first:].std() == 0.0:
        return None
    mean, weights = _ridge(rows[:first], values[:first], np.ones(first))
    errors = values[first:] - mean - rows[first:] @ weights
    if 1.0 - np.mean(errors**2) / np.var(values[first:]) < _LEAST_R2:
        return None
    mean, weights = _ridge(rows, values, _balance(values))
    return Regression(mean, (weights * scale).astype(np.float32))


def _is_light(values: NDArray[np.float64]) -> bool:
    """Tell whether squared errors say anything: counts with a heavy tail are no matter of texts."""
    deviation = values.std()
    if not deviation > 0.0:
        return False
    kurtosis = float(np.mean(((values - values.mean()) / deviation) ** 4))
    return kurtosis <= _HEAVY_KURTOSIS or len(np.unique(values)) <= _MOST_GRADES


def _rarity(rows: "csr_matrix[Any]") -> NDArray[np.float64]:
    """Return ln((n + 1) / (m + 1)) + 1 of each slot that m of n texts have, on average 1."""
    texts = np.bincount(rows.indices, minlength=WEIGHT_SLOTS)
    rarity = np.log((rows.shape[0] + 1.0) / (texts + 1.0)) + 1.0
    found: NDArray[np.float64] = rarity / rarity[texts > 0].mean()
    return found


def _ridge(
    rows: "csr_matrix[Any]", values: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    from scipy.sparse import diags
    from scipy.sparse.linalg import lsqr

    mean, root = float(np.average(values, weights=weight)), np.sqrt(weight)
    solved = lsqr(
        diags(root) @ rows, root * (values - mean), damp=np.sqrt(_PENALTY), iter_lim=_STEPS
    )
    return mean, solved[0]


def _balance(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh rows, on average 1: by one over their grade's share, so that grades weigh alike.

    Most grades are the highest. Unweighed, the prediction of every text is drawn to it, and how
    common a grade is says nothing of a text (King, Zeng, "Logistic Regression in Rare Events Data",
    Political Analysis 2001, weigh so).
    """
    _, grade, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(counts) > _MOST_GRADES:
        return np.ones(len(values))
    weight = 1.0 / np.maximum(counts, _RARE_GRADE * len(values))[grade]
    balanced: NDArray[np.float64] = weight / weight.mean()
    return balanced
