"""Tables of shares: drawing a column given at most two others, many rows at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Distribution = Mapping[str, float]

# A share that the rounding of a conditional table loses: such a value keeps its general share.
_RARE = 3e-4


class ColumnShares(Struct, frozen=True, forbid_unknown_fields=True):
    """One column's table, as its file holds it.

    Attributes
    ----------
    parents : tuple of str
        The columns it depends on, at most two.
    marginal : dict of str to float
        Value -> share, over all rows.
    given_first : dict of str to dict
        Value of the first parent -> value -> share.
    given_both : dict of str to dict of str to dict
        Value of the first parent -> value of the second -> value -> share.
    """

    parents: tuple[str, ...]
    marginal: dict[str, float]
    given_first: dict[str, dict[str, float]] = {}
    given_both: dict[str, dict[str, dict[str, float]]] = {}


class Shares:
    """Draws codes of one column, given the codes of its parents.

    What a distribution leaves open up to 1 is spread as the more general one says: given both
    parents, given the first, marginal.

    Parameters
    ----------
    table : ColumnShares
        The shares.
    parent_values : sequence of sequence of str
        The values of each parent, in the order of its codes.

    Attributes
    ----------
    values : tuple of str
        The column's values; a code is a place in it.

    Examples
    --------
    >>> table = ColumnShares(("sky",), {"DRY": 0.9, "WET": 0.1}, {"RAIN": {"WET": 1.0}})
    >>> surface = Shares(table, [("CLEAR", "RAIN")])
    >>> surface.draw([np.array([1, 1, 1])], np.random.default_rng(0))
    array([1, 1, 1])
    """

    def __init__(self, table: ColumnShares, parent_values: Sequence[Sequence[str]]) -> None:
        self.values = _values(table)
        sizes = tuple(len(values) for values in parent_values)
        self._row_of = np.zeros(sizes or (1,), dtype=np.int64)
        self._distributions = [self._dense(table.marginal, np.zeros(len(self.values)))]
        if sizes:
            self._add_rows(table, parent_values)
        cumulative = np.cumsum(self._distributions, axis=1)
        cumulative /= cumulative[:, -1:]
        # One sorted array for all rows: row r's steps lie in (r, r + 1].
        self._steps = (cumulative + np.arange(len(cumulative))[:, None]).ravel()

    def draw(self, parent_codes: Sequence[Codes], rng: np.random.Generator, n: int = 0) -> Codes:
        """Draw one code a row.

        Parameters
        ----------
        parent_codes : sequence of ndarray of shape (n,), int64
            The codes of the parents.
        rng : numpy.random.Generator
            The source of chance.
        n : int
            How many, where the column has no parent.

        Returns
        -------
        ndarray of shape (n,), int64
            Places in `values`.
        """
        rows = self._row_of[tuple(parent_codes)] if parent_codes else np.zeros(n, dtype=np.int64)
        k = len(self.values)
        found = np.searchsorted(self._steps, rows + rng.random(len(rows)), side="right")
        # Rounding could step over a row's end, once in about 1e13 draws.
        return np.asarray(np.minimum(found - rows * k, k - 1), dtype=np.int64)

    def _add_rows(self, table: ColumnShares, parent_values: Sequence[Sequence[str]]) -> None:
        marginal = self._distributions[0]
        for i, first in enumerate(parent_values[0]):
            general = marginal
            if first in table.given_first:
                general = self._dense(table.given_first[first], marginal)
                self._row_of[i] = self._added(general)
            given_second = table.given_both.get(first, {})
            for j, second in enumerate(parent_values[1] if given_second else ()):
                if second in given_second:
                    self._row_of[i, j] = self._added(self._dense(given_second[second], general))

    def _added(self, distribution: NDArray[np.float64]) -> int:
        self._distributions.append(distribution)
        return len(self._distributions) - 1

    def _dense(self, listed: Distribution, general: NDArray[np.float64]) -> NDArray[np.float64]:
        dense = np.array([listed.get(value, 0.0) for value in self.values])
        rare = (dense == 0) & (general < _RARE)
        dense[rare] = general[rare]
        return np.asarray(dense + max(0.0, 1.0 - dense.sum()) * general)


def shares_of(
    columns: Mapping[str, ColumnShares], known_values: Mapping[str, Sequence[str]]
) -> dict[str, Shares]:
    """Build the sampler of each column; a column's parents come before it, or are known."""
    values: dict[str, Sequence[str]] = dict(known_values)
    built = {}
    for name, table in columns.items():
        built[name] = Shares(table, [values[parent] for parent in table.parents])
        values[name] = built[name].values
    return built


def _values(table: ColumnShares) -> tuple[str, ...]:
    listed: dict[str, Any] = dict.fromkeys(table.marginal)
    for distribution in table.given_first.values():
        listed.update(dict.fromkeys(distribution))
    for by_second in table.given_both.values():
        for distribution in by_second.values():
            listed.update(dict.fromkeys(distribution))
    return tuple(listed)
