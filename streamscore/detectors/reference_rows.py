"""Reference rows: the part of the history that new rows are compared with.

A sample of a few thousand rows judges as well as the whole history does, or better where that holds
anomalies of its own (Sugiyama, Borgwardt, "Rapid distance-based outlier detection via sampling",
NIPS 2013), and bounds the bundle and the work.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.design import Design, fit_distances
from streamscore.detectors.detector import Matrix
from streamscore.detectors.left_out_kernels import nearest_without
from streamscore.detectors.nearest_kernels import make_blocks, nearest_rows
from streamscore.errors import BundleError
from streamscore.features import Column


class ReferenceRows:
    """Rows of the history, and how the nearest of them are found.

    Parameters
    ----------
    design : Design
        How rows become points.
    rows : float32 array of shape (m, f)
        The features that differ among the rows; m at least 1.
    """

    def __init__(self, design: Design, rows: NDArray[np.float32]) -> None:
        self.design = design
        self.rows = np.ascontiguousarray(rows, np.float32)
        weights = design.scale[design.numbers : design.numbers + design.compared]
        self._blocks = make_blocks(self.rows, design.numbers, weights)

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        columns: Sequence[Column],
        seed: int,
        most: int,
        *,
        are_distinct: bool = False,
    ) -> "ReferenceRows":
        """Learn the design from the whole history, and keep a sample of at most that many rows.

        Where they are distinct, no two of them have the same features.
        """
        design = fit_distances(matrix, columns)
        places = np.random.default_rng(seed).permutation(len(matrix))
        width = design.numbers + design.compared
        rows = design.points(matrix[places if are_distinct else places[:most]])[:, :width]
        if are_distinct:
            first = np.sort(np.unique(rows, axis=0, return_index=True)[1])
            rows = rows[first[:most]]
        return cls(design, rows)

    def __len__(self) -> int:
        return len(self.rows)

    def nearest(
        self, points: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the distances of the k nearest rows, in no order, and their places: (n, k)."""
        beyond = points[:, self.rows.shape[1] :].sum(axis=1, dtype=np.float64)
        distances, places = nearest_rows(points, beyond, self._blocks, k)
        return distances, places

    def left_out(
        self,
        points: NDArray[np.float32],
        distances: NDArray[np.float64],
        places: NDArray[np.int64],
        columns: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return what the mean distance to the nearest rows falls by without each column.

        Parameters
        ----------
        points : float32 array of shape (n, f)
            The points.
        distances : float64 array of shape (n, k)
            Those to the k nearest rows.
        places : int64 array of shape (n, k)
            These rows.
        columns : int
            How many columns there are.

        Returns
        -------
        falls : float64 array of shape (n, columns)
            At least 0.
        places : int64 array of shape (n, columns, k)
            The nearest rows without each column.
        """
        width, design = self.rows.shape[1], self.design
        order = np.argsort(design.column[:width], kind="stable")
        ends = np.searchsorted(design.column[:width][order], np.arange(columns), side="right")
        k = distances.shape[1]
        squares, found = nearest_without(points, places, self._blocks, order, ends, k)
        apart = np.zeros((len(points), columns))
        np.add.at(apart.T, design.column[width:], points[:, width:].T.astype(np.float64))
        # The others' sum, of those before and of those behind: see `left_out_kernels`.
        left = np.zeros((len(points), columns))
        left[:, 1:] += np.cumsum(apart[:, :-1], axis=1)
        left[:, :-1] += np.cumsum(apart[:, :0:-1], axis=1)[:, ::-1]
        without = np.sqrt(squares.astype(np.float64) + left[:, :, None]).mean(axis=2)
        falls: NDArray[np.float64] = distances.mean(axis=1)[:, None] - without
        return np.maximum(falls, 0.0), found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, for the bundle."""
        return self.design.arrays() | {"rows": self.rows}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> "ReferenceRows":
        """Rebuild reference rows; raises KeyError and BundleError."""
        design, rows = Design.restore(arrays), arrays["rows"]
        width = design.numbers + design.compared
        if rows.ndim != 2 or len(rows) == 0 or rows.shape[1] != width:
            raise BundleError(
                f"reference rows have the {width} features that are compared; got {rows.shape}"
            )
        return cls(design, rows)
