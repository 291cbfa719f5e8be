"""Nearest neighbours: how far a row is from the rows of the history that are most like it.

Ramaswamy, Rastogi, Shim, "Efficient algorithms for mining outliers from large data sets", SIGMOD
2000, with the mean of the distances instead of the largest (Angiulli, Pizzuti, "Fast outlier
detection in high dimensional spaces", PKDD 2002). PyOD calls it `KNN(method="mean")`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix, Memory
from streamscore.detectors.reasons import Reason, Wording, plain_reasons
from streamscore.detectors.reference_rows import ReferenceRows
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned


class NearestNeighbours:
    """Reference rows, and how many of the nearest count.

    Parameters
    ----------
    reference : ReferenceRows
        Rows of the history.
    neighbours : int
        How many of the nearest the distance is the mean of; at most as many as there are.
    """

    name: ClassVar[str] = "nearest-neighbours"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, text_statistics=True)
    has_memory: ClassVar[bool] = False
    channels = ("score",)

    def __init__(self, reference: ReferenceRows, neighbours: int) -> None:
        if not 1 <= neighbours <= len(reference):
            raise BundleError(
                f"neighbours are 1 to {len(reference)}, one of the reference rows each; "
                f"got {neighbours}"
            )
        self._reference = reference
        self._neighbours = neighbours

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        columns: Sequence[Column],
        seed: int,
        neighbours: int = 10,
        most_rows: int = 2000,
    ) -> Self:
        """Keep a sample of the history."""
        reference = ReferenceRows.fit(matrix, columns, seed, most_rows)
        return cls(reference, min(neighbours, len(reference)))

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]) -> Self:
        """Rebuild a detector from a bundle; raises KeyError and BundleError."""
        return cls(ReferenceRows.restore(arrays), int(parameters["neighbours"]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the reference rows."""
        return self._reference.arrays()

    def parameters(self) -> dict[str, Any]:
        """Return how many neighbours count."""
        return {"neighbours": self._neighbours}

    def score(self, matrix: Matrix) -> NDArray[np.float64]:
        """Score rows: mean distance to the nearest rows, float64 of shape (n,), at least 0."""
        points = self._reference.design.points(matrix)
        scores: NDArray[np.float64] = self._reference.nearest(points, self._neighbours)[0].mean(
            axis=1
        )
        return scores

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1)."""
        return self.score(matrix)[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Split the mean square of each row's distances to its neighbours over the columns."""
        points = self._reference.design.points(matrix)
        places = self._reference.nearest(points, self._neighbours)[1]
        return self._reference.parts(points, places, matrix.shape[1])

    def reasons(
        self, row: NDArray[np.float64], channel: int, score: float, wording: Wording
    ) -> list[Reason]:
        """Name the columns in which the row is far from its neighbours."""
        return plain_reasons(self.contributions(row[None, :])[0], row, wording)
