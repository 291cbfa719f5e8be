"""Compiled look-up of codes.

Codes are unsigned: an index that may be negative costs a test at each look-up. Kernels that look
codes up further do so for a block of rows, one column after the other, which keeps what is known of
a column in registers and the block's codes in the nearest cache.
"""

import numpy as np
from numba import njit

BLOCK = 128
"""Rows whose codes are looked up together."""


@njit(cache=True, nogil=True)
def write_codes(matrix, begin, rows, rules, codes):  # type: ignore[no-untyped-def]
    """Write the codes of some rows, column by column.

    `rules` are those of `Codebook`; `codes` is uint32 of shape (d, BLOCK), or has more rows.
    """
    low, per_unit, is_exact, starts, slots, known = rules
    for i in range(len(known)):
        count, first, unseen = starts[i + 1] - starts[i], starts[i], known[i]
        for row in range(rows):
            place = (matrix[begin + row, i] - low[i]) * per_unit[i]
            if place >= 0.0 and place < count:
                slot = np.uint32(place)
                off = is_exact[i] and slot != place
                codes[i, row] = unseen if off else slots[first + slot]
            elif place >= count:
                codes[i, row] = unseen
            else:
                # Below the range, or no number at all.
                codes[i, row] = unseen + np.uint32(1 if place < 0.0 else 2)


@njit(cache=True, nogil=True)
def codes_of(matrix, rules):  # type: ignore[no-untyped-def]
    """Codes of rows: int16 of the shape of `matrix`."""
    known = rules[5]
    out = np.empty(matrix.shape, np.int16)
    codes = np.empty((len(known), BLOCK), np.uint32)
    for begin in range(0, matrix.shape[0], BLOCK):
        rows = min(BLOCK, matrix.shape[0] - begin)
        write_codes(matrix, begin, rows, rules, codes)
        for row in range(rows):
            for i in range(len(known)):
                out[begin + row, i] = codes[i, row]
    return out


@njit(cache=True, nogil=True)
def unseen_counts(matrix, rules, counts):  # type: ignore[no-untyped-def]
    """How many codes of each row are of values never seen, in columns that count: of shape (n,)."""
    known = rules[5]
    out = np.zeros(matrix.shape[0])
    codes = np.empty((len(known), BLOCK), np.uint32)
    for begin in range(0, matrix.shape[0], BLOCK):
        rows = min(BLOCK, matrix.shape[0] - begin)
        write_codes(matrix, begin, rows, rules, codes)
        for i in np.flatnonzero(counts):
            for row in range(rows):
                out[begin + row] += codes[i, row] - known[i] < 2
    return out
