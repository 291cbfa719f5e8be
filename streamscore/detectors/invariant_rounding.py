"""How the numbers of a column are written: with how many decimals, and so how far from the truth.

A number of a history is a float64. Whether it was written with two decimals, or came out of a
computation as it is, shows in nearly all values of its column alike.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MOST_DECIMALS = 9
_LEAST_WRITTEN = 0.98
"""Share of a column's values that have no more decimals: the share that a relation has to hold."""

_MOST_LOOKED_AT = 20_000
"""Rows by which decimals are counted; of more, evenly spaced ones are taken."""

_NEAR = 1e-6
"""How near to a whole number a value counts as one, in units of the last decimal."""

_EPSILON = 2.0**-52

FLOAT_ERROR = 16.0 * _EPSILON
"""Of a product, or of a sum of few terms, as a share of it, however it was worked out."""

UNWRITTEN = -1
"""Instead of decimals, where numbers have as many as float64 holds."""


class Writing(NamedTuple):
    """How m columns of numbers are written.

    Attributes
    ----------
    decimals : int64 array of shape (m,)
        0 to 9, or `UNWRITTEN`.
    halves : float64 array of shape (m,)
        Half a unit of the last decimal: how far rounding moved a value at most; 0 if unwritten.
    shares : float64 array of shape (m,)
        How far rounding moved a value besides, as a share of it: that of float32, or 0.
    """

    decimals: NDArray[np.int64]
    halves: NDArray[np.float64]
    shares: NDArray[np.float64]

    @property
    def part_halves(self) -> NDArray[np.float64]:
        """The same of what others are made of: whole numbers are counts, which nobody rounded."""
        return np.where(self.decimals == 0, 0.0, self.halves)

    def chosen(self, places: NDArray[np.int64]) -> "Writing":
        """Return how some of the columns are written."""
        return Writing(self.decimals[places], self.halves[places], self.shares[places])


def writing_of(values: NDArray[np.float64]) -> Writing:
    """Find out how columns of shape (n, m) are written; a missing value is NaN.

    Examples
    --------
    >>> found = writing_of(np.array([[2.0, 0.25, 1 / 3], [3.0, 7.5, 2 / 7]]))
    >>> found.decimals.tolist(), found.halves.tolist()
    ([0, 2, -1], [0.5, 0.005, 0.0])
    """
    rows = np.unique(np.linspace(0, len(values) - 1, _MOST_LOOKED_AT).astype(np.int64))
    seen = values[rows] if len(values) else values
    decimals = np.array([_decimals(column[np.isfinite(column)]) for column in seen.T], np.int64)
    halves = np.where(decimals == UNWRITTEN, 0.0, 0.5 * 10.0 ** -decimals.astype(np.float64))
    shares = [2.0**-24 if _is_single(x[np.isfinite(x)]) else 0.0 for x in seen.T]
    return Writing(decimals, halves, np.where(decimals == UNWRITTEN, shares, 0.0))


def _decimals(values: NDArray[np.float64]) -> int:
    for decimals in range(_MOST_DECIMALS + 1) if len(values) else ():
        scaled = values * 10.0**decimals
        off = np.abs(scaled - np.rint(scaled))
        if np.mean(off <= _NEAR + 4.0 * _EPSILON * np.abs(scaled)) >= _LEAST_WRITTEN:
            return decimals
    return UNWRITTEN


def _is_single(values: NDArray[np.float64]) -> bool:
    with np.errstate(over="ignore"):
        single = values.astype(np.float32).astype(np.float64)
    return bool(len(values)) and float(np.mean(single == values)) >= _LEAST_WRITTEN
