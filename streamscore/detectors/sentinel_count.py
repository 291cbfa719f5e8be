"""Sentinel count: in how many fields nothing was said.

A value that stands for a missing one, UNKNOWN and its like, is normal in each field by itself; in
many at once it is a form that nobody filled in.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.spoken_columns import column_reasons, told
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned


class SentinelCount:
    """Counts the fields of a record that say nothing.

    Parameters
    ----------
    column : int64 array of shape (m,)
        A column for each code that says nothing.
    code : float64 array of shape (m,)
        That code.
    width : int
        How many columns there are.
    """

    name: ClassVar[str] = "sentinel-count"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, calendar=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("count"),)

    def __init__(self, column: NDArray[np.int64], code: NDArray[np.float64], width: int) -> None:
        self._column = np.ascontiguousarray(column, np.int64)
        self._code = np.ascontiguousarray(code, np.float64)
        self._width = width

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "SentinelCount":
        """Take over what the columns say of their codes."""
        found = [
            (place, float(code))
            for place, column in enumerate(columns)
            if column.kind == "code"
            for code in (*column.missing_codes, column.values + 1)
        ]
        column = np.array([place for place, _ in found], np.int64)
        return cls(column, np.array([code for _, code in found]), len(columns))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "SentinelCount":
        """Rebuild a count from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not a count's.
        """
        column, code, width = arrays["column"], arrays["code"], int(parameters["columns"])
        is_whole = column.dtype.kind in "iu" and column.shape == code.shape
        if not is_whole or not ((column >= 0) & (column < width)).all():
            raise BundleError(
                f"every code is one of {width} columns; got {column.shape} and {code.shape}"
            )
        return cls(column, code, width)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the codes that say nothing."""
        return {"column": self._column, "code": self._code}

    def parameters(self) -> dict[str, Any]:
        """Return how many columns there are."""
        return {"columns": self._width}

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Count: float64 of shape (n, 1)."""
        if matrix.shape[1] != self._width:
            raise ValueError(f"rows have {self._width} columns, got {matrix.shape[1]}")
        counts: NDArray[np.float64] = sentinel_counts(
            np.ascontiguousarray(matrix, np.float64), self._column, self._code
        )
        return counts[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Return 1 for each column that says nothing: float64 of the shape of the rows."""
        parts = np.isnan(matrix).astype(np.float64)
        for column, code in zip(self._column.tolist(), self._code.tolist(), strict=True):
            parts[:, column] += matrix[:, column] == code
        return parts

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the fields that say nothing, and say so."""
        parts, cells = self.contributions(rows), rows.tolist()

        def sentence(number: int, place: int) -> str:
            seen = told(wordings[number], place, cells[number]).seen
            # Of a missing value everybody knows.
            is_said = not parts[number, place] or seen.endswith(" is missing")
            return seen if is_said else f"{seen}, which says nothing"

        return column_reasons(parts, rows, wordings, sentence)


@njit(cache=True, nogil=True)
def sentinel_counts(matrix, column, code):  # type: ignore[no-untyped-def]
    """How many columns of each row say nothing: float64 of shape (n,)."""
    out = np.zeros(matrix.shape[0])
    for row in range(matrix.shape[0]):
        for i in range(matrix.shape[1]):
            out[row] += np.isnan(matrix[row, i])
        for k in range(len(column)):
            out[row] += matrix[row, column[k]] == code[k]
    return out
