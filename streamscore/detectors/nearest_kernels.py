"""The nearest of some reference rows, found by compiled code.

Among rows of a dozen features or more, boxes and trees rule out too few: each point is compared
with each row. One feature of 256 rows lies side by side, so that the processor takes several at
once, and eight points in turn are compared with them while they are in its nearest cache. Distances
are float32. Of the squares of each eight rows the least is kept: what at least k of those are
within, the k nearest rows are within too, and hardly any other.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK_ROWS = 256

_TOGETHER = 8
"""Points that are compared with a block while it is at hand."""
_OCTETS = BLOCK_ROWS // 8
"""Octets of a block: rows `j`, `j + 32`, `j + 64` and so on are one."""
_SPARE = 4
"""Octets beyond k that may be looked into: finding exactly k of them takes longer."""
_LINE_BYTES = 64
"""A line of the cache."""
_MOST = np.int32(2**31 - 1)


class Blocks(NamedTuple):
    """Reference rows, as the kernel reads them.

    Attributes
    ----------
    rows : float32 array of shape (blocks, f, 256)
        The features of the rows of each block.
    start : float32 array of shape (blocks, 256)
        Zero, and infinity where the last block has no row.
    numbers : int
        How many features are numbers; the others are compared.
    weights : float32 array of shape (f - numbers,)
        What a difference in a compared feature adds to the square of the distance.
    """

    rows: NDArray[np.float32]
    start: NDArray[np.float32]
    numbers: int
    weights: NDArray[np.float32]


def make_blocks(rows: NDArray[np.float32], numbers: int, weights: NDArray[np.float64]) -> Blocks:
    """Lay rows, of shape (m, f), out for the kernel; the other arguments are as in `Blocks`."""
    count, width = rows.shape
    blocks = -(-count // BLOCK_ROWS)
    padded = np.zeros((blocks * BLOCK_ROWS, width), np.float32)
    padded[:count] = rows
    laid, start = _aligned((blocks, width, BLOCK_ROWS)), _aligned((blocks, BLOCK_ROWS))
    laid[:] = padded.reshape(blocks, BLOCK_ROWS, width).transpose(0, 2, 1)
    start.reshape(-1)[count:] = np.inf
    return Blocks(laid, start, numbers, weights.astype(np.float32))


def _aligned(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Zeros that begin where a line of the cache does: else each second look-up fetches two."""
    size, numbers = math.prod(shape), _LINE_BYTES // 4
    spare = np.zeros(size + numbers, np.float32)
    first = -spare.ctypes.data % _LINE_BYTES // 4
    return spare[first : first + size].reshape(shape)


@njit(cache=True, nogil=True)
def nearest_rows(points, beyond, blocks, k):  # type: ignore[no-untyped-def]
    """Find the k nearest reference rows of each point.

    Parameters
    ----------
    points : float32 array of shape (n, g)
        Points; the first f features are those of the reference rows.
    beyond : float64 array of shape (n,)
        What features that the reference rows have not add to the squares of a point's distances.
    blocks : Blocks
        The reference rows; at least k.
    k : int
        How many are looked for.

    Returns
    -------
    float64 array of shape (n, k), int64 array of shape (n, k)
        Distances, in no order, and the places of the rows.
    """
    rows, start, numbers, weights = blocks
    squares = np.empty((len(rows), _TOGETHER, BLOCK_ROWS), np.float32)
    least = np.empty(len(rows) * _OCTETS, np.int32)
    octets, chosen = np.empty(len(least) + 1, np.uint64), np.empty(start.size + 1, np.uint64)
    near, near_squares = np.empty(start.size + 1, np.uint64), np.empty(start.size + 1, np.float32)
    bits, near_bits = squares.view(np.int32), near_squares.view(np.int32)
    distances = np.empty((len(points), k))
    places = np.empty((len(points), k), np.int64)
    for first in range(0, len(points), _TOGETHER):
        some = points[first : first + _TOGETHER]
        for block in range(len(rows)):
            _measure(some, rows[block], start[block], numbers, weights, squares[block])
        for i in range(len(some)):
            _write_least(bits, i, least)
            count = _write_near(bits, i, least, k, octets, near, near_bits)
            _choose(near_bits[:count], k, chosen)
            for j in range(k):
                square = np.float64(near_squares[chosen[j]])
                distances[first + i, j] = np.sqrt(square + beyond[first + i])
                places[first + i, j] = near[chosen[j]]
    return distances, places


@njit(cache=True, nogil=True)
def _measure(points, rows, start, numbers, weights, squares):  # type: ignore[no-untyped-def]
    for i in range(len(points)):
        own = squares[i]
        for j in range(BLOCK_ROWS):
            own[j] = start[j]
    # Two features at a time, so that sums are fetched and put back half as often.
    for f in range(0, numbers - 1, 2):
        _add_two_numbers(points, rows, f, squares)
    if numbers % 2:
        _add_number(points, rows, numbers - 1, squares)
    for f in range(numbers, len(rows) - 1, 2):
        _add_two_compared(points, rows, f, weights[f - numbers :], squares)
    if (len(rows) - numbers) % 2:
        _add_compared(points, rows, len(rows) - 1, weights[-1], squares)


