"""Compiled look-up of pairs of values."""

import numpy as np
from numba import njit

from streamscore.detectors.codebook_kernels import code_of


@njit(cache=True, nogil=True)
def largest_holes(
    matrix, low, per_unit, is_exact, starts, slots, known, pairs, firsts, evidence
):  # type: ignore[no-untyped-def]
    """Most evidence that a pair of columns gives: float64 of shape (n,), at least 0.

    Parameters are those of `Codebook` and `PairSurprise`.
    """
    out = np.zeros(matrix.shape[0])
    codes = np.zeros(len(known), np.int64)
    for row in range(matrix.shape[0]):
        for i in range(len(known)):
            codes[i] = code_of(
                matrix[row, i],
                low[i],
                per_unit[i],
                is_exact[i],
                starts[i],
                starts[i + 1],
                slots,
                known[i],
            )
        largest = np.float32(0.0)
        for k in range(len(pairs)):
            i, j = pairs[k, 0], pairs[k, 1]
            largest = max(largest, evidence[firsts[k] + codes[i] * (known[j] + 3) + codes[j]])
        out[row] = largest
    return out
