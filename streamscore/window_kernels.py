"""The compiled fold of a calibration window.

The window is a ring of scores in their order of arrival, and the same scores sorted, in blocks: one
score leaves and one comes with every record, and in one sorted array of 5,000 that would move a
third of them. All kernels are in this file because numba recompiles what it has cached when the
file changes that it is in, and not when one changes that it imports.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

BLOCK = 64
"""Scores in a block after `spread`; a block has room for twice as many."""

EXTREME_MEMORY = 1000
_EXTREME_SHARE_OF_DRIFT = 0.03
_EXTREME_RANK = 0.1
_EXTREME_TAIL = 1 / 30
_TAIL_SHARE = 0.02
_SMALLEST_TAIL = 1e-300


def make_blocks(
    ordered: NDArray[np.float64], capacity: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the blocks of sorted scores, and how many each holds.

    Parameters
    ----------
    ordered : float64 array of shape (m,)
        Ascending, m at most `capacity`.
    capacity : int
        The most scores that there will be.
    """
    count = capacity // BLOCK + 1
    blocks = np.zeros((count, 2 * BLOCK))
    counts = np.zeros(count, np.int64)
    spread(blocks, counts, ordered)
    return blocks, counts


@njit(cache=True, nogil=True)
def spread(blocks, counts, ordered):  # type: ignore[no-untyped-def]
    """Lay sorted scores into the blocks, `BLOCK` to each."""
    counts[:] = 0
    for i in range(len(ordered)):
        blocks[i // BLOCK, i % BLOCK] = ordered[i]
        counts[i // BLOCK] += 1


@njit(cache=True, nogil=True)
def fold(  # type: ignore[no-untyped-def]
    ring, blocks, counts, cursor, extremes, scores, rate, p_value, threshold, tail
):
    """Judge scores in order against the window, and take them in.

    `cursor` holds head and length of the ring, head of the extremes, how many of them are set.
    """
    for i in range(len(scores)):
        score = scores[i]
        length = cursor[1]
        p = (1.0 + length - _below(blocks, counts, score)) / (length + 1.0)
        allowed = int(np.floor(rate * (length + 1.0) + 1e-9))
        p_value[i] = p
        threshold[i] = _from_top(blocks, counts, allowed) if 0 < allowed <= length else np.inf
        tail[i] = _tail(blocks, counts, length, score, p) if p <= _TAIL_SHARE else p
        extreme = p < _EXTREME_RANK * rate and score > _far_score(blocks, counts, length, rate)
        if _is_kept(extremes, cursor, extreme):
            _replace_oldest(ring, blocks, counts, cursor, score)


@njit(cache=True, nogil=True)
def _block_of(blocks, counts, score):  # type: ignore[no-untyped-def]
    """The first block with a score of at least this; the last one where there is none."""
    for block in range(len(counts) - 1):
        count = counts[block]
        if count > 0 and blocks[block, count - 1] >= score:
            return block
    return len(counts) - 1


@njit(cache=True, nogil=True)
def _below(blocks, counts, score):  # type: ignore[no-untyped-def]
    """How many scores are less."""
    block = _block_of(blocks, counts, score)
    below = np.searchsorted(blocks[block, : counts[block]], score)
    for before in range(block):
        below += counts[before]
    return below


@njit(cache=True, nogil=True)
def _from_top(blocks, counts, rank):  # type: ignore[no-untyped-def]
    """The score of a rank, 1 being the highest."""
    block = len(counts) - 1
    while rank > counts[block]:
        rank -= counts[block]
        block -= 1
    return blocks[block, counts[block] - rank]


@njit(cache=True, nogil=True)
def _tail(blocks, counts, length, score, p):  # type: ignore[no-untyped-def]
    above = int(_TAIL_SHARE * length)
    if above < 5:
        return p
    start = _from_top(blocks, counts, above + 1)
    excess = 0.0
    left = above
    for block in range(len(counts) - 1, -1, -1):
        # From the highest score down, so that the sum does not depend on the blocks' ends.
        for place in range(counts[block] - 1, -1, -1):
            excess += blocks[block, place] - start
            left -= 1
            if left == 0:
                break
        if left == 0:
            break
    if excess <= 0.0:
        return p
    continued = _TAIL_SHARE * np.exp(-(score - start) * above / excess)
    return max(min(p, continued), _SMALLEST_TAIL)


@njit(cache=True, nogil=True)
def _far_score(blocks, counts, length, rate):  # type: ignore[no-untyped-def]
    # Where a tail of P(score > x) = exp(-x / mean) falls from 2% to the share of an extreme.
    low = _from_top(blocks, counts, length - int(0.9 * length))
    high = _from_top(blocks, counts, length - int(0.98 * length))
    mean = (high - low) / np.log(0.1 / 0.02)
    return high + mean * np.log(0.02 / (_EXTREME_TAIL * rate))


@njit(cache=True, nogil=True)
def _is_kept(extremes, cursor, is_extreme):  # type: ignore[no-untyped-def]
    at = cursor[2]
    cursor[3] += np.int64(is_extreme) - np.int64(extremes[at])
    extremes[at] = is_extreme
    cursor[2] = (at + 1) % len(extremes)
    return not is_extreme or cursor[3] > _EXTREME_SHARE_OF_DRIFT * len(extremes)


@njit(cache=True, nogil=True)
def _replace_oldest(ring, blocks, counts, cursor, score):  # type: ignore[no-untyped-def]
    head, length = cursor[0], cursor[1]
    if length == len(ring):
        _remove(blocks, counts, ring[head])
    else:
        cursor[1] = length + 1
    _insert(blocks, counts, score)
    ring[head] = score
    cursor[0] = (head + 1) % len(ring)


@njit(cache=True, nogil=True)
def _remove(blocks, counts, score):  # type: ignore[no-untyped-def]
    block = _block_of(blocks, counts, score)
    last = counts[block] - 1
    for place in range(np.searchsorted(blocks[block, : last + 1], score), last):
        blocks[block, place] = blocks[block, place + 1]
    counts[block] = last


@njit(cache=True, nogil=True)
def _insert(blocks, counts, score):  # type: ignore[no-untyped-def]
    block = _block_of(blocks, counts, score)
    if counts[block] == blocks.shape[1]:
        spread(blocks, counts, _ordered(blocks, counts))
        block = _block_of(blocks, counts, score)
    count = counts[block]
    place = np.searchsorted(blocks[block, :count], score)
    for i in range(count, place, -1):
        blocks[block, i] = blocks[block, i - 1]
    blocks[block, place] = score
    counts[block] = count + 1


@njit(cache=True, nogil=True)
def _ordered(blocks, counts):  # type: ignore[no-untyped-def]
    out = np.empty(counts.sum())
    at = 0
    for block in range(len(counts)):
        for place in range(counts[block]):
            out[at] = blocks[block, place]
            at += 1
    return out
