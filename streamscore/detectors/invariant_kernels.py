"""Compiled checks of relations."""

import numpy as np
from numba import njit

from streamscore.detectors.codebook_kernels import code_of

_TOLERANCE = 1e-3
"""Sums of whole numbers are whole: what is further off is another number."""


@njit(cache=True, nogil=True)
def broken(
    matrix,
    low,
    per_unit,
    is_exact,
    starts,
    slots,
    known,
    coefficients,
    constants,
    pairs,
    firsts,
    translated,
    weights,
):  # type: ignore[no-untyped-def]
    """Which relations rows break: float64 of shape (n, m + k), 0 or 1.

    A relation of which a value is missing, or one that history never translated, is not judged.
    Parameters are those of `Codebook` and `Relations`.
    """
    m = len(constants)
    out = np.zeros((matrix.shape[0], len(weights)))
    terms = [np.flatnonzero(coefficients[r]) for r in range(m)]
    for row in range(matrix.shape[0]):
        for r in range(m):
            total = -constants[r]
            for i in terms[r]:
                total += coefficients[r, i] * matrix[row, i]
            # False where a value is missing.
            out[row, r] = abs(total) > _TOLERANCE
        for k in range(len(pairs)):
            x, y = pairs[k]
            codes = (
                code_of(
                    matrix[row, x],
                    low[x],
                    per_unit[x],
                    is_exact[x],
                    starts[x],
                    starts[x + 1],
                    slots,
                    known[x],
                ),
                code_of(
                    matrix[row, y],
                    low[y],
                    per_unit[y],
                    is_exact[y],
                    starts[y],
                    starts[y + 1],
                    slots,
                    known[y],
                ),
            )
            expected = translated[firsts[k] + codes[0]]
            is_judged = expected >= 0 and codes[1] != known[y] + 2
            out[row, m + k] = is_judged and codes[1] != expected
    return out
