"""A row among the reference rows nearest to it: what detectors by neighbours have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.alike_records import AlikeRecords
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.reference_rows import ReferenceRows
from streamscore.detectors.spoken_columns import column_reasons
from streamscore.errors import BundleError
from streamscore.features import ColumnPlan
from streamscore.features.columns import planned


class Neighbourhood(ABC):
    """Reference rows, and how many of the nearest are a row's surroundings.

    Parameters
    ----------
    reference : ReferenceRows
        Rows of the history.
    neighbours : int
        How many of the nearest count; at most as many as there are.

    Raises
    ------
    BundleError
        When there are not so many.
    """

    plan: ClassVar[ColumnPlan] = planned(scalars=True, text_statistics=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("score"),)

    def __init__(self, reference: ReferenceRows, neighbours: int) -> None:
        if not 1 <= neighbours <= len(reference):
            raise BundleError(
                f"neighbours are 1 to {len(reference)}, one of the reference rows each; "
                f"got {neighbours}"
            )
        self._reference = reference
        self._neighbours = neighbours
        self._alike = AlikeRecords(reference.design)

    @abstractmethod
    def score(self, matrix: Matrix) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n,), higher is more anomalous."""

    def parameters(self) -> dict[str, Any]:
        """Return how many neighbours count."""
        return {"neighbours": self._neighbours}

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1)."""
        return self.score(matrix)[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Return what the mean distance to the nearest rows falls by without each column.

        Not what a column adds to it: the nearest rows of one with a single wrong value are those
        that have that value, and differ elsewhere.
        """
        return self._left_out(matrix)[0]

    def _left_out(self, matrix: Matrix) -> tuple[Matrix, NDArray[np.int64]]:
        """Return what `ReferenceRows.left_out` does of rows among their neighbours."""
        points = self._reference.design.points(matrix)
        nearest = self._reference.nearest(points, self._neighbours)
        return self._reference.left_out(points, *nearest, matrix.shape[1])

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the columns without which the row is near others, and what those have there."""
        cells, (falls, places) = rows.tolist(), self._left_out(rows)

        def sentence(number: int, place: int) -> str:
            alike = self._reference.rows[places[number, place]]
            return self._alike.words(wordings[number], place, cells[number], alike)

        return column_reasons(falls, rows, wordings, sentence)
