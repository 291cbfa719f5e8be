"""The tail of one channel: how seldom a normal record scores as high.

Channels score in units of their own. What they have in common is the share of normal records that
score at least as high, so t = -ln P(score >= s) is what is weighed and compared. Below the 98th
percentile the share is the one that was counted. Above it excesses are continued by a generalised
Pareto tail (Pickands, "Statistical inference using extreme order statistics", 1975) whose shape and
scale come from their mean and variance (Hosking, Wallis, "Parameter and quantile estimation for the
generalized Pareto distribution", 1987); its shape is held in [0, 0.5], 0 being the exponential one.
A channel with few different values has no such tail.

What is higher than all n that were counted is as rare as can be told, once in n + 1. From there on
t grows with the logarithm alone, of the excess or of what the continuation says: enough to rank by,
and no channel can outshout the others by a tail that nobody has seen.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_TAIL_SHARE = 0.02
_KNOTS = 512
_FEWEST_EXCESSES = 20
_LARGEST_SHARE = 0.1
_MOST_REPEATED = 0.2
"""An excess that more than this share of the excesses has is no continuous tail's."""


class Tail(NamedTuple):
    """What `fit_tail` learned.

    Attributes
    ----------
    knots : float64 array of shape (m,)
        Ascending, different scores.
    surprise : float64 array of shape (m,)
        t of a score that is at most the knot and above the one before; not falling, at least 0.
    start : float
        Where the continuation begins; infinite where there is none.
    scale, shape : float
        Of the continuation: the scale is above 0, the shape in [0, 0.5].
    limit : float
        t of what is as rare as can be told, ln(n + 1).
    """

    knots: NDArray[np.float64]
    surprise: NDArray[np.float64]
    start: float
    scale: float
    shape: float
    limit: float

    def of(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return t = -ln P(score >= s): float64 of shape (n,), at least 0.

        Examples
        --------
        >>> tail = fit_tail(np.arange(1000.0))
        >>> tail.of(np.array([-1.0, 500.0])).round(2).tolist()
        [0.0, 0.69]
        """
        found: NDArray[np.float64] = _surprises(
            np.ascontiguousarray(scores, np.float64), self.knots, self.surprise, *self[2:]
        )
        return found


def fit_tail(scores: NDArray[np.float64]) -> Tail:
    """Learn a channel's tail from the scores of records that it was not fit on.

    Parameters
    ----------
    scores : float64 array of shape (n,)
        Finite scores, n at least 1.
    """
    ordered = np.sort(scores)
    n = len(ordered)
    different, first = np.unique(ordered, return_index=True)
    surprise = np.log((n + 1.0) / (1.0 + n - first))
    start, scale, shape = _continuation(ordered)
    kept = _kept(len(different))
    knots, surprise = different[kept], surprise[kept]
    if not np.isfinite(start):
        # How far beyond the highest score counts is measured by how far the scores lie apart.
        # Where they are all alike nothing is known but the unit that the channel scores in.
        scale = float(np.ptp(ordered)) or 1.0
        knots = np.append(knots, np.nextafter(knots[-1], np.inf))
        surprise = np.append(surprise, np.log(n + 1.0))
    return Tail(knots, surprise, start, scale, shape, float(np.log(n + 1.0)))


def _kept(count: int) -> NDArray[np.int64]:
    """Places of the knots: few at the bottom, every one of the highest."""
    half = _KNOTS // 2
    below = np.linspace(0, max(count - half - 1, 0), half).astype(np.int64)
    return np.unique(np.concatenate([below, np.arange(max(count - half, 0), count)]))


def _continuation(ordered: NDArray[np.float64]) -> tuple[float, float, float]:
    # Of a short history more than the highest 2% are excesses: fewer say nothing of a shape.
    above = max(int(_TAIL_SHARE * len(ordered)), _FEWEST_EXCESSES)
    if above > _LARGEST_SHARE * len(ordered):
        return np.inf, 1.0, 0.0
    start = float(ordered[-above - 1])
    excess = ordered[-above:] - start
    most_repeated = int(np.unique(excess, return_counts=True)[1].max())
    mean, variance = float(excess.mean()), float(excess.var())
    if most_repeated > _MOST_REPEATED * above or mean <= 0.0 or variance <= 0.0:
        return np.inf, 1.0, 0.0
    shape = float(np.clip(0.5 * (1.0 - mean * mean / variance), 0.0, 0.5))
    return start, mean * (1.0 - shape), shape


@njit(cache=True, nogil=True)
def _surprises(scores, knots, surprise, start, scale, shape, limit):  # type: ignore[no-untyped-def]
    out = np.empty(len(scores))
    # What the lowest excess was counted as; of a long history it may not be among the knots.
    lowest = min(np.searchsorted(knots, start, side="right"), len(knots) - 1)
    begun = min(surprise[lowest], -np.log(_TAIL_SHARE))
    for i in range(len(scores)):
        score = scores[i]
        counted = surprise[min(np.searchsorted(knots, score), len(knots) - 1)]
        if score > start:
            excess = (score - start) / scale
            continued = np.log1p(shape * excess) / shape if shape > 1e-6 else excess
            told = continued + begun
            out[i] = told if told <= limit else limit + np.log1p(told - limit)
        elif score > knots[-1]:
            out[i] = counted + np.log1p((score - knots[-1]) / scale)
        else:
            out[i] = counted
    return out
