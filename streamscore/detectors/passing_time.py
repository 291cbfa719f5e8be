"""Passing time: what is new in a column by that alone is no surprise."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.features import Column
from streamscore.features.cycles import PERIODS

EXCEPTIONS = 0.01
"""So few of the rows may break a rule that a column is said to follow."""

_DIRT = 0.05
"""Two columns that differ in no larger share of the rows are the same."""

_FEWEST_ROWS = 30


def grows(values: NDArray[np.float64]) -> bool:
    """Tell whether values, in order of time, are those of a counter, a meter or a clock.

    Examples
    --------
    >>> grows(np.arange(100.0)), grows(np.arange(100.0) % 10)
    (True, False)
    """
    steps = np.diff(values)
    is_new = np.mean(steps > 0) if len(steps) else 0.0
    falls = np.mean(~(steps >= 0)) if len(steps) else 1.0
    return bool(is_new > 0.5 and falls <= EXCEPTIONS)


def growing(matrix: Matrix, columns: Sequence[Column]) -> NDArray[np.bool_]:
    """Tell which columns are numbers that grow from record to record: bool of shape (d,).

    Later ones lie beyond all of history, and say nothing.
    """
    is_long = len(matrix) >= _FEWEST_ROWS
    found = [
        is_long and column.kind == "number" and grows(values)
        for column, values in zip(columns, matrix.T, strict=True)
    ]
    return np.array(found, np.bool_)


def passing(
    matrix: Matrix, columns: Sequence[Column], copied: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Tell which columns are a part of the calendar that the history does not go round: of (d,).

    A month that has never been is no surprise: time goes on. So it is with what copies it, or is
    the same number: in a history of one month neither can be seen to follow the other.

    Parameters
    ----------
    matrix : float64 array of shape (n, d)
        The history.
    columns : sequence of Column
        What the columns are.
    copied : bool array of shape (d, d)
        Which columns are copies of each other.

    Examples
    --------
    >>> month = Column(name="at.month", field="at", kind="calendar")
    >>> passing(np.array([[1.0], [2.0]]), [month], np.eye(1, dtype=np.bool_)).tolist()
    [True]
    >>> number = Column(name="month", field="month", kind="number")
    >>> passing(np.full((9, 2), 6.0), [month, number], np.eye(2, dtype=np.bool_)).tolist()
    [True, True]
    """
    alone = [
        column.kind == "calendar" and len(np.unique(values)) < PERIODS[column.name.split(".")[-1]]
        for column, values in zip(columns, matrix.T, strict=True)
    ]
    places = np.flatnonzero(alone)
    same = [
        column.kind in ("number", "calendar")
        and any(np.mean(values == matrix[:, place]) >= 1.0 - _DIRT for place in places)
        for column, values in zip(columns, matrix.T, strict=True)
    ]
    return np.asarray(copied[:, places].any(axis=1) | np.array(same, np.bool_), np.bool_)


def passing_cycles(matrix: Matrix, columns: Sequence[Column]) -> set[int]:
    """Return the places of sines and cosines of what the history does not go round.

    Examples
    --------
    >>> both = [Column(name=f"at.month.{one}", field="at", kind="cycle") for one in ("sin", "cos")]
    >>> sorted(passing_cycles(np.array([[0.0, 1.0], [0.5, 0.87]]), both))
    [0, 1]
    """
    parts: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        if column.kind == "cycle":
            parts.setdefault(column.name.rpartition(".")[0], []).append(place)
    return {
        place
        for name, places in parts.items()
        if len(np.unique(matrix[:, places], axis=0)) < PERIODS[name.rpartition(".")[2]]
        for place in places
    }
