"""Mining of products and sums of two columns that hold up to rounding.

All triples of columns are tried on some hundred rows, and those that may hold on all. What is
rounded, the whole alone or its parts as well, is measured: the tightest tolerance counts at which
nearly all records keep to it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.invariant_equations import Equation, Marks, Numbers, Product, Sum
from streamscore.detectors.invariant_evidence import Evidence, tightest
from streamscore.detectors.invariant_rounding import FLOAT_ERROR, Writing
from streamscore.detectors.invariant_screening_kernels import screen

_FACTORS = (0.0, 1.0, 0.01, 0.001)
"""Of a product: as it is, of percent or cents, of thousandths; 0 stands for a sum."""

_LEVELS = np.array([(1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1), (2, 2, 2)], np.float64)
"""How many halves of a unit the whole and its parts may be off: rounded, or cut off (2)."""

_MOST_VERIFIED = 400
_RANDOM_ROWS = 256
_UNUSUAL_ROWS = 16
"""Rows for each column in which it is not as usual."""


def mine_triples(
    values: Numbers,
    writing: Writing,
    evidence: Evidence,
    groups: NDArray[np.int64],
    rng: np.random.Generator,
) -> list[Equation]:
    """Find the products and sums of two columns that a third one is, up to rounding.

    Parameters
    ----------
    values : float64 array of shape (n, m)
        The history; a missing value is NaN.
    writing : Writing
        How the columns are written.
    evidence : Evidence
        What is needed to judge whether something holds.
    groups : int64 array of shape (m,)
        Columns of the same group follow from each other.
    rng : Generator
        Decides which rows are looked at first.

    Examples
    --------
    >>> from streamscore.detectors.invariant_evidence import evidence_of
    >>> from streamscore.detectors.invariant_rounding import writing_of
    >>> rng = np.random.default_rng(1)
    >>> quantity, price = rng.integers(1, 9, 400), rng.integers(99, 9999, 400) / 100
    >>> table = np.column_stack([quantity, price, (quantity * price).round(2)])
    >>> writing, evidence = writing_of(table), evidence_of(table, rng)
    >>> (one,) = mine_triples(table, writing, evidence, np.arange(3), rng)
    >>> one.columns, one.factor, one.broken
    ((2, 0, 1), 1.0, 0)
    """
    sample = np.ascontiguousarray(values[_sampled(evidence.unusual, rng)].T)
    rounding = writing.halves, writing.part_halves, writing.shares
    screened = screen(sample, *rounding, _LEVELS, np.array(_FACTORS))
    # Sums of whole numbers are found exactly, with any number of parts.
    is_whole = (writing.decimals[screened[:, :3]] == 0).all(axis=1)
    screened = screened[~(is_whole & (screened[:, 3] == 0))]
    found: dict[tuple[int, ...], Equation] = {}
    tried = 0
    for *places, place in screened.tolist():
        whole, *parts = groups[places].tolist()
        key = (whole, *sorted(parts), int(place > 0))
        if key in found or (not place and {whole, *parts} == {whole}):
            continue
        tried += 1
        one = _verified(values, writing, evidence, places, _FACTORS[place])
        if one is not None:
            found[key] = one
        if tried == _MOST_VERIFIED:
            break
    return list(found.values())


def _verified(
    values: Numbers, writing: Writing, evidence: Evidence, places: Sequence[int], factor: float
) -> Equation | None:
    if not factor:
        return tightest(values, [_sum(places, writing, level) for level in _LEVELS], evidence)
    products = [_product(places, factor, writing, level) for level in _LEVELS]
    return tightest(values, products, evidence)


def _sampled(unusual: Marks, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw rows at random, and some in which each column is not as usual."""
    chosen = [rng.integers(0, len(unusual), _RANDOM_ROWS)]
    for column in unusual.T:
        rows = np.flatnonzero(column)
        chosen.append(rng.choice(rows, _UNUSUAL_ROWS) if len(rows) else rows)
    return rng.permutation(np.unique(np.concatenate(chosen)))


def _product(places: Sequence[int], factor: float, writing: Writing, level: Numbers) -> Product:
    whole, first, second = _offs(places, writing, level)
    share = float((level * writing.shares[list(places)]).sum()) + FLOAT_ERROR
    slopes = factor * second, factor * first
    columns = (places[0], places[1], places[2])
    return Product(columns, factor, (whole + factor * first * second, *slopes, share), 0, 0)


def _sum(places: Sequence[int], writing: Writing, level: Numbers) -> Sum:
    share = float((level * writing.shares[list(places)]).max()) + FLOAT_ERROR
    tolerance = sum(_offs(places, writing, level)), share
    return Sum(tuple(places), (1.0, -1.0, -1.0), 0.0, tolerance, 0, 0)


def _offs(places: Sequence[int], writing: Writing, level: Numbers) -> tuple[float, float, float]:
    """Return how far off the whole and its parts may be at a level."""
    whole, first, second = places
    halves = writing.halves[whole], writing.part_halves[first], writing.part_halves[second]
    of_whole, of_first, of_second = (level * np.array(halves)).tolist()
    return of_whole, of_first, of_second
