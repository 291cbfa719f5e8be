"""Sparse neighbours: nearest neighbours for a history that holds anomalies of its own.

Anomalies that are alike are each other's nearest neighbours, and so hide each other. Among 500 rows
drawn at random those of a kind that is less than some per cent of the history are fewer than the 20
neighbours that are looked at, and its rows are far from the others.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

from streamscore.detectors.detector import Matrix
from streamscore.detectors.nearest_neighbours import NearestNeighbours
from streamscore.features import Column


class SparseNeighbours(NearestNeighbours):
    """Nearest neighbours among few reference rows, many of which count."""

    name: ClassVar[str] = "sparse-neighbours"

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        columns: Sequence[Column],
        seed: int,
        neighbours: int = 20,
        most_rows: int = 500,
    ) -> Self:
        """Keep a small sample of the history."""
        return super().fit(matrix, columns, seed, neighbours, most_rows)
