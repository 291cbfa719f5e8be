"""Learning a dependency network: which columns depend on which, and how strongly.

A column is seen in up to three views. In each it has at most two parents, those that lower the loss
of later rows most; the columns that earlier views used are left out of the next, so that a value
which one pair of parents explains away is still seen by the others. The distribution given the
parents is a count, smoothed towards the one given the first parent alone, and that towards the
column's own (Katz, "Estimation of probabilities from sparse data", 1987, in the Dirichlet form of
MacKay, Peto, "A hierarchical Dirichlet language model", 1995):

    p(x | a, b) = (n(x, a, b) + s p(x | a)) / (n(a, b) + s)
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.network_kernels import STRENGTHS, count, judge, smoothed

Codes = NDArray[np.int16]
Shares = NDArray[np.float64]

_VIEWS = 3
_LATER_SHARE = 0.3
"""Share of the history, its latest part, by which parents are judged."""

_LEAST_GAIN = 0.002
"""A parent lowers the loss by at least this share of the column's loss without parents."""

_COPY_LEFT = 0.05
"""Share of its entropy that a copy may have left once the other column is known."""

_SECOND_CANDIDATES = 16
"""How many columns, the best first parents, are tried as second ones."""

_MOST_JUDGED = 100_000
"""Rows by which parents are chosen; of more, evenly spaced ones are taken."""

_HALF_LIFE = 0.5
"""Share of the history after which a row counts half: what is new has to be known soon."""

_UNMET = 0.5
"""Each code is counted as if it had been met half a time more (Krichevsky, Trofimov, 1981)."""


class View(NamedTuple):
    """What a column depends on in one view.

    Attributes
    ----------
    column : int
        The column.
    parents : tuple of int
        At most two columns.
    strengths : tuple of float
        For each of them, how many rows the distribution without it counts for.
    """

    column: int
    parents: tuple[int, ...]
    strengths: tuple[float, ...]


class Level(NamedTuple):
    """Distributions of a column given some of its parents.

    Attributes
    ----------
    shares : float64 array of shape (contexts, size)
        How likely each code is; contexts are numbered with the last parent running fastest.
    met : bool array of shape (contexts,)
        Whether the context occurred.
    """

    shares: Shares
    met: NDArray[np.bool_]


def row_weights(rows: int) -> NDArray[np.float64]:
    """Return what each row of a history counts for: float64 of shape (rows,), in (0, 1]."""
    weights: NDArray[np.float64] = 0.5 ** (np.arange(rows)[::-1] / max(_HALF_LIFE * rows, 1.0))
    return weights


def levels(codes: Codes, sizes: NDArray[np.int64], view: View) -> list[Level]:
    """Return a column's distributions without parents, given the first, and given both."""
    weights, x = row_weights(len(codes)), codes[:, view.column]
    size = int(sizes[view.column])
    found = [Level(_alone(x, weights, size)[None, :], np.ones(1, np.bool_))]
    context, contexts = np.zeros(len(codes), np.int64), 1
    for parent, strength in zip(view.parents, view.strengths, strict=True):
        contexts *= int(sizes[parent])
        context = context * int(sizes[parent]) + codes[:, parent]
        counts = count(context, x, weights, (contexts, size))
        shares = smoothed(counts, found[-1].shares, strength)
        found.append(Level(shares, counts.sum(axis=1) > 0.0))
    return found


def learn_views(codes: Codes, sizes: NDArray[np.int64], copied: NDArray[np.bool_]) -> list[View]:
    """Choose the parents of every column.

    Parameters
    ----------
    codes : int16 array of shape (n, d)
        The history in order of time.
    sizes : int64 array of shape (d,)
        How many codes each column has.
    copied : bool array of shape (d, d)
        Which columns are copies of each other, and so no parents of each other.

    Returns
    -------
    list of View
        The first view of every column in their order, then further ones that have parents.
    """
    if len(codes) > _MOST_JUDGED:
        codes = codes[np.linspace(0, len(codes) - 1, _MOST_JUDGED).astype(np.int64)]
    cut = len(codes) - int(_LATER_SHARE * len(codes))
    # The columns are read one by one.
    early, later = np.asfortranarray(codes[:cut]), np.asfortranarray(codes[cut:])
    choices = [_Choice(early, later, sizes, column) for column in range(codes.shape[1])]
    # What has always been the same explains nothing, and needs no explanation: beside a parent it
    # would only count the same rows once more.
    is_same = (early == early[:1]).all(axis=0)
    apart = copied | is_same | is_same[:, None]
    views: list[View] = []
    for number in range(_VIEWS):
        for choice in choices:
            view = choice.view(np.flatnonzero(~apart[choice.column]))
            for parent in view.parents:
                apart[choice.column] |= copied[parent]
            if view.parents or not number:
                views.append(view)
    return views


