"""Nearest neighbours: how far a row is from the rows of the history that are most like it.

Ramaswamy, Rastogi, Shim, "Efficient algorithms for mining outliers from large data sets", SIGMOD
2000, with the mean of the distances instead of the largest (Angiulli, Pizzuti, "Fast outlier
detection in high dimensional spaces", PKDD 2002). PyOD calls it `KNN(method="mean")`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.detectors.neighbourhood import Neighbourhood
from streamscore.detectors.reference_rows import ReferenceRows
from streamscore.features import Column


class NearestNeighbours(Neighbourhood):
    """Reference rows, and how many of the nearest count.

    Parameters
    ----------
    reference : ReferenceRows
        Rows of the history.
    neighbours : int
        How many of the nearest the distance is the mean of; at most as many as there are.
    """

    name: ClassVar[str] = "nearest-neighbours"

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

    def score(self, matrix: Matrix) -> NDArray[np.float64]:
        """Score rows: mean distance to the nearest rows, float64 of shape (n,), at least 0."""
        points = self._reference.design.points(matrix)
        scores: NDArray[np.float64] = self._reference.nearest(points, self._neighbours)[0].mean(
            axis=1
        )
        return scores
