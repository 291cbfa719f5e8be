"""Compiled walks through the perfect trees of an isolation forest."""

import numpy as np
from numba import njit

_LANES = 8
"""Rows walked through a tree side by side; hides the latency of the loads."""


@njit(cache=True, nogil=True, inline="always")
def _step(node, values, split, limit, missing):  # type: ignore[no-untyped-def]
    value = values[split[node]]
    # Single & and |: a jump here would cost more than both comparisons.
    right = (value > limit[node]) | ((value != value) & (not missing[node]))
    return node + node + np.uint64(1) + np.uint64(right)


@njit(cache=True, nogil=True)
def path_lengths(matrix, feature, limit, missing_left, expected):  # type: ignore[no-untyped-def]
    """Mean path length of each row over the trees: float64 of shape (n,).

    Parameters are those of `IsolationForest`, with the thresholds as float32; `matrix` is float64
    of shape (n, d). Values are compared as float32, as scikit-learn does.
    """
    rows = matrix.astype(np.float32)
    total = np.zeros(len(rows))
    levels = 0
    while (1 << levels) - 1 < feature.shape[1]:
        levels += 1
    whole = len(rows) - len(rows) % _LANES
    for t in range(len(feature)):
        for start in range(0, whole, _LANES):
            _walk_lanes(
                rows, start, feature[t], limit[t], missing_left[t], expected[t], levels, total
            )
        for row in range(whole, len(rows)):
            node = np.uint64(0)
            for _ in range(levels):
                node = _step(node, rows[row], feature[t], limit[t], missing_left[t])
            total[row] += expected[t, node]
    return total / len(feature)


@njit(cache=True, nogil=True, inline="always")
def _walk_lanes(  # type: ignore[no-untyped-def]
    rows, start, split, limit, missing, length, levels, total
):
    # Eight names instead of an array of eight keep the walk in registers.
    a = b = c = d = e = f = g = h = np.uint64(0)
    for _ in range(levels):
        a = _step(a, rows[start], split, limit, missing)
        b = _step(b, rows[start + 1], split, limit, missing)
        c = _step(c, rows[start + 2], split, limit, missing)
        d = _step(d, rows[start + 3], split, limit, missing)
        e = _step(e, rows[start + 4], split, limit, missing)
        f = _step(f, rows[start + 5], split, limit, missing)
        g = _step(g, rows[start + 6], split, limit, missing)
        h = _step(h, rows[start + 7], split, limit, missing)
    total[start] += length[a]
    total[start + 1] += length[b]
    total[start + 2] += length[c]
    total[start + 3] += length[d]
    total[start + 4] += length[e]
    total[start + 5] += length[f]
    total[start + 6] += length[g]
    total[start + 7] += length[h]


@njit(cache=True, nogil=True)
def contributions(matrix, feature, limit, missing_left, expected):  # type: ignore[no-untyped-def]
    """Shortening of each row's mean path by column: float64 of shape (n, d)."""
    rows = matrix.astype(np.float32)
    out = np.zeros(matrix.shape)
    for row in range(len(rows)):
        for t in range(len(feature)):
            node = np.uint64(0)
            while node < feature.shape[1]:
                column = feature[t, node]
                child = _step(node, rows[row], feature[t], limit[t], missing_left[t])
                out[row, column] += expected[t, node] - expected[t, child]
                node = child
    return out / len(feature)
