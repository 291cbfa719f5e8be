"""Mining of columns that are a constant times another one, up to rounding.

Each row says between which bounds the factor lies, if the row keeps to one; the factor that most
rows agree upon is tried, written as shortly as their bounds allow.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.invariant_equations import Numbers, Sum, linked
from streamscore.detectors.invariant_evidence import Evidence, tightest
from streamscore.detectors.invariant_rounding import FLOAT_ERROR, Writing

_LEVELS = ((1.0, 0.0), (2.0, 0.0), (1.0, 1.0), (2.0, 2.0))
"""How many halves of a unit the whole and its part may be off: rounded, or cut off (2)."""

_MOST_VERIFIED = 300
_MOST_DIGITS = 15
_FEWEST_VALUES = 8
"""Different values of both columns: fewer are codes that translate into each other."""

_FIRST_ROWS = 500
_LEAST_HELD_FIRST = 0.9
"""Share of the first rows that agree upon a factor for the others to be asked."""


class _Agreed(NamedTuple):
    """A factor, and the share of rows that agree upon it."""

    factor: float
    share: float


def mine_factors(
    values: Numbers, writing: Writing, evidence: Evidence, groups: NDArray[np.int64]
) -> list[Sum]:
    """Find the columns that are a constant times another one.

    Parameters
    ----------
    values : float64 array of shape (n, m)
        The history; a missing value is NaN.
    writing : Writing
        How the columns are written.
    evidence : Evidence
        What is needed to judge whether something holds.
    groups : int64 array of shape (m,)
        Columns of the same group are known to have to do with each other.

    Returns
    -------
    list of Sum
        The tightest first. Of three columns that are multiples of each other two pairs are enough.

    Examples
    --------
    >>> from streamscore.detectors.invariant_evidence import evidence_of
    >>> from streamscore.detectors.invariant_rounding import writing_of
    >>> rng = np.random.default_rng(1)
    >>> net = rng.integers(99, 9999, 400) / 100
    >>> table = np.column_stack([net, (0.19 * net).round(2)])
    >>> (one,) = mine_factors(table, writing_of(table), evidence_of(table, rng), np.arange(2))
    >>> one.columns, one.coefficients, one.broken
    ((1, 0), (1.0, -0.19), 0)
    """
    few = values[np.unique(np.linspace(0, len(values) - 1, _FIRST_ROWS).astype(np.int64))]
    pairs = [(x, y) for x in range(values.shape[1]) for y in range(x) if groups[x] != groups[y]]
    promising = sorted((fit, pair) for pair in pairs if (fit := _fit(few, writing, pair)))
    found: list[Sum] = []
    for _, (x, y) in promising[:_MOST_VERIFIED]:
        together = linked(found, len(groups))
        if together[x] != together[y]:
            one = _verified(values, writing, evidence, (x, y))
            found += [] if one is None else [one]
    return found


def _fit(rows: Numbers, writing: Writing, pair: tuple[int, int]) -> tuple[int, int] | None:
    """Return how well a factor fits two columns, less for better; None where none does.

    First by how far off it may be, in powers of two, then by how short it is.
    """
    found = []
    for places in (pair, pair[::-1]):
        agreed = _agreed(rows, writing, places, _LEVELS[-1])
        if agreed is not None and agreed.share >= _LEAST_HELD_FIRST:
            base, share = _equation(places, agreed.factor, writing, _LEVELS[-1]).tolerance
            off = base / float(np.nanmedian(np.abs(rows[:, places[0]])) or 1.0) + share
            found.append((round(float(np.log2(off))), len(repr(agreed.factor))))
    return min(found, default=None)


def _verified(
    values: Numbers, writing: Writing, evidence: Evidence, pair: tuple[int, int]
) -> Sum | None:
    """Return the equation that holds; of two, that whose factor is shorter."""
    tried = []
    for places in (pair, pair[::-1]):
        agreed = [(_agreed(values, writing, places, level), level) for level in _LEVELS]
        equations = [
            _equation(places, one.factor, writing, level)
            for one, level in agreed
            if one is not None
        ]
        tried.append(tightest(values, equations, evidence))
    found = [one for one in tried if one is not None]
    return min(
        found, key=lambda one: (len(repr(one.coefficients[1])), *one.tolerance), default=None
    )


def _agreed(
    rows: Numbers, writing: Writing, places: tuple[int, int], level: tuple[float, float]
) -> _Agreed | None:
    """Return the factor that lies within the bounds of most rows."""
    both = rows[:, list(places)]
    whole, part = both[np.isfinite(both).all(axis=1) & (both != 0.0).all(axis=1)].T
    if min(len(np.unique(whole)), len(np.unique(part))) < _FEWEST_VALUES:
        return None
    about = float(np.median(np.abs(whole / part)))
    base, share = _equation(places, about, writing, level).tolerance
    off = base + 2.0 * share * np.abs(whole)
    bounds = np.sort(np.array([(whole - off) / part, (whole + off) / part]), axis=0).ravel()
    is_end = np.repeat([False, True], len(whole))
    order = np.lexsort((is_end, bounds))
    within = np.cumsum(np.where(is_end[order], -1, 1))
    best = int(within.argmax())
    low, high = bounds[order[best : best + 2]].tolist()
    return _Agreed(_shortest(low, high), float(within[best]) / len(whole))


def _shortest(low: float, high: float) -> float:
    """Return the number between two that has the fewest digits.

    Examples
    --------
    >>> _shortest(0.18993, 0.19004), _shortest(1 / 3, 1 / 3) == 1 / 3
    (0.19, True)
    """
    middle = 0.5 * (low + high)
    written = [float(f"{middle:.{digits}g}") for digits in range(1, _MOST_DIGITS + 1)]
    return next((factor for factor in written if low <= factor <= high), middle)


def _equation(
    places: tuple[int, int], factor: float, writing: Writing, level: tuple[float, float]
) -> Sum:
    whole, part = places
    base = level[0] * writing.halves[whole] + level[1] * abs(factor) * writing.part_halves[part]
    share = max(level[0] * writing.shares[whole], level[1] * writing.shares[part]) + FLOAT_ERROR
    return Sum(places, (1.0, -factor), 0.0, (float(base), float(share)), 0, 0)