# A product may be joined with the sum that follows it; additions keep their order.
@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_two_numbers(points, rows, f, squares):  # type: ignore[no-untyped-def]
    one, other = rows[f], rows[f + 1]
    for i in range(len(points)):
        p, q, own = points[i, f], points[i, f + 1], squares[i]
        for j in range(BLOCK_ROWS):
            a, b = p - one[j], q - other[j]
            own[j] = own[j] + a * a + b * b


@njit(cache=True, nogil=True, fastmath={"contract"})
def _add_number(points, rows, f, squares):  # type: ignore[no-untyped-def]
    one = rows[f]
    for i in range(len(points)):
        p, own = points[i, f], squares[i]
        for j in range(BLOCK_ROWS):
            a = p - one[j]
            own[j] += a * a


@njit(cache=True, nogil=True)
def _add_two_compared(points, rows, f, weights, squares):  # type: ignore[no-untyped-def]
    one, other, v, w = rows[f], rows[f + 1], weights[0], weights[1]
    same = np.float32(0.0)
    for i in range(len(points)):
        p, q, own = points[i, f], points[i, f + 1], squares[i]
        for j in range(BLOCK_ROWS):
            own[j] += (same if p == one[j] else v) + (same if q == other[j] else w)


@njit(cache=True, nogil=True)
def _add_compared(points, rows, f, weight, squares):  # type: ignore[no-untyped-def]
    one, same = rows[f], np.float32(0.0)
    for i in range(len(points)):
        p, own = points[i, f], squares[i]
        for j in range(BLOCK_ROWS):
            own[j] += same if p == one[j] else weight


# Squares are not negative, and so their bits, read as integers, are in the same order as they are.
@njit(cache=True, nogil=True)
def _write_least(bits, i, least):  # type: ignore[no-untyped-def]
    for block in range(len(bits)):
        theirs, own = bits[block, i], least[block * _OCTETS : (block + 1) * _OCTETS]
        for j in range(_OCTETS):
            lowest = theirs[j]
            for begin in range(_OCTETS, BLOCK_ROWS, _OCTETS):
                lowest = min(lowest, theirs[begin + j])
            own[j] = lowest


# What is not wanted is overwritten by the next, for a jump that is guessed wrong takes longer.
# Places are unsigned: an index that may be negative costs a test at each look-up.
@njit(cache=True, nogil=True)
def _write_near(bits, i, least, k, octets, near, near_bits):  # type: ignore[no-untyped-def]
    """Write the places and the bits of at least k rows, all of the nearest among them."""
    rows, step = np.uint64(BLOCK_ROWS), np.uint64(_OCTETS)
    limit = _limit(least, k, _SPARE) if len(least) >= k else _MOST
    some, count = np.uint64(0), np.uint64(0)
    for octet in range(len(least)):
        octets[some] = octet
        some += np.uint64(least[octet] <= limit)
    for octet in octets[:some]:
        if count >= k and least[octet] == limit:
            continue  # nothing in it is nearer, and rows that are alike can be very many
        block, first = octet // step, octet % step
        theirs = bits[block, i]
        for j in range(first, rows, step):
            near[count], near_bits[count] = block * rows + j, theirs[j]
            count += np.uint64(theirs[j] <= limit)
    return count


@njit(cache=True, nogil=True)
def _choose(bits, k, chosen):  # type: ignore[no-untyped-def]
    """Write the places of the k least first; of several that are equal those that come first."""
    limit, count = _limit(bits, k, 0), np.uint64(0)
    for i in range(len(bits)):
        chosen[count] = i
        count += np.uint64(bits[i] < limit)
    for i in range(len(bits)):
        chosen[count] = i
        count += np.uint64(bits[i] == limit)


# With integers of 32 bits all along, and by index, the processor takes several at once.
@njit(cache=True, nogil=True)
def _limit(bits, k, spare):  # type: ignore[no-untyped-def]
    """Halve until k to k + spare of the integers are within the limit, or more where some tie."""
    low, high, within = _MOST, -_MOST, np.int32(len(bits))
    for i in range(len(bits)):
        low, high = min(low, bits[i]), max(high, bits[i])
    low = np.int32(low - 1)
    while within > k + spare and high - low > 1:
        middle = np.int32(low + (high - low) // 2)
        count = np.int32(0)
        for i in range(len(bits)):
            count = np.int32(count + (bits[i] <= middle))
        if count < k:
            low = middle
        else:
            high, within = middle, count
    return high
