"""Alike records: what the reference rows that are most like a row otherwise have, in words."""

from collections import Counter
from collections.abc import Sequence
from math import floor, isnan, log10, nan

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.column_features import NO_FEATURES, ColumnFeatures, features_by_column
from streamscore.detectors.design import Design
from streamscore.detectors.reasons import Wording
from streamscore.detectors.spoken_columns import span, told

_ROUNDING = 1e-5
"""So far apart, on the scale on which rows are compared, are numbers that are equal."""

_RELATIVE_ROUNDING = 1e-6
"""The same of a number's distance from the usual: points are float32."""

_LEAST_VALUE = -2e30
"""What is compared and lies below stands for a missing value."""


class AlikeRecords:
    """Speaks of columns of rows beside those of their nearest reference rows.

    Parameters
    ----------
    design : Design
        How rows become points.
    """

    def __init__(self, design: Design) -> None:
        self._compared = design.numbers + design.compared
        self._features = features_by_column(design)

    def words(
        self, wording: Wording, place: int, row: Sequence[float], nearest: NDArray[np.float32]
    ) -> str:
        """Say what a row has in a column, and what its nearest rows have.

        Parameters
        ----------
        wording : Wording
            Turns columns of the row into words.
        place : int
            The column.
        row : sequence of float
            The row.
        nearest : float32 array of shape (k, f)
            The features that are compared, of the k reference rows nearest in other columns.
        """
        own = self._features.get(place, NO_FEATURES)
        if own.number is not None:
            limits = self._limits(own, nearest, row[place])
            seen, others = told(wording, place, row, limits)
            return f"{seen}; {_have(len(nearest))} {span(*others) if others else 'none'}"
        if own.raw is not None:
            return _of_a_value(wording, place, row, nearest[:, own.raw].tolist())
        if own.always is None:
            return told(wording, place, row).seen
        seen, (other,) = told(wording, place, row, (own.always,))
        return f"{seen}; always {other} before"

    def _limits(
        self, own: ColumnFeatures, nearest: NDArray[np.float32], value: float
    ) -> tuple[float, ...]:
        """Return the lowest and highest number of the nearest rows; none where they have none."""
        scaled = nearest[:, own.number].tolist()
        if own.absent is not None and own.absent < self._compared:
            absent = nearest[:, own.absent].tolist()
            scaled = [one for one, is_absent in zip(scaled, absent, strict=True) if not is_absent]
        if not scaled:
            return ()
        return tuple(_unscaled(own, one, value) for one in (min(scaled), max(scaled)))


def _unscaled(own: ColumnFeatures, scaled: float, value: float) -> float:
    """Return the number of a reference row; the row's own value where they are equal."""
    number = own.number_of(scaled)
    if abs(number - value) * own.scale < _ROUNDING + _RELATIVE_ROUNDING * abs(scaled):
        return value
    return round(number, floor(log10(own.scale / _ROUNDING)))


def _of_a_value(wording: Wording, place: int, row: Sequence[float], values: Sequence[float]) -> str:
    counts = Counter(values)
    # Of values that are as frequent the lowest code, which is the commonest in history.
    commonest = min(counts, key=lambda value: (-counts[value], value))
    value = commonest if commonest >= _LEAST_VALUE else nan
    seen, (other,) = told(wording, place, row, (value,))
    if counts[commonest] == len(values):
        return f"{seen}; {_have(len(values))} {other}"
    is_same = value == row[place] or (isnan(value) and isnan(row[place]))
    of_them = f"of the {len(values)} otherwise most alike records {counts[commonest]} have"
    return f"{seen}; {of_them} {'the same' if is_same else other}"


def _have(k: int) -> str:
    return (
        "the otherwise most alike record has"
        if k == 1
        else f"the {k} otherwise most alike records have"
    )
