"""Compiled search among all triples of columns for those that a sum or a product may hold in."""

import numpy as np
from numba import njit

from streamscore.detectors.invariant_rounding import FLOAT_ERROR

_FIRST_LOOK = 16
"""Rows after which a triple is left that holds in fewer than half of them."""

_FEWEST_ROWS = 8
_LEAST_HELD = 0.8
"""Less than what has to hold in the end: the rows are few, and unusual ones among them many."""

_MOST_BY_CHANCE = 0.5
"""Share of rows in which it may hold as well with the whole of another row."""


@njit(cache=True, nogil=True)
def screen(values, halves, part_halves, shares, levels, factors):  # type: ignore[no-untyped-def]
    """Triples that may be a sum or a product, int64 of shape (k, 4), those that say most first.

    `values` are some rows, column by column: float64 of shape (m, s). Half a unit of the last
    decimal of each column, as a whole and as a part, and how far it may be off as a share of it;
    float64 of shape (m,). `levels` say how many of these the whole and the two parts may be off;
    float64 of shape (l, 3), the last the loosest. `factors` are those of the products, and 0 for a
    sum. Each triple found has its whole, its two parts and the place of its factor.
    """
    found = [(0, 0, 0, 0)]
    says = [0.0]
    m = len(values)
    for whole in range(m):
        for first in range(m):
            for second in range(first + 1, m):
                if whole in (first, second):
                    continue
                triple = values[whole], values[first], values[second]
                for place in range(len(factors)):
                    off = (halves[whole], part_halves[first], part_halves[second])
                    also = (shares[whole], shares[first], shares[second])
                    much = _says(triple, off, also, levels, factors[place])
                    if much > 0.0:
                        found.append((whole, first, second, place))
                        says.append(much)
    # The first of both stands for nothing but their types.
    order = np.argsort(-np.array(says[1:]), kind="mergesort")
    out = np.empty((len(order), 4), np.int64)
    for i in range(len(order)):
        out[i] = found[order[i] + 1]
    return out


@njit(cache=True, nogil=True)
def _says(triple, halves, shares, levels, factor):  # type: ignore[no-untyped-def]
    """How much more often a triple holds than by chance, a share of the rows; 0 if seldom."""
    c, a, b = triple
    rows = len(c)
    seen = 0
    held = np.zeros(len(levels), np.int64)
    by_chance = np.zeros(len(levels), np.int64)
    for i in range(rows):
        size_a, size_b = abs(a[i]), abs(b[i])
        if factor == 0.0:
            says_something = size_a > 0.0 and size_b > 0.0
            value, terms = a[i] + b[i], size_a + size_b
            slope_a = slope_b = 1.0
        else:
            says_something = size_a > 0.0 and size_a != 1.0 and size_b > 0.0 and size_b != 1.0
            value = factor * a[i] * b[i]
            terms, slope_a, slope_b = abs(value), factor * size_b, factor * size_a
        if not (says_something and np.isfinite(value) and np.isfinite(c[i])):
            continue
        seen += 1
        another = c[i + 1 if i + 1 < rows else 0]
        for level in range(len(levels)):
            of_c, of_a, of_b = levels[level]
            tolerance = of_c * (halves[0] + shares[0] * abs(value)) + FLOAT_ERROR * terms
            tolerance += of_a * slope_a * (halves[1] + shares[1] * size_a)
            tolerance += of_b * slope_b * (halves[2] + shares[2] * size_b)
            held[level] += abs(value - c[i]) <= tolerance
            by_chance[level] += abs(value - another) <= tolerance
        if seen == _FIRST_LOOK and 2 * held[-1] < seen:
            return 0.0
    most = 0.0
    for level in range(len(levels)):
        is_held = seen >= _FEWEST_ROWS and held[level] >= _LEAST_HELD * seen
        if is_held and by_chance[level] <= _MOST_BY_CHANCE * seen:
            most = max(most, (held[level] - by_chance[level]) / seen)
    return most
