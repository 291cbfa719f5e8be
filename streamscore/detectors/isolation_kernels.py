"""Compiled walks through the perfect trees of an isolation forest.

A missing value has a side of its own at each node, which would cost a test at each step. Instead
every row is written twice, side by side: its missing values as minus infinity, which goes left at
any limit, and as plus infinity, which goes right. A node's `split` says which of the two it reads:
2 * column, or 2 * column + 1.
"""

import numpy as np
from numba import njit

_LANES = 8
"""Rows walked through a tree side by side; hides the latency of the loads."""


@njit(cache=True, nogil=True)
def _both_sides(matrix):  # type: ignore[no-untyped-def]
    # As float32, as scikit-learn compares.
    rows = np.empty((matrix.shape[0], 2 * matrix.shape[1]), np.float32)
    for row in range(matrix.shape[0]):
        for column in range(matrix.shape[1]):
            value = np.float32(matrix[row, column])
            missing = np.isnan(value)
            rows[row, 2 * column] = -np.inf if missing else value
            rows[row, 2 * column + 1] = np.inf if missing else value
    return rows


@njit(cache=True, nogil=True, inline="always")
def _step(node, values, split, limit):  # type: ignore[no-untyped-def]
    return node + node + np.uint64(1) + np.uint64(values[split[node]] > limit[node])


@njit(cache=True, nogil=True)
def path_lengths(matrix, split, limit, expected):  # type: ignore[no-untyped-def]
    """Mean path length of each row over the trees: float64 of shape (n,).

    Parameters are those of `IsolationForest`; `matrix` is float64 of shape (n, d).
    """
    rows = _both_sides(matrix)
    total = np.zeros(len(rows))
    levels = 0
    while (1 << levels) - 1 < split.shape[1]:
        levels += 1
    whole = len(rows) - len(rows) % _LANES
    for t in range(len(split)):
        for start in range(0, whole, _LANES):
            _walk_lanes(rows, start, split[t], limit[t], expected[t], levels, total)
        for row in range(whole, len(rows)):
            node = np.uint64(0)
            for _ in range(levels):
                node = _step(node, rows[row], split[t], limit[t])
            total[row] += expected[t, node]
    return total / len(split)


@njit(cache=True, nogil=True, inline="always")
def _walk_lanes(rows, start, split, limit, length, levels, total):  # type: ignore[no-untyped-def]
    # Eight names instead of an array of eight keep the walk in registers.
    a = b = c = d = e = f = g = h = np.uint64(0)
    for _ in range(levels):
        a = _step(a, rows[start], split, limit)
        b = _step(b, rows[start + 1], split, limit)
        c = _step(c, rows[start + 2], split, limit)
        d = _step(d, rows[start + 3], split, limit)
        e = _step(e, rows[start + 4], split, limit)
        f = _step(f, rows[start + 5], split, limit)
        g = _step(g, rows[start + 6], split, limit)
        h = _step(h, rows[start + 7], split, limit)
    total[start] += length[a]
    total[start + 1] += length[b]
    total[start + 2] += length[c]
    total[start + 3] += length[d]
    total[start + 4] += length[e]
    total[start + 5] += length[f]
    total[start + 6] += length[g]
    total[start + 7] += length[h]


@njit(cache=True, nogil=True)
def contributions(matrix, split, limit, expected):  # type: ignore[no-untyped-def]
    """Shortening of each row's mean path by column: float64 of shape (n, d)."""
    rows = _both_sides(matrix)
    out = np.zeros(matrix.shape)
    for row in range(len(rows)):
        for t in range(len(split)):
            node = np.uint64(0)
            while node < split.shape[1]:
                column = split[t, node] >> 1
                child = _step(node, rows[row], split[t], limit[t])
                out[row, column] += expected[t, node] - expected[t, child]
                node = child
    return out / len(split)
