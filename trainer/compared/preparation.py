"""The matrix that libraries' detectors take: standard numbers, one-hot codes, nothing missing.

Everything is learned from the records that a detector is fit on.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

PLAN: ColumnPlan = planned(scalars=True, cycles=True, text_statistics=True, text_learned=True)
"""The columns that are prepared; others of a matrix are left out. A text enters as what was
measured of it: hashed words make detectors of this kind no better."""

MOST_VALUES = 12
"""The commonest values of a category that get a column of their own; the rest share one."""

_LARGEST = 1e6
"""Standard numbers are cut to this: squared and summed they stay finite."""


class _Part(Struct, frozen=True):
    """What one column becomes: as many columns as it has values, or one number.

    Attributes
    ----------
    place : int
        The column's place in the matrix.
    kind : {"code", "number"}
        One-hot, or centred and scaled.
    values : tuple of float
        Codes with a column of their own.
    center, scale : float
        What is subtracted, and what the difference is multiplied with; a missing number becomes 0.
    """

    place: int
    kind: Literal["code", "number"]
    values: tuple[float, ...] = ()
    center: float = 0.0
    scale: float = 1.0


class Preparation:
    """Makes a matrix without codes and gaps.

    Numbers are centred on their mean and divided by their standard deviation, a missing one is the
    mean. The commonest values of a category are columns of 0 and 1, and so are all others together.
    Flags and the time's circles are centred alone. What never varies is left out.

    Parameters
    ----------
    parts : tuple
        What each column becomes.

    Examples
    --------
    >>> train = np.array([[0.0, 1.0], [0.0, 3.0], [1.0, np.nan]])
    >>> columns = [
    ...     Column(name="light", field="light", kind="code", values=2),
    ...     Column(name="speed", field="speed", kind="number"),
    ... ]
    >>> Preparation.fit(train, columns).apply(np.array([[1.0, 4.0], [2.0, np.nan]]))
    array([[0., 1., 0., 2.],
           [0., 0., 1., 0.]])
    """

    def __init__(self, parts: tuple[_Part, ...]) -> None:
        self._parts = parts

    @classmethod
    def fit(
        cls, train: NDArray[np.float64], columns: Sequence[Column] | None = None
    ) -> "Preparation":
        """Learn from the records that the detector is fit on.

        Parameters
        ----------
        train : float64 array of shape (n, d)
            The records, numbers as they came, NaN where missing.
        columns : sequence of Column, optional
            What the columns are; without, all are numbers.
        """
        parts = []
        for place in range(train.shape[1]):
            column = columns[place] if columns is not None else None
            if column is not None and not PLAN.wants(column):
                continue
            found = _part(place, column, train[:, place])
            if found is not None:
                parts.append(found)
        return cls(tuple(parts))

    @property
    def width(self) -> int:
        """How many columns the result has."""
        return sum(len(part.values) + 1 if part.kind == "code" else 1 for part in self._parts)

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Prepare records, each by itself.

        Parameters
        ----------
        rows : float64 array of shape (m, d)
            The records.

        Returns
        -------
        float64 array of shape (m, width)
            Finite numbers.
        """
        out = np.zeros((len(rows), self.width))
        start = 0
        for part in self._parts:
            cells = rows[:, part.place]
            if part.kind == "code":
                end = start + len(part.values)
                out[:, start:end] = cells[:, None] == np.array(part.values)
                out[:, end] = ~out[:, start:end].any(axis=1)
                start = end + 1
                continue
            standard = (cells - part.center) * part.scale
            out[:, start] = np.nan_to_num(np.clip(standard, -_LARGEST, _LARGEST), nan=0.0)
            start += 1
        return out


def _part(place: int, column: Column | None, cells: NDArray[np.float64]) -> _Part | None:
    """Return what a column becomes, None where it never varies."""
    if column is not None and column.kind == "code":
        values, counts = np.unique(cells, return_counts=True)
        if len(values) < 2:
            return None
        common = values[np.lexsort((values, -counts))][:MOST_VALUES]
        return _Part(place, "code", tuple(common.tolist()))
    known = cells[~np.isnan(cells)]
    if len(known) == 0 or known.min() == known.max():
        return None
    is_bounded = column is not None and column.kind in ("flag", "cycle")
    spread = 1.0 if is_bounded else float(known.std())
    return _Part(place, "number", (), float(known.mean()), 1.0 / spread) if spread else None