class _Choice:
    """The choice of one column's parents.

    Parameters
    ----------
    early, later : int16 arrays of shape (n, d) and (m, d)
        The rows to count and those to predict.
    sizes : int64 array of shape (d,)
        How many codes each column has.
    column : int
        The column.
    """

    def __init__(self, early: Codes, later: Codes, sizes: NDArray[np.int64], column: int) -> None:
        self.column = column
        self._early, self._sizes = early, sizes
        self._weights = np.ones(len(early))
        own = np.bincount(early[:, column], minlength=int(sizes[column]))
        # A value that was never met tells nothing about what it depends on.
        self._later = np.asfortranarray(later[own[later[:, column]] > 0])
        self._alone = _alone(early[:, column], self._weights, int(sizes[column]))
        self._loss = -float(np.log(self._alone)[self._later[:, column]].sum())
        d = len(sizes)
        self._firsts = self._judged(d, np.arange(d), self._alone[None, :])

    def view(self, candidates: NDArray[np.int64]) -> View:
        """Choose the best parents among candidates."""
        least = _LEAST_GAIN * self._loss
        ranked = candidates[np.argsort(self._firsts[candidates, 0], kind="stable")]
        if not len(ranked) or self._firsts[ranked[0], 0] >= self._loss - least:
            return View(self.column, (), ())
        first = int(ranked[0])
        loss, place = self._firsts[first]
        strength = float(STRENGTHS[int(place)])
        size = int(self._sizes[first]), int(self._sizes[self.column])
        counts = count(self._early[:, first], self._early[:, self.column], self._weights, size)
        seconds = ranked[1 : _SECOND_CANDIDATES + 1]
        judged = self._judged(first, seconds, smoothed(counts, self._alone[None, :], strength))
        best = int(judged[:, 0].argmin()) if len(judged) else 0
        if not len(judged) or judged[best, 0] >= loss - least:
            return View(self.column, (first,), (strength,))
        second = float(STRENGTHS[int(judged[best, 1])])
        return View(self.column, (first, int(seconds[best])), (strength, second))

    def _judged(
        self, parent: int, candidates: NDArray[np.int64], coarser: Shares
    ) -> NDArray[np.float64]:
        found: NDArray[np.float64] = judge(
            self._early,
            self._later,
            self._weights,
            self._sizes,
            self.column,
            parent,
            candidates,
            coarser,
        )
        return found


def copies(codes: Codes, sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which columns say the same, each in codes of its own: bool of shape (d, d), symmetric.

    Each leaves at most a twentieth of the other's entropy, which allows for some percent of dirt.
    A column is a copy of itself.

    Examples
    --------
    >>> a = np.arange(12, dtype=np.int16) % 3
    >>> copies(np.column_stack([a, 2 - a, a // 2]), np.array([3, 3, 2]))[0].tolist()
    [True, True, False]
    """
    columns = np.asfortranarray(codes)
    ones, nowhere = np.ones(len(codes)), np.zeros(len(codes), np.int64)
    d = codes.shape[1]
    alone = [_entropy(count(nowhere, columns[:, i], ones, (1, int(sizes[i])))) for i in range(d)]
    found = np.eye(d, dtype=np.bool_)
    for i in range(d):
        for j in range(i):
            most = (1.0 + _COPY_LEFT) * min(alone[i], alone[j])
            if 0.0 < max(alone[i], alone[j]) <= most:
                shape = int(sizes[i]), int(sizes[j])
                both = _entropy(count(columns[:, i], columns[:, j], ones, shape))
                found[i, j] = found[j, i] = both <= most
    return found


def _alone(x: NDArray[np.int16], weights: NDArray[np.float64], size: int) -> Shares:
    counts = count(np.zeros(len(x), np.int64), x, weights, (1, size))[0] + _UNMET
    shares: Shares = counts / counts.sum()
    return shares


def _entropy(counts: NDArray[np.float64]) -> float:
    """Entropy of counts, in nats."""
    shares = counts[counts > 0.0] / counts.sum()
    return -float((shares * np.log(shares)).sum())
