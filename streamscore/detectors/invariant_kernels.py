"""Compiled checks of relations."""

import numpy as np
from numba import njit

from streamscore.detectors.codebook_kernels import BLOCK, write_codes


@njit(cache=True, nogil=True)
def broken(matrix, rules, relations):  # type: ignore[no-untyped-def]
    """Which relations rows break: float64 of shape (n, m + k + p), 0 or 1.

    A relation of which a value is missing, or one that history never translated, is not judged.
    `rules` are those of `Codebook`, `relations` what `Relations.for_kernel` returns.
    """
    coefficients, constants, pairs, firsts, translated, weights = relations[0]
    sum_tolerances, products, factors, product_tolerances = relations[1]
    known = rules[5]
    m, k = len(constants), len(pairs)
    out = np.zeros((matrix.shape[0], len(weights)))
    codes = np.empty((len(known), BLOCK), np.uint32)
    terms = [np.flatnonzero(coefficients[r]) for r in range(m)]
    for begin in range(0, matrix.shape[0], BLOCK):
        rows = min(BLOCK, matrix.shape[0] - begin)
        for row in range(begin, begin + rows):
            for r in range(m):
                total, sizes = -constants[r], 0.0
                for i in terms[r]:
                    term = coefficients[r, i] * matrix[row, i]
                    total += term
                    sizes += abs(term)
                # False where a value is missing.
                out[row, r] = abs(total) > sum_tolerances[r, 0] + sum_tolerances[r, 1] * sizes
            for r in range(len(products)):
                first, second = matrix[row, products[r, 1]], matrix[row, products[r, 2]]
                value = factors[r] * first * second
                most = product_tolerances[r, 0] + product_tolerances[r, 1] * abs(first)
                most += product_tolerances[r, 2] * abs(second)
                most += product_tolerances[r, 3] * abs(value)
                out[row, m + k + r] = abs(value - matrix[row, products[r, 0]]) > most
        if k:
            write_codes(matrix, begin, rows, rules, codes)
        for r in range(k):
            x, y = pairs[r]
            missing = known[y] + 2
            for row in range(rows):
                expected = translated[firsts[r] + codes[x, row]]
                seen = codes[y, row]
                is_judged = expected >= 0 and seen != missing
                out[begin + row, m + r] = is_judged and seen != expected
    return out


@njit(cache=True, nogil=True)
def summed(is_broken, weights):  # type: ignore[no-untyped-def]
    """The weights of what each row breaks, in one order whatever the batch: float64 of shape (n,).

    A product of matrices adds up in another order where a batch has another size.
    """
    out = np.zeros(len(is_broken))
    for row in range(len(is_broken)):
        for r in range(len(weights)):
            out[row] += is_broken[row, r] * weights[r]
    return out
