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

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.errors import BundleError

_TAIL_SHARE = 0.02
_KNOTS = 512
_FEWEST_EXCESSES = 20
_LARGEST_SHARE = 0.1
_MOST_REPEATED = 0.2
"""An excess that more than this share of the excesses has is no continuous tail's."""

FARTHEST = 1e200
"""Excesses are cut to this, in units of the scale, so that every rarity is finite."""

STRAIGHT = 1e-6
"""A tail of at most this shape is continued as the exponential one."""


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
        place = np.minimum(np.searchsorted(self.knots, scores), len(self.knots) - 1)
        counted = self.surprise[place]
        excess = _excess(scores, self.knots[-1], self.scale)
        told = self._continued(scores)
        limited = self.limit + np.log1p(np.maximum(told - self.limit, 0.0))
        found: NDArray[np.float64] = np.where(
            scores > self.start, np.minimum(told, limited), counted + np.log1p(excess)
        )
        return found

    @property
    def begun(self) -> float:
        """What the lowest excess was counted as: t where the continuation begins."""
        # Of a long history it may not be among the knots.
        above = int(np.searchsorted(self.knots, self.start, side="right"))
        counted = float(self.surprise[min(above, len(self.knots) - 1)])
        return min(counted, -float(np.log(_TAIL_SHARE)))

    def _continued(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if not np.isfinite(self.start):
            return np.zeros(len(scores))
        excess = _excess(scores, self.start, self.scale)
        is_straight = self.shape <= STRAIGHT
        told = excess if is_straight else np.log1p(self.shape * excess) / self.shape
        return told + self.begun


def _excess(scores: NDArray[np.float64], start: float, scale: float) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.clip((scores - start) / scale, 0.0, FARTHEST)


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


def restored_tail(arrays: Mapping[str, NDArray[Any]]) -> Tail:
    """Rebuild a tail from a bundle.

    Raises
    ------
    KeyError, BundleError
        When the arrays are not a tail's.
    """
    knots, surprise = arrays["knots"], arrays["surprise"]
    start, scale, shape, limit = (float(arrays[name]) for name in Tail._fields[2:])
    if not (
        knots.ndim == 1
        and knots.shape == surprise.shape
        and len(knots) > 0
        and bool(np.isfinite(knots).all() and np.isfinite(surprise).all())
        and bool((np.diff(knots) > 0.0).all())
        and scale > 0.0
        and 0.0 <= shape < np.inf
        and not np.isnan(start)
        and np.isfinite(limit)
    ):
        raise BundleError(
            "a tail has ascending knots, a surprise for each, a scale above 0 and a shape of at "
            f"least 0; got knots {knots.shape}, surprise {surprise.shape}, start {start}, scale "
            f"{scale}, shape {shape}, limit {limit}"
        )
    return Tail(knots, surprise, start, scale, shape, limit)
