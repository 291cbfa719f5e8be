"""Local outlier factor: how much sparser a row's surroundings are than those of its neighbours.

Breunig, Kriegel, Ng, Sander, "LOF: identifying density-based local outliers", SIGMOD 2000, of new
rows against a sample of the history, as scikit-learn's `LocalOutlierFactor(novelty=True)` has it.
The rows of the sample are distinct, as the paper asks of rows that repeat: else a value that more
rows share than count as neighbours has a density without bound.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.detectors.neighbourhood import Neighbourhood
from streamscore.detectors.reference_rows import ReferenceRows
from streamscore.errors import BundleError
from streamscore.features import Column

_SMALLEST_REACH = 1e-10
"""As scikit-learn: keeps the density of rows that are all alike finite."""


class LocalOutlierFactor(Neighbourhood):
    """Reference rows and their densities.

    Parameters
    ----------
    reference : ReferenceRows
        Rows of the history.
    neighbours : int
        How many of the nearest are a row's surroundings; at most as many as there are.
    reach : float64 array of shape (m,)
        Distance of each reference row to the farthest of its own neighbours.
    density : float64 array of shape (m,)
        Local reachability density of each, above 0.
    """

    name: ClassVar[str] = "local-outlier-factor"

    def __init__(
        self,
        reference: ReferenceRows,
        neighbours: int,
        reach: NDArray[np.float64],
        density: NDArray[np.float64],
    ) -> None:
        super().__init__(reference, neighbours)
        if not reach.shape == density.shape == (len(reference),):
            raise BundleError(
                f"each of {len(reference)} reference rows has a reach and a density; "
                f"got {reach.shape} and {density.shape}"
            )
        self._reach = np.ascontiguousarray(reach, np.float64)
        self._density = np.ascontiguousarray(density, np.float64)

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        columns: Sequence[Column],
        seed: int,
        neighbours: int = 20,
        most_rows: int = 2000,
    ) -> "LocalOutlierFactor":
        """Keep a sample of the history, and measure how dense it is around each row."""
        reference = ReferenceRows.fit(matrix, columns, seed, most_rows, are_distinct=True)
        k = max(1, min(neighbours, len(reference) - 1))
        distances, places = _of_each_other(reference, k)
        reach = distances.max(axis=1)
        return cls(reference, k, reach, _densities(distances, reach[places]))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "LocalOutlierFactor":
        """Rebuild a detector from a bundle; raises KeyError and BundleError."""
        reference = ReferenceRows.restore(arrays)
        return cls(reference, int(parameters["neighbours"]), arrays["reach"], arrays["density"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the reference rows and what surrounds them."""
        return self._reference.arrays() | {"reach": self._reach, "density": self._density}

    def score(self, matrix: Matrix) -> NDArray[np.float64]:
        """Score rows: density of the neighbours over the row's own, float64 of shape (n,)."""
        points = self._reference.design.points(matrix)
        distances, places = self._reference.nearest(points, self._neighbours)
        own = _densities(distances, self._reach[places])
        scores: NDArray[np.float64] = self._density[places].mean(axis=1) / own
        return scores


def _of_each_other(
    reference: ReferenceRows, k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the k nearest other rows of each reference row; of a single row, itself."""
    rows = reference.rows
    if len(rows) == 1:
        return np.zeros((1, 1)), np.zeros((1, 1), np.int64)
    distances, places = reference.nearest(rows, k + 1)
    # Itself is among them, but among rows that are alike it need not be the first.
    own = places == np.arange(len(rows))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(rows), k)
    return distances[~own].reshape(shape), places[~own].reshape(shape)


def _densities(distances: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.float64]:
    """One over the mean reachability distance, definitions 5 and 6 of the paper: of shape (n,)."""
    mean: NDArray[np.float64] = np.maximum(distances, reach).mean(axis=1)
    return 1.0 / (mean + _SMALLEST_REACH)
