"""Compiled look-up of pairs of values."""

import numpy as np
from numba import njit

from streamscore.detectors.codebook_kernels import BLOCK, write_codes


@njit(cache=True, nogil=True)
def largest_evidence(matrix, rules, pairs, firsts, evidence):  # type: ignore[no-untyped-def]
    """Most that a pair of columns says: float64 of shape (n,), at least 0.

    `rules` are those of `Codebook`, the others those of `PairSurprise`, whole numbers unsigned.
    """
    known = rules[5]
    out = np.zeros(matrix.shape[0])
    codes = np.empty((len(known), BLOCK), np.uint32)
    largest = np.empty(BLOCK, np.float32)
    for begin in range(0, matrix.shape[0], BLOCK):
        rows = min(BLOCK, matrix.shape[0] - begin)
        write_codes(matrix, begin, rows, rules, codes)
        largest[:] = 0.0
        for k in range(len(pairs)):
            x, y = codes[pairs[k, 0]], codes[pairs[k, 1]]
            first, width = firsts[k], known[pairs[k, 1]] + np.uint32(3)
            for row in range(rows):
                largest[row] = max(largest[row], evidence[first + x[row] * width + y[row]])
        out[begin : begin + rows] = largest[:rows]
    return out


@njit(cache=True, nogil=True)
def told_by_pairs(codes, rules, pairs, firsts, evidence, telling):  # type: ignore[no-untyped-def]
    """What the pairs of each column of some rows say.

    Parameters
    ----------
    codes : uint32 array of shape (n, d)
        Codes of the rows.
    rules, pairs, firsts, evidence
        As of `largest_evidence`.
    telling : float
        Pairs that say less than this part of what a row's most telling one does are left out.

    Returns
    -------
    float64 of shape (n, d), int64 of shape (n, d), float64 of shape (n, d)
        Their sum; of the most telling one, the other column, the column itself where there is none,
        and what it says.
    """
    known = rules[5]
    parts = np.zeros(codes.shape)
    others = np.empty(codes.shape, np.int64)
    most = np.zeros(codes.shape)
    said = np.empty(len(pairs))
    for row in range(len(codes)):
        others[row] = np.arange(codes.shape[1])
        for k in range(len(pairs)):
            i, j = pairs[k]
            place = firsts[k] + codes[row, i] * (known[j] + np.uint32(3)) + codes[row, j]
            said[k] = evidence[place]
        least = telling * said.max() if len(said) else 0.0
        for k in range(len(pairs)):
            if said[k] <= 0.0 or said[k] < least:
                continue
            for side in range(2):
                i, j = pairs[k, side], pairs[k, 1 - side]
                parts[row, i] += said[k]
                if said[k] > most[row, i]:
                    most[row, i], others[row, i] = said[k], j
    return parts, others, most
