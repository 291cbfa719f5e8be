"""What is learned of the vectors of texts: what they are about, and which numbers follow."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_MOST_ROWS = 20_000
_MOST_PROTOTYPES = 256
_TEXTS_A_PROTOTYPE = 16
_FEWEST_TEXTS = 2
"""A prototype of a single text would keep it, and would call the like of a stray text usual."""

_STEPS = 20

_FEWEST_NUMBERS = 200
_FIRST_SHARE = 0.7
_PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Vectors are of length 1: at a penalty of 1 one text alone moves its own prediction by half."""

_LEAST_R2 = 0.05
"""Below that texts say so little of a number that its residual is the number itself."""


class Regression(NamedTuple):
    """What predicts a number: mean + weights . (vectors - center).

    Attributes
    ----------
    mean : float
        Of the number.
    center, weights : float64 arrays of shape (d,)
        Of the vectors of a record's texts, one behind the other.
    limits : tuple of float
        The lowest and the highest value of the number.
    """

    mean: float
    center: NDArray[np.float64]
    weights: NDArray[np.float64]
    limits: tuple[float, float]

    def of(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Predict: float64 of shape (n,)."""
        predicted: NDArray[np.float64] = self.mean + (vectors - self.center) @ self.weights
        return np.clip(predicted, *self.limits)


def prototypes_of(vectors: NDArray[np.float64], seed: int) -> Vectors:
    """Find what texts are about, by spherical k-means.

    Dhillon, Modha, "Concept decompositions for large sparse text data using clustering", Machine
    Learning 2001, begun as by Arthur, Vassilvitskii, "k-means++", SODA 2007.

    Parameters
    ----------
    vectors : float64 array of shape (n, d)
        Vectors of length 1 in order of time, or zeros; the latest 20,000 count, equal ones once.
    seed : int
        Decides where it begins.

    Returns
    -------
    float32 array of shape (k, d)
        Prototypes of length 1, k at most 256; 0 where every vector is zero.
    """
    latest = vectors[-_MOST_ROWS:].astype(np.float32)
    different = np.unique(latest[latest.any(axis=1)], axis=0)
    if len(different) == 0:
        return different
    count = int(np.clip(len(different) // _TEXTS_A_PROTOTYPE, 1, _MOST_PROTOTYPES))
    found = _spread(different, count, np.random.default_rng(seed))
    for _ in range(_STEPS):
        nearest = (different @ found.T).argmax(axis=1)
        sums = np.zeros_like(found)
        np.add.at(sums, nearest, different)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        found = np.where(lengths > 0.0, sums / np.maximum(lengths, 1e-12), found)
    texts = np.bincount((different @ found.T).argmax(axis=1), minlength=len(found))
    kept: Vectors = found[texts >= _FEWEST_TEXTS]
    return kept if len(kept) else found


def _spread(vectors: Vectors, count: int, rng: np.random.Generator) -> Vectors:
    """Choose vectors that lie apart: each with a chance that grows with how far it lies."""
    chosen = [int(rng.integers(len(vectors)))]
    likeness = vectors @ vectors[chosen[0]]
    while len(chosen) < count:
        chance = np.maximum(1.0 - likeness, 0.0).astype(np.float64)
        if not chance.sum() > 0.0:
            break
        chosen.append(int(rng.choice(len(vectors), p=chance / chance.sum())))
        likeness = np.maximum(likeness, vectors @ vectors[chosen[-1]])
    return vectors[chosen]


def regress(vectors: NDArray[np.float64], numbers: NDArray[np.float64]) -> Regression | None:
    """Learn to predict a number from texts by ridge regression, where that can be done.

    Hoerl, Kennard, "Ridge Regression", Technometrics 1970. Whether it can, and at which penalty, is
    decided in time: what the first seven tenths teach must explain some of the variance of the
    rest.

    Parameters
    ----------
    vectors : float64 array of shape (n, d)
        The vectors of each record's texts, in order of time; the latest 20,000 count.
    numbers : float64 array of shape (n,)
        The number in the same records; NaN where it is missing.

    Returns
    -------
    Regression or None
        None where texts say too little of the number, or there are fewer than 200.
    """
    rows, values = vectors[-_MOST_ROWS:], numbers[-_MOST_ROWS:]
    known = np.isfinite(values) & rows.any(axis=1)
    rows, values = rows[known], values[known]
    first = int(_FIRST_SHARE * len(values))
    if len(values) < _FEWEST_NUMBERS or not (values[:first].std() and values[first:].std()):
        return None
    errors = [
        float(np.mean((values[first:] - regression.of(rows[first:])) ** 2))
        for regression in _ridges(rows[:first], values[:first], _PENALTIES)
    ]
    best = int(np.argmin(errors))
    if 1.0 - errors[best] / float(np.var(values[first:])) < _LEAST_R2:
        return None
    return _ridges(rows, values, (_PENALTIES[best],))[0]


def _ridges(
    rows: NDArray[np.float64], values: NDArray[np.float64], penalties: tuple[float, ...]
) -> list[Regression]:
    mean, center = float(values.mean()), rows.mean(axis=0)
    moved = rows - center
    products, answers = moved.T @ moved, moved.T @ (values - mean)
    one, limits = np.eye(len(products)), (float(values.min()), float(values.max()))
    return [
        Regression(mean, center, np.linalg.solve(products + penalty * one, answers), limits)
        for penalty in penalties
    ]
