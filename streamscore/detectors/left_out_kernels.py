"""The nearest rows with one column left out, found by compiled code.

What a column adds to the distances of the nearest rows says little of whether it is to blame: they
are near because they are alike in it, and differ elsewhere. So the nearest rows are looked for once
without each column. The squares of a block of rows are summed from both ends: what lies before a
column and what lies behind it is the distance without it, and nothing is taken away from a sum,
which would leave rounding alone beside a square that is far larger than the others.
"""

import numpy as np
from numba import njit

from streamscore.detectors.nearest_kernels import BLOCK_ROWS


@njit(cache=True, nogil=True)
def nearest_without(points, places, blocks, order, ends, k):  # type: ignore[no-untyped-def]
    """Find the squares of the distances to the k nearest rows, each column left out in turn.

    Parameters
    ----------
    points : float32 array of shape (n, g)
        Points; the first f features are those of the reference rows.
    places : int64 array of shape (n, k)
        The k nearest rows of each point, all columns taken.
    blocks : Blocks
        The reference rows; at least k.
    order : int64 array of shape (f,)
        Features, by their columns.
    ends : int64 array of shape (d,)
        Where the features of each column end in `order`.
    k : int
        How many are looked for.

    Returns
    -------
    float32 and int64 arrays of shape (n, d, k)
        Squares, in no order, and the rows that have them.
    """
    rows, start, numbers, weights = blocks
    d = len(ends)
    out = np.empty((len(points), d, k), np.float32)
    found = np.empty((len(points), d, k), np.int64)
    own, behind = np.empty((d, BLOCK_ROWS), np.float32), np.empty((d + 1, BLOCK_ROWS), np.float32)
    others = np.empty_like(start)
    for i in range(len(points)):
        # The nearest rows come first, so that hardly any other is nearer than what is known.
        others[:] = start
        for number in range(k):
            block, row = divmod(places[i, number], BLOCK_ROWS)
            others[block, row] = np.inf
            _measure(points[i], rows[block, :, row : row + 1], numbers, weights, order, ends, own)
            behind[d, 0] = 0.0
            _begin(own, behind, number, out[i])
            found[i, :, number] = places[i, number]
        for block in range(len(rows)):
            _measure(points[i], rows[block], numbers, weights, order, ends, own)
            behind[d] = others[block]
            _take(own, behind, block * BLOCK_ROWS, out[i], found[i])
    return out, found


@njit(cache=True, nogil=True)
def _begin(own, behind, number, nearest):  # type: ignore[no-untyped-def]
    """Write the squares of the first row without each column, as those of that number."""
    before = np.float32(0.0)
    for j in range(len(own) - 1, -1, -1):
        behind[j, 0] = behind[j + 1, 0] + own[j, 0]
    for j in range(len(own)):
        nearest[j, number] = before + behind[j + 1, 0]
        before += own[j, 0]


@njit(cache=True, nogil=True)
def _take(own, behind, first, nearest, places):  # type: ignore[no-untyped-def]
    """Take in what is nearer without a column than what is known, of rows from `first` on."""
    before, left = np.zeros(BLOCK_ROWS, np.float32), np.empty(BLOCK_ROWS, np.float32)
    for j in range(len(own) - 1, -1, -1):
        for row in range(BLOCK_ROWS):
            behind[j, row] = behind[j + 1, row] + own[j, row]
    for j in range(len(own)):
        known, theirs = nearest[j], places[j]
        farthest = np.argmax(known)
        if _add(before, behind[j + 1], left, known[farthest]):
            for row in range(BLOCK_ROWS):
                if left[row] < known[farthest]:
                    known[farthest], theirs[farthest] = left[row], first + row
                    farthest = np.argmax(known)
        for row in range(BLOCK_ROWS):
            before[row] += own[j, row]


@njit(cache=True, nogil=True)
def _measure(point, rows, numbers, weights, order, ends, own):  # type: ignore[no-untyped-def]
    """Write what each column adds to the squares of the distances of rows of shape (f, m)."""
    begin, same = 0, np.float32(0.0)
    for j in range(len(ends)):
        for row in range(rows.shape[1]):
            own[j, row] = 0.0
        for f in order[begin : ends[j]]:
            value, others = point[f], rows[f]
            if f < numbers:
                for row in range(rows.shape[1]):
                    apart = value - others[row]
                    own[j, row] += apart * apart
            else:
                weight = weights[f - numbers]
                for row in range(rows.shape[1]):
                    own[j, row] += same if value == others[row] else weight
        begin = ends[j]


@njit(cache=True, nogil=True)
def _add(before, behind, left, limit):  # type: ignore[no-untyped-def]
    """Write the sums of both, and count those below the limit."""
    count = np.int32(0)
    for row in range(len(left)):
        left[row] = before[row] + behind[row]
    for row in range(len(left)):
        count = np.int32(count + (left[row] < limit))
    return count
