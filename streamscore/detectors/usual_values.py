"""Usual values: what each column has in a history, so that a reason can say what is usual."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.detectors.reasons import Wording
from streamscore.detectors.spoken_columns import cycle_part, span, told
from streamscore.detectors.written_numbers import percent, whole_from, whole_to
from streamscore.errors import BundleError
from streamscore.features import Column
from streamscore.features.cycles import PERIODS, part_at

_OUTER_SHARE = 0.01
"""Share of history at each end that is not usual."""

_USUAL_SHARE = 0.05
"""A value that so much of history has is usual by itself."""

_COMMON_SHARE = 0.1
"""The commonest value is named where so much of history has it."""

_FLAGS = 2
_ALONE = "usual by itself but not with the other values"
_RANGED = ("number", "text_statistic")


class UsualValues(NamedTuple):
    """What is usual in each of d columns.

    Attributes
    ----------
    low, high : float64 arrays of shape (d,)
        Between which 98% of a number's values lie, as rows have them; NaN where there are none, and
        for columns of other kinds.
    starts : int64 array of shape (d + 1,)
        Where each column's shares lie in `shares`.
    shares : float32 array of shape (starts[d],)
        Of a category: the share of history that has each code, then of unseen, then of missing
        values. Of a flag: of false, true, and missing. Of a cycle, at its first column: of each
        part. Of a number: of missing values.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    starts: NDArray[np.int64]
    shares: NDArray[np.float32]

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column]) -> Self:
        """Learn what is usual in a history of shape (n, d), n at least 1.

        Examples
        --------
        >>> column = Column(name="x", field="x", kind="number")
        >>> usual = UsualValues.fit(np.arange(101.0)[:, None], [column])
        >>> usual.low.tolist(), usual.high.tolist(), usual.shares.tolist()
        ([1.0], [99.0], [0.0])
        """
        limits = np.full((2, len(columns)), np.nan)
        tables = [_shares(matrix, place, column) for place, column in enumerate(columns)]
        for place, column in enumerate(columns):
            known = matrix[~np.isnan(matrix[:, place]), place]
            if column.kind in _RANGED and len(known):
                limits[:, place] = np.quantile(known, [_OUTER_SHARE, 1.0 - _OUTER_SHARE])
        starts = np.cumsum([0, *map(len, tables)]).astype(np.int64)
        shares = np.concatenate([np.zeros(0), *tables]).astype(np.float32)
        return cls(limits[0], limits[1], starts, shares)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, for the bundle."""
        return {f"usual.{name}": array for name, array in self._asdict().items()}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], fewest_columns: int) -> Self | None:
        """Rebuild them; None where a bundle has none, as those that were written before have not.

        Raises
        ------
        KeyError, BundleError
            When some of the arrays are missing, or are not those of so many columns.
        """
        if not any(f"usual.{name}" in arrays for name in cls._fields):
            return None
        found = cls(*(arrays[f"usual.{name}"] for name in cls._fields))
        starts, width = found.starts, len(found.low)
        fits = (
            all(array.ndim == 1 for array in found)
            and found.high.shape == (width,)
            and starts.shape == (width + 1,)
            and width >= fewest_columns
            and starts[0] == 0
            and starts[-1] == len(found.shares)
            and bool((starts[1:] >= starts[:-1]).all())
        )
        if not fits:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in found._asdict().items())
            raise BundleError(f"what is usual is known of {fewest_columns} columns; got {shapes}")
        return found

    def words(self, wording: Wording, place: int, row: Sequence[float]) -> str:
        """Say what a row has in a column, and what is usual there."""
        column, value = wording.column(place), row[place]
        if column.kind in _RANGED:
            return self._of_a_number(wording, place, row)
        part: int | None = None
        if column.kind in ("code", "flag"):
            part = _FLAGS if np.isnan(value) else int(value)
        elif column.kind == "cycle":
            part = cycle_part(wording.terms, place, row)
        shares = self.shares[self.starts[place] : self.starts[place + 1]].tolist()
        if part is None or part >= len(shares):
            return told(wording, place, row).seen
        return _of_a_value(wording, place, row, part, shares)

    def _of_a_number(self, wording: Wording, place: int, row: Sequence[float]) -> str:
        low, high, value = float(self.low[place]), float(self.high[place]), row[place]
        if np.isnan(value):
            return _of_a_missing_one(wording, place, row, float(self.shares[self.starts[place]]))
        if np.isnan(low):
            return f"{told(wording, place, row).seen}, always missing before"
        seen, limits = told(wording, place, row, (low, high), (whole_from, whole_to))
        if low <= value <= high:
            return f"{seen}, {_ALONE}"
        return f"{seen}; 98% have {span(*limits)}"


def _of_a_missing_one(wording: Wording, place: int, row: Sequence[float], share: float) -> str:
    seen = told(wording, place, row).seen
    if share >= _USUAL_SHARE:
        return f"{seen}, {_ALONE}"
    return f"{seen}, {_how_often(share)}"


def _how_often(share: float) -> str:
    return f"as in {percent(share)} of the history" if share > 0.0 else "as never before"


def _of_a_value(
    wording: Wording, place: int, row: Sequence[float], part: int, shares: Sequence[float]
) -> str:
    commonest = shares.index(max(shares))
    seen, (other,) = told(wording, place, row, (_value(wording, place, commonest),))
    share = shares[part]
    if share >= _USUAL_SHARE or part == commonest:
        return f"{seen}, {_ALONE}"
    if not seen.endswith(", never seen"):
        seen += f", {_how_often(share)}"
    if shares[commonest] < _COMMON_SHARE:
        return seen
    return f"{seen}; in {percent(shares[commonest])} it is {other}"


def _value(wording: Wording, place: int, part: int) -> float:
    """Return the value that a place among the shares stands for."""
    is_missing = wording.column(place).kind == "flag" and part == _FLAGS
    return np.nan if is_missing else float(part)


def _shares(matrix: Matrix, place: int, column: Column) -> NDArray[np.float64]:
    values = matrix[:, place]
    if column.kind in _RANGED:
        return np.array([np.isnan(values).mean()])
    if column.kind == "code":
        return _counted(values, column.values + 2)
    if column.kind == "flag":
        return _counted(np.where(np.isnan(values), _FLAGS, values), _FLAGS + 1)
    name = column.name.removeprefix(f"{column.field}.").removesuffix(".sin")
    if column.kind == "cycle" and name in PERIODS and place + 1 < matrix.shape[1]:
        # A point on the circle is one of few.
        points, each = np.unique(matrix[:, place : place + 2], axis=0, return_inverse=True)
        parts = np.array([part_at(sine, cosine, name) for sine, cosine in points.tolist()])
        return _counted(parts[each.ravel()], PERIODS[name])
    return np.zeros(0)


def _counted(codes: NDArray[Any], size: int) -> NDArray[np.float64]:
    counts = np.bincount(codes.astype(np.int64), minlength=size)[:size]
    shares: NDArray[np.float64] = counts / max(len(codes), 1)
    return shares
