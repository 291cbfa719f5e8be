"""Compiled look-up of codes."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, inline="always")
def code_of(value, low, per_unit, is_exact, start, end, slots, known):  # type: ignore[no-untyped-def]
    """Return the code of one value of one column; parameters are those of `Codebook`."""
    place = (value - low) * per_unit
    if place >= 0.0:
        if place >= end - start:
            return known
        slot = np.int64(place)
        if is_exact and slot != place:
            return known
        return np.int64(slots[start + slot])
    return known + 1 if place < 0.0 else known + 2


@njit(cache=True, nogil=True)
def codes_of(matrix, low, per_unit, is_exact, starts, slots, known):  # type: ignore[no-untyped-def]
    """Codes of rows: int16 of the shape of `matrix`."""
    out = np.empty(matrix.shape, np.int16)
    for row in range(matrix.shape[0]):
        for i in range(matrix.shape[1]):
            out[row, i] = code_of(
                matrix[row, i],
                low[i],
                per_unit[i],
                is_exact[i],
                starts[i],
                starts[i + 1],
                slots,
                known[i],
            )
    return out
