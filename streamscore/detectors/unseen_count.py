"""Unseen count: how many fields have a value that history never had."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import MISSING, Codebook
from streamscore.detectors.codebook_kernels import unseen_counts
from streamscore.detectors.detector import Matrix, Memory
from streamscore.detectors.reasons import Reason, Wording, shares_of
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned


class UnseenCount:
    """Counts the fields of a record with a value that was never seen.

    A new category is one, a number beyond all others, and a whole number between those known where
    they are few.

    Parameters
    ----------
    book : Codebook
        Knows what was seen.
    """

    name: ClassVar[str] = "unseen-count"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, calendar=True)
    has_memory: ClassVar[bool] = False
    channels = ("count",)

    def __init__(self, book: Codebook) -> None:
        self._book = book

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "UnseenCount":
        """Learn what there is."""
        return cls(Codebook.fit(matrix, columns))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "UnseenCount":
        """Rebuild a count from a bundle; raises as `Codebook.restore` does."""
        return cls(Codebook.restore(arrays))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was seen."""
        return self._book.arrays()

    def parameters(self) -> dict[str, Any]:
        """Return how many columns there are."""
        return {"columns": len(self._book.known)}

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Count: float64 of shape (n, 1)."""
        counts: NDArray[np.float64] = unseen_counts(self._book.checked(matrix), self._book.rules)
        return counts[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Return 1 for each column whose value was never seen: float64 of the rows' shape."""
        codes, known = self._book.encode(matrix), self._book.known
        return ((codes >= known) & (codes < known + MISSING)).astype(np.float64)

    def reasons(
        self, row: NDArray[np.float64], channel: int, score: float, wording: Wording
    ) -> list[Reason]:
        """Name the fields and their values."""
        shares = shares_of(self.contributions(row[None, :])[0])
        return [
            Reason(
                (wording.columns[place].field,),
                float(shares[place]),
                f"{wording.name(place)} is {wording.seen(place, float(row[place]))}, never seen",
            )
            for place in np.flatnonzero(shares).tolist()
        ]
