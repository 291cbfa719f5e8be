"""A design: rows as points of a space in which distances mean something.

A number is centred on its median and divided by its interquartile range over 1.349, that of the
normal distribution, so that two usual rows differ by about 2 in its square, and anomalies in the
history decide nothing; where most values are the same its standard deviation stands in, without
the most extreme half per cent on either side. A category, a flag, or whether a number is there at
all, differs or does not: two rows that differ in it are `2 / P(two rows differ)` apart in its
square, which is 2 on average as well, but at most 25, as far as five standard deviations. What
never changed in the history adds those 25 where it does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.detectors.passing_time import passing_cycles
from streamscore.errors import BundleError
from streamscore.features import Column

VALUE, RAW, ABSENT, UNLIKE, SAME = range(5)
"""Kinds of features: a scaled number; a value that is compared; 1 where a number is missing; the
weight where a value is not the usual one; 1 where a value is a certain one."""

FARTHEST = 25.0
"""The largest square of a difference that is there or not."""

_PERCENTILES = (0.5, 25.0, 50.0, 75.0, 99.5)
_NORMAL_QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution, in standard deviations."""
_FEWEST_SHARE = 0.01
_MOST_VALUES = 16
_NO_VALUE = -1e31
"""Stands for a missing value where values are compared; numbers lie within +-1e30."""
_LARGEST = 1e6
"""Scaled numbers are cut to this: their squares are float32."""


