"""Whether what holds between columns in nearly all of a history says something."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.invariant_equations import Equation, Marks, Numbers, Product, Sum
from streamscore.detectors.invariant_mining import FEWEST_UNUSUAL, LEAST_HELD, LEAST_HELD_UNUSUAL

_FEWEST_SUPPORTING = 20
_LEAST_HELD_SUPPORTING = 0.9
_FEWEST_WHOLES = 4
"""Different values of the whole among those rows: fewer are codes."""

_FEWEST_CHANGED = 10
_MOST_BY_CHANCE = 0.3
"""Share of rows in which it still holds once one column has the value of another row."""


_LEAST_GAIN = 0.1
"""How much more a wider tolerance has to be worth."""

EquationKind = TypeVar("EquationKind", Sum, Product)


class Evidence(NamedTuple):
    """What is needed to judge a history of n rows and m columns.

    Attributes
    ----------
    unusual : bool array of shape (n, m)
        Where a column has another value than its most frequent one; not where it is missing.
    others : int64 array of shape (n,)
        For each row another one.
    """

    unusual: Marks
    others: NDArray[np.int64]

    @property
    def changing(self) -> Marks:
        """Which columns have enough other values for anything to be learned of them: (m,)."""
        return np.asarray(self.unusual.sum(axis=0) >= FEWEST_UNUSUAL)

    def chosen(self, places: NDArray[np.int64]) -> "Evidence":
        """Return the evidence of some of the columns."""
        return Evidence(np.asfortranarray(self.unusual[:, places]), self.others)


class Verdict(NamedTuple):
    """What a history says of an equation.

    Attributes
    ----------
    broken, judged : int
        How many rows break it, of those that have all the columns.
    by_chance : float
        Share of the rows in which it holds as well with the whole of another row.
    """

    broken: int
    judged: int
    by_chance: float

    @property
    def worth(self) -> float:
        """What it adds on average to the score of a record that has the whole of another one."""
        weight = -float(np.log((self.broken + 1.0) / (self.judged + 1.0)))
        return (1.0 - self.by_chance) * weight


def tightest(
    values: Numbers, equations: Iterable[EquationKind], evidence: Evidence
) -> EquationKind | None:
    """Return the best of equations that differ in their tolerance alone, each wider than before.

    That is the first one that holds, unless a wider one is worth far more: one that allows for what
    the tighter one breaks upon, and still says as much.

    Parameters
    ----------
    values : float64 array of shape (n, m)
        The history.
    equations : iterable of Sum or Product
        The first of the columns is the whole, which follows from the others.
    evidence : Evidence
        Of that history.
    """
    best: EquationKind | None = None
    worth, tried = 0.0, None
    for one in equations:
        found = judged(values, one, evidence) if one.tolerance != tried else None
        tried = one.tolerance
        if found is not None and found.worth > (1.0 + _LEAST_GAIN) * worth:
            best, worth = one._replace(broken=found.broken, judged=found.judged), found.worth
    return best


def evidence_of(values: Numbers, rng: np.random.Generator) -> Evidence:
    """Collect what is needed to judge a history, float64 of shape (n, m); NaN where missing."""
    unusual = np.zeros(values.shape, np.bool_)
    for place, column in enumerate(values.T):
        seen, counts = np.unique(column[np.isfinite(column)], return_counts=True)
        if len(seen):
            unusual[:, place] = np.isfinite(column) & (column != seen[counts.argmax()])
    return Evidence(unusual, rng.permutation(len(values)).astype(np.int64))


def judged(values: Numbers, equation: Equation, evidence: Evidence) -> Verdict | None:
    """Judge whether an equation holds in nearly all rows, and says something.

    Parameters
    ----------
    values : float64 array of shape (n, m)
        The history.
    equation : Sum or Product
        The first of its columns is the whole, which follows from the others.
    evidence : Evidence
        Of that history.

    Examples
    --------
    >>> table = np.column_stack([np.arange(200.0), 2 * np.arange(200.0)])
    >>> evidence = evidence_of(table, np.random.default_rng(1))
    >>> twice = Sum((1, 0), (1.0, -2.0), 0.0, (0.5, 0.0), 0, 0)
    >>> judged(table, twice, evidence), judged(table, twice._replace(constant=9.0), evidence)
    (Verdict(broken=0, judged=200, by_chance=0.0), None)
    """
    columns = [values[:, place] for place in equation.columns]
    present = np.flatnonzero(np.logical_and.reduce([np.isfinite(column) for column in columns]))
    own = [column[present] for column in columns]
    held = equation.holds(*own)
    if held.sum() < LEAST_HELD * len(held):
        return None
    if not _is_supported(own[0], held, equation.supports(*own)):
        return None
    for place in equation.columns:
        unusual = evidence.unusual[present, place]
        if unusual.sum() < FEWEST_UNUSUAL or held[unusual].mean() < LEAST_HELD_UNUSUAL:
            return None
    swapped = [column[evidence.others[present]] for column in columns]
    by_chance = [_by_chance(equation, own, number, other) for number, other in enumerate(swapped)]
    if max(by_chance) > _MOST_BY_CHANCE:
        return None
    return Verdict(int((~held).sum()), len(held), by_chance[0])


def _is_supported(whole: Numbers, held: Marks, supporting: Marks) -> bool:
    if supporting.sum() < _FEWEST_SUPPORTING:
        return False
    if held[supporting].mean() < _LEAST_HELD_SUPPORTING:
        return False
    return len(np.unique(whole[supporting])) >= _FEWEST_WHOLES


def _by_chance(equation: Equation, own: Sequence[Numbers], number: int, other: Numbers) -> float:
    """Return how often it holds where one column has another value than its own; 1 if unknown."""
    rest = [column for place, column in enumerate(own) if place != number]
    matters = np.logical_and.reduce([column != 0.0 for column in rest])
    changed = np.flatnonzero(np.isfinite(other) & (other != own[number]) & matters)
    if len(changed) < _FEWEST_CHANGED:
        return 1.0
    columns = [column[changed] for column in own]
    columns[number] = other[changed]
    return float(equation.holds(*columns).mean())
