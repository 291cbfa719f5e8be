"""Equations between columns: sums and products, and which of them say what others say already."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix

Numbers = NDArray[np.float64]
Marks = NDArray[np.bool_]

_ROWS = 24
"""Rows at which it is tried whether an equation follows from others."""

_LEAST_IMPLIED = 0.9
_LARGEST_REST = 0.01
"""What may be left of an equation that follows from others: rounding, as a share of its terms."""


class Sum(NamedTuple):
    """That a sum of coefficient times value is a constant.

    Attributes
    ----------
    columns : tuple of int
        At least two.
    coefficients : tuple of float
        One a column, not 0.
    constant : float
        What the sum is.
    tolerance : tuple of float
        How far off it may be: so much, and this share of its terms, each at least 0.
    broken, judged : int
        How many records of the history break it, of those that have all the columns.
    """

    columns: tuple[int, ...]
    coefficients: tuple[float, ...]
    constant: float
    tolerance: tuple[float, float]
    broken: int
    judged: int

    def moved(self, places: NDArray[np.int64]) -> "Sum":
        """Return the same between columns of other rows, at `places` in them."""
        return self._replace(columns=tuple(places[list(self.columns)].tolist()))

    def counted(self, matrix: Matrix) -> "Sum":
        """Return it with the rows that break it counted."""
        values = matrix[:, list(self.columns)]
        held = self.holds(*values[np.isfinite(values).all(axis=1)].T)
        return self._replace(broken=int((~held).sum()), judged=len(held))

    def holds(self, *values: Numbers) -> Marks:
        """Tell in which rows it holds, by an array for each column; nothing may be missing."""
        terms = np.array(self.coefficients)[:, None] * np.array(values)
        most = self.tolerance[0] + self.tolerance[1] * np.abs(terms).sum(axis=0)
        return np.asarray(np.abs(terms.sum(axis=0) - self.constant) <= most)

    def supports(self, *values: Numbers) -> Marks:
        """Tell which rows say that each column but the first is a part of it."""
        return np.asarray((np.array(values[1:]) != 0.0).all(axis=0))

    def slopes(self, row: Numbers) -> Numbers:
        """Return what a hundredth more of each column would change, in hundredths."""
        columns = list(self.columns)
        found = np.zeros(len(row))
        found[columns] = np.array(self.coefficients) * row[columns]
        return found


class Product(NamedTuple):
    """That a column is a factor times the product of two others.

    Attributes
    ----------
    columns : tuple of int
        The product, and the two that are multiplied.
    factor : float
        1, or a hundredth where one is a percentage, and so on.
    tolerance : tuple of float
        How far off it may be: so much, so much for each unit of the first and of the second column
        that is multiplied, and this share of the product; each at least 0.
    broken, judged : int
        How many records of the history break it, of those that have all three.
    """

    columns: tuple[int, int, int]
    factor: float
    tolerance: tuple[float, float, float, float]
    broken: int
    judged: int

    def moved(self, places: NDArray[np.int64]) -> "Product":
        """Return the same between columns of other rows, at `places` in them."""
        whole, first, second = places[list(self.columns)].tolist()
        return self._replace(columns=(whole, first, second))

    def counted(self, matrix: Matrix) -> "Product":
        """Return it with the rows that break it counted."""
        values = matrix[:, list(self.columns)]
        held = self.holds(*values[np.isfinite(values).all(axis=1)].T)
        return self._replace(broken=int((~held).sum()), judged=len(held))

    def holds(self, whole: Numbers, first: Numbers, second: Numbers) -> Marks:
        """Tell in which rows it holds, by an array for each column; nothing may be missing."""
        base, of_first, of_second, share = self.tolerance
        with np.errstate(over="ignore", invalid="ignore"):
            value = self.factor * first * second
            most = base + of_first * np.abs(first) + of_second * np.abs(second)
            return np.asarray(np.abs(value - whole) <= most + share * np.abs(value))

    def supports(self, whole: Numbers, first: Numbers, second: Numbers) -> Marks:
        """Tell which rows say that two columns are multiplied: those with neither 0 nor 1."""
        sizes = np.abs(np.array([first, second]))
        return np.asarray(((sizes != 0.0) & (sizes != 1.0)).all(axis=0))

    def slopes(self, row: Numbers) -> Numbers:
        """Return what a hundredth more of each column would change, in hundredths."""
        whole, first, second = self.columns
        found = np.zeros(len(row))
        found[whole] = row[whole]
        found[[first, second]] = -self.factor * row[first] * row[second]
        return found


Equation = Sum | Product


def linked(equations: Iterable[Equation], columns: int) -> NDArray[np.int64]:
    """Return a number for each of the columns: those have the same that pairwise equations lead to.

    Examples
    --------
    >>> linked([Sum((0, 2), (1.0, -1.0), 0.0, (0.5, 0.0), 0, 9)], 4).tolist()
    [0, 1, 0, 3]
    """
    found = np.arange(columns)
    for one in equations:
        if len(one.columns) == 2:
            x, y = sorted(found[list(one.columns)].tolist())
            found[found == y] = x
    return found


def apart(exact: Sequence[Sum], found: Sequence[Equation], matrix: Matrix) -> list[Equation]:
    """Leave out equations that say nothing beside the others.

    One that follows from those that history breaks less is left out, and one between columns of
    which another speaks as well that history breaks far less: an equality that was broken wherever
    a quantity was not 1.

    Parameters
    ----------
    exact : sequence of Sum
        Sums that were found by themselves and do not follow from each other.
    found : sequence of Sum or Product
        Any others, of those alike the best first.
    matrix : float64 array of shape (n, d)
        The history that they hold in.

    Examples
    --------
    >>> a, b = np.random.default_rng(1).integers(2, 9, (2, 50)).astype(float)
    >>> whole = Product((2, 0, 1), 1.0, (0.5, 0.0, 0.0, 0.0), 0, 50)
    >>> twice = Product((3, 0, 1), 1.0, (0.5, 0.0, 0.0, 0.0), 0, 50)
    >>> alike = Sum((2, 3), (1.0, -1.0), 0.0, (0.5, 0.0), 0, 50)
    >>> apart([alike], [whole, twice], np.column_stack([a, b, a * b, a * b])) == [alike, whole]
    True
    """
    kept: list[Equation] = list(exact)
    for one in sorted(found, key=lambda one: (_share(one), len(one.columns))):
        if not any(_refines(other, one) for other in kept) and not _follows(one, kept, matrix):
            kept.append(one)
    return [one for one in kept if not any(_refines(other, one) for other in kept)]


def _share(one: Equation) -> float:
    return one.broken / max(one.judged, 1)


def _refines(better: Equation, one: Equation) -> bool:
    """Tell whether an equation speaks of all columns that one speaks of, and is broken far less."""
    is_within = set(one.columns) < set(better.columns)
    return is_within and one.broken >= 5 and _share(better) < 0.5 * _share(one)


def _follows(one: Equation, kept: Sequence[Equation], matrix: Matrix) -> bool:
    """Tell whether what one says is a consequence of what the kept ones say.

    So it is where its slopes are a combination of theirs, wherever one looks.
    """
    touching = _touching(one, kept)
    if not touching:
        return False
    values = matrix[:, list(one.columns)]
    complete = np.flatnonzero(np.isfinite(values).all(axis=1) & (values != 0.0).all(axis=1))
    if not len(complete):
        return False
    # Rounding matters least where values are large.
    large = complete[np.argsort(-np.abs(values[complete, 0]), kind="stable")]
    rows = large[np.linspace(0, len(large) // 2, _ROWS).astype(np.int64)]
    return float(np.mean([_rest(one, touching, row) for row in matrix[rows]])) >= _LEAST_IMPLIED


def _touching(one: Equation, kept: Sequence[Equation]) -> list[Equation]:
    """Return the equations that columns of one lead to, over any number of others."""
    reached, found = set(one.columns), list[Equation]()
    while more := [other for other in kept if other not in found and reached & {*other.columns}]:
        found += more
        reached.update(*(other.columns for other in more))
    return found


def _rest(one: Equation, kept: Sequence[Equation], row: Numbers) -> bool:
    own = one.slopes(row)
    others = np.array([other.slopes(row) for other in kept])
    others = others[np.isfinite(others).all(axis=1)]
    sizes = np.abs(others).max(axis=1)
    others = others[sizes > 0.0] / sizes[sizes > 0.0, None]
    if not len(others):
        return False
    own /= np.abs(own).max()
    weights = np.linalg.lstsq(others.T, own, rcond=1e-9)[0]
    return float(np.abs(own - weights @ others).max()) <= _LARGEST_REST