class Design(NamedTuple):
    """Features in three groups: numbers, values that are compared, and what never changed.

    Attributes
    ----------
    numbers, compared : int
        How many features the first and the second group have; the others are the third.
    column : int64 array of shape (f,)
        The column that each feature is made of.
    kind : int8 array of shape (f,)
        How it is made.
    center, scale : float64 arrays of shape (f,)
        What is subtracted from a number, and what the difference is multiplied with; the value that
        others are compared with, and the weight of a difference.
    """

    numbers: int
    compared: int
    column: NDArray[np.int64]
    kind: NDArray[np.int8]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]

    def points(self, matrix: Matrix) -> NDArray[np.float32]:
        """Turn rows into points: float32 of shape (n, f), finite.

        Raises
        ------
        ValueError
            When the rows have fewer columns than the features are made of.
        """
        fewest = int(self.column.max()) + 1 if len(self.column) else 0
        if matrix.shape[1] < fewest:
            raise ValueError(f"the design reads {fewest} columns, got rows of {matrix.shape[1]}")
        rows = np.ascontiguousarray(matrix, np.float64)
        points: NDArray[np.float32] = _points(rows, *self[2:])
        return points

    def by_column(self, parts: NDArray[np.float64], columns: int) -> NDArray[np.float64]:
        """Sum what each feature contributed over the columns: of shape (n, columns)."""
        out = np.zeros((len(parts), columns))
        np.add.at(out.T, self.column, parts.T)
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, for the bundle."""
        counts = np.array([self.numbers, self.compared])
        return {"design.counts": counts} | {
            f"design.{name}": getattr(self, name) for name in self._fields[2:]
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> "Design":
        """Rebuild a design; raises KeyError and BundleError."""
        counts, column, kind = (arrays[f"design.{n}"] for n in ("counts", "column", "kind"))
        center, scale = arrays["design.center"], arrays["design.scale"]
        alike = column.shape == kind.shape == center.shape == scale.shape
        if not (alike and column.ndim == 1 and counts.shape == (2,) and np.all(counts >= 0)):
            raise BundleError(
                f"a design has one column, kind, center and scale a feature; got {column.shape}, "
                f"{kind.shape}, {center.shape}, {scale.shape} and counts {counts.shape}"
            )
        if int(counts.max()) > len(column) or counts.sum() > len(column) or np.any(column < 0):
            raise BundleError(f"a design's features are of three groups; got counts {counts}")
        own = np.ascontiguousarray(column, np.int64), np.ascontiguousarray(kind, np.int8)
        learned = (np.ascontiguousarray(array, np.float64) for array in (center, scale))
        return cls(int(counts[0]), int(counts[1]), *own, *learned)


class _Feature(NamedTuple):
    group: int
    column: int
    kind: int
    center: float
    scale: float


def fit_distances(matrix: Matrix, columns: Sequence[Column]) -> Design:
    """Learn the design in which rows are compared: a value that is not a number is one feature."""
    return _design(
        feature
        for place, column in enumerate(columns)
        for feature in _features(place, column, matrix[:, place], is_compared=True)
    )


def fit_inputs(matrix: Matrix, columns: Sequence[Column]) -> Design:
    """Learn the design that networks read: each frequent value of a category is a feature.

    Frequent are the 16 most frequent ones, of those that at least one row in a hundred has. Parts
    of the calendar that the history does not go round are left out.
    """
    left_out = passing_cycles(matrix, columns)
    return _design(
        feature
        for place, column in enumerate(columns)
        if place not in left_out
        for feature in _features(place, column, matrix[:, place], is_compared=False)
    )


def _design(found: Iterator[_Feature]) -> Design:
    features = sorted(found)
    groups = [feature.group for feature in features]
    return Design(
        groups.count(0),
        groups.count(1),
        np.array([f.column for f in features], np.int64),
        np.array([f.kind for f in features], np.int8),
        np.array([f.center for f in features], np.float64),
        np.array([f.scale for f in features], np.float64),
    )


def _features(
    place: int, column: Column, values: NDArray[np.float64], *, is_compared: bool
) -> Iterator[_Feature]:
    different, counts = np.unique(values, return_counts=True)
    if len(different) == 1:
        yield _Feature(2, place, UNLIKE, float(different[0]), FARTHEST)
        return
    known = values[~np.isnan(values)]
    is_number = column.kind not in ("code", "flag") and bool(np.ptp(known) > 0.0)
    if not is_number and is_compared:
        yield _Feature(1, place, RAW, 0.0, _weight(counts / len(values)))
        return
    if not is_number:
        yield from _frequent(place, different, counts / len(values))
        return
    center, scale = _center_and_scale(known)
    yield _Feature(0, place, VALUE, center, scale)
    absent = 1.0 - len(known) / len(values)
    if absent == 0.0:
        yield _Feature(2, place, ABSENT, 0.0, FARTHEST)
    elif is_compared:
        yield _Feature(1, place, ABSENT, 0.0, _weight(np.array([absent, 1.0 - absent])))
    else:
        yield _Feature(0, place, ABSENT, 0.0, 1.0)


def _frequent(
    place: int, different: NDArray[np.float64], shares: NDArray[np.float64]
) -> Iterator[_Feature]:
    for i in np.argsort(-shares, kind="stable")[:_MOST_VALUES]:
        if shares[i] >= _FEWEST_SHARE:
            yield _Feature(0, place, SAME, float(different[i]), 1.0)


def _weight(shares: NDArray[np.float64]) -> float:
    differ = 1.0 - float((shares * shares).sum())
    return min(2.0 / differ, FARTHEST)


def _center_and_scale(known: NDArray[np.float64]) -> tuple[float, float]:
    low, quarter, median, three_quarters, high = np.percentile(known, _PERCENTILES)
    usual = np.clip(known, low, high)
    # Where most values are the same, those that are not are what there is to measure by.
    spread = (
        float(three_quarters - quarter) / _NORMAL_QUARTILES
        or float(usual.std())
        or float(known.std())
    )
    return float(median), 1.0 / max(spread, 1e-100)


@njit(cache=True, nogil=True)
def _points(matrix, column, kind, center, scale):  # type: ignore[no-untyped-def]
    out = np.zeros((len(matrix), len(column)), np.float32)
    for row in range(len(matrix)):
        for i in range(len(column)):
            value = matrix[row, column[i]]
            missing = np.isnan(value)
            if kind[i] == VALUE:
                if not missing:
                    scaled = (value - center[i]) * scale[i]
                    out[row, i] = min(max(scaled, -_LARGEST), _LARGEST)
            elif kind[i] == RAW:
                out[row, i] = _NO_VALUE if missing else value
            elif kind[i] == ABSENT:
                out[row, i] = scale[i] if missing else 0.0
            elif kind[i] == UNLIKE:
                same = value == center[i] or (missing and np.isnan(center[i]))
                out[row, i] = 0.0 if same else scale[i]
            else:
                same = value == center[i] or (missing and np.isnan(center[i]))
                out[row, i] = scale[i] if same else 0.0
    return out
