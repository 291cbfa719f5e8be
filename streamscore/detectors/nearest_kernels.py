"""The nearest of some reference rows, found by compiled code.

Reference rows lie in leaves of 64, as a k-d tree would split them (Bentley, "Multidimensional
binary search trees used for associative searching", 1975), and are compared with a leaf at a time:
one feature of 64 rows lies side by side, so that the processor takes several at once. A leaf whose
box is farther away than the nearest rows found so far is passed over. Distances are float32.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

LEAF_ROWS = 64

_SLACK = np.float32(1.0001)
"""Boxes and rows are rounded differently: a box is passed over only where it is clearly farther."""


class Leaves(NamedTuple):
    """Reference rows, as the kernel reads them.

    Attributes
    ----------
    rows : float32 array of shape (leaves, f, 64)
        The features of the rows of each leaf.
    start : float32 array of shape (leaves, 64)
        Zero, and infinity where the last leaf has no row.
    low, high : float32 arrays of shape (f, leaves)
        The box of each leaf.
    numbers : int
        How many features are numbers; the others are compared.
    weights : float32 array of shape (f - numbers,)
        What a difference in a compared feature adds to the square of the distance.
    """

    rows: NDArray[np.float32]
    start: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    numbers: int
    weights: NDArray[np.float32]


def leaf_order(
    rows: NDArray[np.float32], numbers: int, weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Order rows so that each 64 in turn lie close together: the leaves of a k-d tree.

    Parameters
    ----------
    rows : float32 array of shape (m, f)
        The rows.
    numbers, weights
        As in `Leaves`.

    Returns
    -------
    int64 array of shape (m,)
        Their places, in the order of the leaves.
    """
    waiting, found = [np.arange(len(rows))], []
    while waiting:
        places = waiting.pop()
        if len(places) <= LEAF_ROWS or rows.shape[1] == 0:
            found.append(places)
            continue
        own = rows[places]
        widest = int(_spreads(own, numbers, weights).argmax())
        places = places[np.argsort(own[:, widest], kind="stable")]
        middle = -(-len(places) // (2 * LEAF_ROWS)) * LEAF_ROWS
        waiting += [places[middle:], places[:middle]]
    return np.concatenate(found).astype(np.int64)


def _spreads(
    rows: NDArray[np.float32], numbers: int, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean square by which two of the rows differ, by feature."""
    spreads: NDArray[np.float64] = 2.0 * rows.var(axis=0, dtype=np.float64)
    for i, weight in enumerate(weights, numbers):
        shares = np.unique(rows[:, i], return_counts=True)[1] / len(rows)
        spreads[i] = weight * (1.0 - (shares * shares).sum())
    return spreads


def make_leaves(rows: NDArray[np.float32], numbers: int, weights: NDArray[np.float64]) -> Leaves:
    """Lay rows, in the order of `leaf_order`, out for the kernel."""
    count, width = rows.shape
    leaves = -(-count // LEAF_ROWS)
    padded = np.concatenate([rows, np.repeat(rows[-1:], leaves * LEAF_ROWS - count, axis=0)])
    cut = padded.reshape(leaves, LEAF_ROWS, width)
    start = np.zeros((leaves, LEAF_ROWS), np.float32)
    start.reshape(-1)[count:] = np.inf
    return Leaves(
        np.ascontiguousarray(cut.transpose(0, 2, 1)),
        start,
        np.ascontiguousarray(cut.min(axis=1).T),
        np.ascontiguousarray(cut.max(axis=1).T),
        numbers,
        weights.astype(np.float32),
    )


# Additions keep their order: only a product may be joined with the sum that follows it.
@njit(cache=True, nogil=True, fastmath={"contract"})
def nearest_rows(points, beyond, leaves, k):  # type: ignore[no-untyped-def]
    """Find the k nearest reference rows of each point.

    Parameters
    ----------
    points : float32 array of shape (n, g)
        Points; the first f features are those of the reference rows.
    beyond : float64 array of shape (n,)
        What features that the reference rows have not add to the squares of a point's distances.
    leaves : Leaves
        The reference rows; at least k.
    k : int
        How many are looked for.

    Returns
    -------
    float64 array of shape (n, k), int64 array of shape (n, k)
        Distances, ascending, and the places of the rows in the order of the leaves.
    """
    rows, start, low, high, numbers, weights = leaves
    bounds = np.empty(len(rows), np.float32)
    squares = np.empty(start.shape[1], np.float32)
    nearest = np.empty(k, np.float32)
    distances = np.empty((len(points), k))
    places = np.empty((len(points), k), np.int64)
    for row in range(len(points)):
        point, own = points[row], places[row]
        nearest[:] = np.inf
        own[:] = 0
        _measure_boxes(point, low, high, numbers, weights, bounds)
        first = np.argmin(bounds)
        _measure(point, rows, start, first, numbers, weights, squares)
        _take(squares, first, nearest, own)
        for leaf in range(len(rows)):
            if leaf != first and bounds[leaf] <= nearest[k - 1] * _SLACK:
                _measure(point, rows, start, leaf, numbers, weights, squares)
                _take(squares, leaf, nearest, own)
        for i in range(k):
            distances[row, i] = np.sqrt(np.float64(nearest[i]) + beyond[row])
    return distances, places


@njit(cache=True, nogil=True, fastmath={"contract"})
def _measure_boxes(point, low, high, numbers, weights, bounds):  # type: ignore[no-untyped-def]
    bounds[:] = 0.0
    for i in range(len(low)):
        value, lows, highs = point[i], low[i], high[i]
        if i < numbers:
            for leaf in range(len(bounds)):
                outside = max(lows[leaf] - value, value - highs[leaf], np.float32(0.0))
                bounds[leaf] += outside * outside
        else:
            weight, none = weights[i - numbers], np.float32(0.0)
            for leaf in range(len(bounds)):
                below = weight if value < lows[leaf] else none
                bounds[leaf] += weight if value > highs[leaf] else below


@njit(cache=True, nogil=True, fastmath={"contract"})
def _measure(point, rows, start, leaf, numbers, weights, squares):  # type: ignore[no-untyped-def]
    for j in range(LEAF_ROWS):
        squares[j] = start[leaf, j]
    # Four features at a time, so that sums are fetched and put back a quarter as often.
    for i in range(0, numbers - 3, 4):
        _four_numbers(point, rows[leaf], i, squares)
    for i in range(numbers - numbers % 4, numbers):
        value, others = point[i], rows[leaf, i]
        for j in range(LEAF_ROWS):
            difference = value - others[j]
            squares[j] += difference * difference
    for i in range(numbers, rows.shape[1] - 3, 4):
        _four_compared(point, rows[leaf], i, weights[i - numbers :], squares)
    compared = rows.shape[1] - numbers
    for i in range(rows.shape[1] - compared % 4, rows.shape[1]):
        value, others, weight = point[i], rows[leaf, i], weights[i - numbers]
        for j in range(LEAF_ROWS):
            squares[j] += np.float32(0.0) if value == others[j] else weight


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _four_numbers(point, rows, i, squares):  # type: ignore[no-untyped-def]
    p, q, r, s = point[i], point[i + 1], point[i + 2], point[i + 3]
    ps, qs, rs, ss = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
    for j in range(LEAF_ROWS):
        a, b, c, d = p - ps[j], q - qs[j], r - rs[j], s - ss[j]
        squares[j] += (a * a + b * b) + (c * c + d * d)


@njit(cache=True, nogil=True, inline="always")
def _four_compared(point, rows, i, weights, squares):  # type: ignore[no-untyped-def]
    p, q, r, s = point[i], point[i + 1], point[i + 2], point[i + 3]
    ps, qs, rs, ss = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
    pw, qw, rw, sw = weights[0], weights[1], weights[2], weights[3]
    same = np.float32(0.0)
    for j in range(LEAF_ROWS):
        a, b = same if p == ps[j] else pw, same if q == qs[j] else qw
        c, d = same if r == rs[j] else rw, same if s == ss[j] else sw
        squares[j] += (a + b) + (c + d)


# No square is NaN, so that the processor may look at several at once.
@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _least(squares):  # type: ignore[no-untyped-def]
    least = np.float32(np.inf)
    for j in range(LEAF_ROWS):
        least = min(least, squares[j])
    return least


@njit(cache=True, nogil=True)
def _take(squares, leaf, nearest, places):  # type: ignore[no-untyped-def]
    last = len(nearest) - 1
    if not _least(squares) < nearest[last]:
        return
    for j in range(LEAF_ROWS):
        square = squares[j]
        if square < nearest[last]:
            i = last
            while i > 0 and nearest[i - 1] > square:
                nearest[i], places[i] = nearest[i - 1], places[i - 1]
                i -= 1
            nearest[i], places[i] = square, leaf * LEAF_ROWS + j
