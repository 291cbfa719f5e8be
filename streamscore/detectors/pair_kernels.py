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
