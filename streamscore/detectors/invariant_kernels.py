"""Compiled checks of relations."""

import numpy as np
from numba import njit

from streamscore.detectors.codebook_kernels import BLOCK, write_codes

_TOLERANCE = 1e-3
"""Sums of whole numbers are whole: what is further off is another number."""


@njit(cache=True, nogil=True)
def broken(matrix, rules, relations):  # type: ignore[no-untyped-def]
    """Which relations rows break: float64 of shape (n, m + k), 0 or 1.

    A relation of which a value is missing, or one that history never translated, is not judged.
    `rules` are those of `Codebook`, `relations` the arrays of `Relations`.
    """
    coefficients, constants, pairs, firsts, translated, weights = relations
    known = rules[5]
    m = len(constants)
    out = np.zeros((matrix.shape[0], len(weights)))
    codes = np.empty((len(known), BLOCK), np.uint32)
    terms = [np.flatnonzero(coefficients[r]) for r in range(m)]
    for begin in range(0, matrix.shape[0], BLOCK):
        rows = min(BLOCK, matrix.shape[0] - begin)
        for row in range(begin, begin + rows):
            for r in range(m):
                total = -constants[r]
                for i in terms[r]:
                    total += coefficients[r, i] * matrix[row, i]
                # False where a value is missing.
                out[row, r] = abs(total) > _TOLERANCE
        if len(pairs):
            write_codes(matrix, begin, rows, rules, codes)
        for k in range(len(pairs)):
            x, y = pairs[k]
            missing = known[y] + 2
            for row in range(rows):
                expected = translated[firsts[k] + codes[x, row]]
                seen = codes[y, row]
                is_judged = expected >= 0 and seen != missing
                out[begin + row, m + k] = is_judged and seen != expected
    return out
