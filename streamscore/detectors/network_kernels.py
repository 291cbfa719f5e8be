"""Compiled counts and look-ups of a dependency network."""

import numpy as np
from numba import njit

from streamscore.detectors.codebook_kernels import BLOCK, write_codes

STRENGTHS = np.array([1.0, 3.0, 10.0, 30.0, 100.0, 300.0])
"""How many rows the coarser distribution counts for, of which the best is taken."""


@njit(cache=True, nogil=True)
def count(contexts, x, weights, shape):  # type: ignore[no-untyped-def]
    """Weight of the rows in which a context and a code occur together: float64 of that shape."""
    out = np.zeros(shape)
    for row in range(len(x)):
        out[contexts[row], x[row]] += weights[row]
    return out


@njit(cache=True, nogil=True)
def smoothed(counts, coarser, strength):  # type: ignore[no-untyped-def]
    """(n(x, context) + strength p(x)) / (n(context) + strength): float64 of shape (contexts, size).

    `counts` has that shape too; `coarser` is of shape (contexts / m, size), each of its rows for
    the m contexts that follow each other.
    """
    out = np.empty(counts.shape)
    per_row = len(counts) // len(coarser)
    for context in range(len(counts)):
        total = counts[context].sum() + strength
        for x in range(counts.shape[1]):
            p = coarser[context // per_row, x]
            out[context, x] = (counts[context, x] + strength * p) / total
    return out


@njit(cache=True, nogil=True)
def best_strength(counts, coarser, later):  # type: ignore[no-untyped-def]
    """Return the lowest loss of later rows over the strengths, and the strength's place.

    The loss is -sum ln p over the rows that `later`, counted like `counts`, holds.
    """
    losses = np.zeros(len(STRENGTHS))
    per_row = len(counts) // len(coarser)
    for context in range(len(counts)):
        total = -1.0
        for x in range(counts.shape[1]):
            if later[context, x] > 0.0:
                if total < 0.0:
                    total = counts[context].sum()
                p = coarser[context // per_row, x]
                for s in range(len(STRENGTHS)):
                    share = (counts[context, x] + STRENGTHS[s] * p) / (total + STRENGTHS[s])
                    losses[s] -= later[context, x] * np.log(share)
    best = np.argmin(losses)
    return losses[best], best


@njit(cache=True, nogil=True)
def judge(early, later, weights, sizes, column, parent, candidates, coarser):  # type: ignore[no-untyped-def]
    """Judge candidates for a column's next parent by the loss of later rows.

    Parameters
    ----------
    early, later : int16 arrays of shape (n, d) and (m, d)
        Codes of the rows to count and of those to predict.
    weights : float64 array of shape (n,)
        What each counted row counts for.
    sizes : int64 array of shape (d,)
        How many codes each column has.
    column, parent : int
        The column, and the parent that it has already; d for none.
    candidates : int64 array of shape (k,)
        The columns to judge.
    coarser : float64 array of shape (contexts, sizes[column])
        How likely each code is given the parent that it has already.

    Returns
    -------
    float64 array of shape (k, 2)
        Loss, and the place of the best strength.
    """
    out = np.empty((len(candidates), 2))
    context = np.zeros(len(early), np.int64)
    later_context = np.zeros(len(later), np.int64)
    ones = np.ones(len(later))
    for k in range(len(candidates)):
        size = sizes[candidates[k]]
        shape = len(coarser) * size, sizes[column]
        for row in range(len(early)):
            base = early[row, parent] * size if parent < early.shape[1] else 0
            context[row] = base + early[row, candidates[k]]
        for row in range(len(later)):
            base = later[row, parent] * size if parent < later.shape[1] else 0
            later_context[row] = base + later[row, candidates[k]]
        counts = count(context, early[:, column], weights, shape)
        expected = count(later_context, later[:, column], ones, shape)
        out[k, 0], out[k, 1] = best_strength(counts, coarser, expected)
    return out


@njit(cache=True, nogil=True)
def surprises(matrix, rules, tables):  # type: ignore[no-untyped-def]
    """Scores of rows: float64 of shape (n, 3), a column for each of the network's channels.

    `rules` are those of `Codebook`, `tables` the arrays of `SurpriseTables`, whole numbers
    unsigned.
    """
    column, parents, widths, firsts, contexts, table, parts = tables
    d = len(rules[5])
    out = np.zeros((matrix.shape[0], 3))
    # The last row stands for no parent: its code is always 0.
    codes = np.zeros((d + 1, BLOCK), np.uint32)
    total, largest = np.empty(BLOCK), np.empty(BLOCK, np.float32)
    for begin in range(0, matrix.shape[0], BLOCK):
        rows = min(BLOCK, matrix.shape[0] - begin)
        write_codes(matrix, begin, rows, rules, codes)
        total[:] = 0.0
        largest[:] = -np.inf
        for e in range(len(column)):
            x, a, b = codes[column[e]], codes[parents[e, 0]], codes[parents[e, 1]]
            first, width, part = firsts[e], widths[e], parts[column[e]]
            for row in range(rows):
                surprise = table[contexts[first + a[row] * width + b[row]] + x[row]]
                total[row] += surprise * part
                largest[row] = max(largest[row], surprise if part > 0.0 else 0.0)
            if e == d - 1:
                out[begin : begin + rows, 1] = total[:rows]
        out[begin : begin + rows, 0] = total[:rows]
        out[begin : begin + rows, 2] = largest[:rows]
    return out


@njit(cache=True, nogil=True)
def loudest_views(codes, known, tables, groups):  # type: ignore[no-untyped-def]
    """Which view of each group of copies gives most evidence, and what it expects.

    The arguments are those of `blame`.

    Returns
    -------
    int64, int64 and float64 arrays of shape (n, d)
        By the groups' numbers: views, the likeliest codes of their columns, and how likely these
        are; 0 where a number is no group's.
    """
    column, parents, widths, firsts, contexts, table, _ = tables
    views = np.zeros((len(codes), len(groups)), np.int64)
    likeliest = np.zeros(views.shape, np.int64)
    chances = np.zeros(views.shape)
    for row in range(len(codes)):
        own = codes[row]
        most = np.full(len(groups), -np.inf)
        for e in range(len(column)):
            begin = contexts[firsts[e] + own[parents[e, 0]] * widths[e] + own[parents[e, 1]]]
            evidence, group = table[begin + own[column[e]]], groups[column[e]]
            if evidence > most[group]:
                extra = begin + known[column[e]] + 3
                most[group], views[row, group] = evidence, e
                likeliest[row, group], chances[row, group] = table[extra], table[extra + 1]
    return views, likeliest, chances


@njit(cache=True, nogil=True)
def _evidence(e, codes, other, groups, group, tables):  # type: ignore[no-untyped-def]
    """What a view says of one row, of which the columns of a group have other codes."""
    column, parents, widths, firsts, contexts, table, parts = tables
    i, a, b = column[e], parents[e, 0], parents[e, 1]
    x = other[i] if groups[i] == group else codes[i]
    y = other[a] if groups[a] == group else codes[a]
    z = other[b] if groups[b] == group else codes[b]
    return table[contexts[firsts[e] + y * widths[e] + z] + x] * parts[i]


@njit(cache=True, nogil=True)
def blame(codes, known, tables, groups):  # type: ignore[no-untyped-def]
    """Own evidence of each column, and what all evidence falls by where it is as expected.

    That of copies is divided by how many of them would have to be wrong: by the number of those
    that are surprises themselves, and by their number where none is.

    Parameters
    ----------
    codes : int64 array of shape (n, d + 1)
        Codes of the rows; the last column is 0.
    known : int64 array of shape (d,)
        How many known codes each column has.
    tables : tuple of array
        The arrays of `SurpriseTables`.
    groups : int64 array of shape (d,)
        Columns of the same number are copies, and replaced together.

    Returns
    -------
    float64 array of shape (n, d)
        At least 0.
    """
    column, parents, widths, firsts, contexts, table, parts = tables
    d = len(groups)
    out = np.zeros((len(codes), d))
    of_parents = np.append(groups, -1)
    members = np.bincount(groups, minlength=d)
    expected = np.zeros(d + 1, np.int64)
    for row in range(len(codes)):
        seen = codes[row]
        for i in range(d):
            # The first view of a column has the column's own number.
            context = firsts[i] + seen[parents[i, 0]] * widths[i] + seen[parents[i, 1]]
            likeliest = np.int64(table[contexts[context] + known[i] + 3])
            expected[i] = min(max(likeliest, 0), known[i] + 2)
        own, fallen = np.zeros(d), np.zeros(d)
        for e in range(len(column)):
            said = _evidence(e, seen, expected, of_parents, -2, tables)
            own[column[e]] += said
            # Each group that the view looks at once.
            first, second = of_parents[column[e]], of_parents[parents[e, 0]]
            third = of_parents[parents[e, 1]]
            fallen[first] += said - _evidence(e, seen, expected, of_parents, first, tables)
            if second >= 0 and second != first:
                fallen[second] += said - _evidence(e, seen, expected, of_parents, second, tables)
            if third >= 0 and third not in (first, second):
                fallen[third] += said - _evidence(e, seen, expected, of_parents, third, tables)
        wrong = np.zeros(d)
        for i in range(d):
            wrong[groups[i]] += own[i] > 0.0
        for i in range(d):
            if parts[i] > 0.0:
                group = groups[i]
                both = max(own[i], 0.0) + max(fallen[group], 0.0) / members[group]
                out[row, i] = both / (wrong[group] or members[group])
    return out
