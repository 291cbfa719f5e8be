"""Weighing: channels' scores become one, each by how seldom it speaks.

A channel's score is worth its rarity, 1 / P(score >= s), by its own tail. The score of a record is

    ln sum of weight times rarity

over its channels: the harmonic mean of their p-values, weighed (Wilson, "The harmonic mean p-value
for combining dependent tests", PNAS 2019).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamscore.detectors.tail import FARTHEST, STRAIGHT, Tail

_BLOCK = 128
"""Rows that are weighed together."""

_CELLS = 1024
"""Cells of equal width between the lowest and the highest knot that is looked up."""

_LEAST_SURPLUS = 1e-9

_NARROWEST = 1e-300
"""Knots that lie closer together are in one cell."""


class _Learned(NamedTuple):
    """What the kernel reads of c channels with m knots in all.

    Attributes
    ----------
    firsts : int64 array of shape (c + 1,)
        Where the knots of each channel begin.
    knots, rarities : float64 arrays of shape (m,)
        The knots, and exp(surprise) at each.
    guide : int64 array of shape (c, _CELLS + 1)
        How many of the channel's knots lie in cells before each.
    cells : float64 array of shape (c, 2)
        The lowest knot, and how many cells a unit has.
    beyond : float64 array of shape (c, 5)
        `start`, `scale`, `shape`, `limit` and `begun` of each tail.
    weights : float64 array of shape (c,)
        What each channel counts for.
    """

    firsts: NDArray[np.int64]
    knots: NDArray[np.float64]
    rarities: NDArray[np.float64]
    guide: NDArray[np.int64]
    cells: NDArray[np.float64]
    beyond: NDArray[np.float64]
    weights: NDArray[np.float64]


class Weighing:
    """The tails and weights of all channels, laid out for one pass over the scores.

    Parameters
    ----------
    tails : sequence of Tail
        One a channel, at least one.
    weights : float64 array of shape (channels,)
        Above 0; what each channel counts for.
    """

    def __init__(self, tails: Sequence[Tail], weights: NDArray[np.float64]) -> None:
        cells = [_cells(tail) for tail in tails]
        beyond = [(one.start, one.scale, one.shape, one.limit, one.begun) for one in tails]
        self._learned = _Learned(
            firsts=np.cumsum([0, *(len(tail.knots) for tail in tails)]),
            knots=np.concatenate([tail.knots for tail in tails]),
            rarities=np.exp(np.concatenate([tail.surprise for tail in tails])),
            guide=np.array([_guide(*one) for one in zip(tails, cells, strict=True)]),
            cells=np.array(cells),
            beyond=np.array(beyond),
            weights=np.ascontiguousarray(weights, np.float64),
        )

    def parts(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighed rarity of each score: float64 of shape (n, channels), above 0."""
        parts = np.zeros(scores.shape)
        for channel in range(scores.shape[1]):
            _add(scores, channel, self._learned, parts[:, channel])
        return parts

    def surplus(self, parts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each channel adds to the least score there is, of what `parts` returned.

        A channel that scores as nearly all records do adds nothing, and has nothing to say. Where
        that is so of all channels, all add their weights.
        """
        weights = self._learned.weights
        surplus = np.maximum(parts - weights, 0.0)
        surplus[surplus.sum(axis=1) <= _LEAST_SURPLUS] = weights
        return surplus

    def score(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh scores of shape (n, channels): float64 of shape (n,), higher is more anomalous.

        Examples
        --------
        >>> from streamscore.detectors.tail import fit_tail
        >>> tails = [fit_tail(np.arange(1000.0)), fit_tail(np.zeros(1000))]
        >>> weighing = Weighing(tails, np.array([0.5, 0.5]))
        >>> weighing.score(np.array([[0.0, 0.0], [500.0, 0.0], [500.0, 1.0]])).round(1).tolist()
        [0.0, 0.4, 6.9]
        """
        total: NDArray[np.float64] = np.log(_sums(scores, self._learned))
        return total


def _cells(tail: Tail) -> tuple[float, float]:
    """Return the lowest knot of a tail, and how many cells a unit has."""
    lowest = float(tail.knots[0])
    width = min(float(tail.knots[-1]), tail.start) - lowest
    return lowest, _CELLS / width if width > _NARROWEST else 0.0


def _guide(tail: Tail, cells: tuple[float, float]) -> NDArray[np.int64]:
    """Count the knots before each cell: int64 of shape (_CELLS + 1,)."""
    lowest, per_unit = cells
    places = np.minimum((tail.knots - lowest) * per_unit, _CELLS - 1).astype(np.int64)
    counts: NDArray[np.int64] = np.searchsorted(places, np.arange(_CELLS + 1))
    return counts


@njit(cache=True, nogil=True)
def _sums(scores, learned):  # type: ignore[no-untyped-def]
    out = np.zeros(len(scores))
    # One channel after the other, whose knots stay near; few rows at a time, which stay near too.
    for begin in range(0, len(scores), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        for channel in range(scores.shape[1]):
            _add(scores[rows], channel, learned, out[rows])
    return out


@njit(cache=True, nogil=True)
def _add(scores, channel, learned, out):  # type: ignore[no-untyped-def]
    """Add the weighed rarities of a channel's scores."""
    firsts, all_knots, all_rarities, guide, cells, beyond, weights = learned
    own = slice(firsts[channel], firsts[channel + 1])
    knots, rarities, places = all_knots[own], all_rarities[own], guide[channel]
    lowest, per_unit = cells[channel]
    start, scale, shape, limit, begun = beyond[channel]
    weight = weights[channel]
    for row in range(len(scores)):
        score = scores[row, channel]
        if score <= lowest:
            rarity = rarities[0]
        elif score > start:
            rarity = _continued(min((score - start) / scale, FARTHEST), shape, limit, begun)
        elif score > knots[-1]:
            rarity = rarities[-1] * (1.0 + min((score - knots[-1]) / scale, FARTHEST))
        else:
            cell = np.int64(min((score - lowest) * per_unit, _CELLS - 1))
            rarity = rarities[_first_at_least(knots, score, places[cell], places[cell + 1])]
        out[row] += weight * rarity


@njit(cache=True, nogil=True)
def _continued(excess, shape, limit, begun):  # type: ignore[no-untyped-def]
    told = begun + (np.log1p(shape * excess) / shape if shape > STRAIGHT else excess)
    return np.exp(told) if told <= limit else np.exp(limit) * (1.0 + told - limit)


@njit(cache=True, nogil=True)
def _first_at_least(knots, score, first, last):  # type: ignore[no-untyped-def]
    """Return the place of the first knot that is at least the score; it is in [first, last]."""
    while first < last:
        middle = (first + last) // 2
        if knots[middle] < score:
            first = middle + 1
        else:
            last = middle
    return first
