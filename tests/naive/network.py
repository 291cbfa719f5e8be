"""A dependency network, a pair at a time, as one would write it down."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.network_learning import View, row_weights
from streamscore.detectors.surprise_tables import EXTRA, SurpriseTables

Rows = NDArray[np.int16]


def naive_shares(codes: Rows, view: View, size: int, given: Sequence[int]) -> NDArray[np.float64]:
    """How likely each code of the view's column is where its parents have the codes `given`."""
    weights = row_weights(len(codes))
    p = np.full(size, 0.5)
    for row, weight in zip(codes, weights, strict=True):
        p[row[view.column]] += weight
    p /= p.sum()
    for level, strength in enumerate(view.strengths, 1):
        counts = np.zeros(size)
        for row, weight in zip(codes, weights, strict=True):
            if all(row[view.parents[k]] == given[k] for k in range(level)):
                counts[row[view.column]] += weight
        p = (counts + strength * p) / (counts.sum() + strength)
    return p


def naive_evidence(codes: Rows, view: View, known: int, row: NDArray[np.int16]) -> float:
    """ln(1 + 0.1 (r - 1)), r how much likelier the row's code is where it is wrong."""
    size = known + 3
    x = int(row[view.column])
    alone = naive_shares(codes, View(view.column, (), ()), size, ())
    given = naive_shares(codes, view, size, [int(row[parent]) for parent in view.parents])
    ratio = (0.98 * alone[x] + 0.02 / (known + 1)) / given[x]
    return float(np.log(1.0 + 0.1 * (ratio - 1.0)))


def naive_pair_evidence(codes: Rows, i: int, j: int, row: NDArray[np.int16]) -> float:
    """ln (e + 1/2) / (n + 1/2) of the row's codes in two columns, at least 0."""
    x, y = int(row[i]), int(row[j])
    met = Counter((int(a), int(b)) for a, b in codes[:, [i, j]])[x, y]
    since = 0
    for column, code in ((i, x), (j, y)):
        rows = [at for at, one in enumerate(codes[:, column]) if one == code]
        since = max(since, rows[int(0.02 * len(rows))] if rows else len(codes))
    later = codes[since:]
    if not len(later):
        return float(max(np.log(0.5 / (met + 0.5)), 0.0))
    expected = (later[:, i] == x).sum() * (later[:, j] == y).sum() / len(later)
    return float(max(np.log((expected + 0.5) / (met + 0.5)), 0.0))


def naive_blame(
    row: Sequence[int], known: Sequence[int], tables: SurpriseTables, groups: Sequence[int]
) -> list[float]:
    """Own evidence of each column of a row, and what all falls by where its group is as expected.

    Divided by the number of copies that are surprises, or of all where none is. The row ends with a
    0 for the parent that there is not.
    """

    def begin(view: int, codes: Sequence[int]) -> int:
        a, b = tables.parents[view]
        return int(tables.contexts[tables.firsts[view] + codes[a] * tables.widths[view] + codes[b]])

    def by_column(codes: Sequence[int]) -> list[float]:
        out = [0.0] * len(known)
        for view, i in enumerate(tables.column):
            out[i] += float(tables.table[begin(view, codes) + codes[i]] * tables.parts[i])
        return out

    own, parts = by_column(row), []
    for i, group in enumerate(groups):
        members = [j for j, other in enumerate(groups) if other == group]
        changed = list(row)
        for j in members:
            changed[j] = int(tables.table[begin(j, row) + known[j] + EXTRA + 1])
        fallen = max(sum(own) - sum(by_column(changed)), 0.0) / len(members)
        wrong = sum(own[j] > 0.0 for j in members) or len(members)
        parts.append((max(own[i], 0.0) + fallen) / wrong if tables.parts[i] > 0.0 else 0.0)
    return parts
