"""Unseen count: how many fields have a value that history never had."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import MISSING, Codebook
from streamscore.detectors.codebook_kernels import unseen_counts
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.network_learning import copies
from streamscore.detectors.passing_time import passing
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.spoken_codes import CodedRecord, SpokenCodes
from streamscore.detectors.spoken_columns import column_reasons
from streamscore.errors import BundleError
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
    counts : bool array of shape (d,)
        Which columns count; not a part of the calendar that the history does not go round.
    """

    name: ClassVar[str] = "unseen-count"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, calendar=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("count"),)

    def __init__(self, book: Codebook, counts: NDArray[np.bool_]) -> None:
        self._book = book
        self._counts = counts
        self._spoken = SpokenCodes(book)

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "UnseenCount":
        """Learn what there is."""
        book = Codebook.fit(matrix, columns)
        copied = copies(book.encode(matrix), book.sizes)
        return cls(book, ~passing(matrix, columns, copied))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "UnseenCount":
        """Rebuild a count from a bundle.

        Raises
        ------
        KeyError, BundleError
            When the arrays are not those of a count.
        """
        book, counts = Codebook.restore(arrays), arrays["counts"]
        if counts.shape != book.known.shape or counts.dtype != np.bool_:
            raise BundleError(
                f"{cls.name} says of each column whether it counts; got {counts.dtype} "
                f"{counts.shape} for {len(book.known)} columns"
            )
        return cls(book, counts)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was seen."""
        return self._book.arrays() | {"counts": self._counts}

    def parameters(self) -> dict[str, Any]:
        """Return how many columns there are."""
        return {"columns": len(self._book.known)}

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Count: float64 of shape (n, 1)."""
        rows = self._book.checked(matrix)
        counts: NDArray[np.float64] = unseen_counts(rows, self._book.rules, self._counts)
        return counts[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Return 1 for each column whose value was never seen: float64 of the rows' shape."""
        codes, known = self._book.encode(matrix), self._book.known
        return (self._counts & (codes >= known) & (codes < known + MISSING)).astype(np.float64)

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the fields and their values."""
        codes = self._book.encode(rows).tolist()
        told = zip(wordings, rows.tolist(), codes, strict=True)
        records = [CodedRecord(*record) for record in told]
        return column_reasons(
            self.contributions(rows),
            rows,
            wordings,
            lambda i, place: self._spoken.seen(records[i], place),
        )
