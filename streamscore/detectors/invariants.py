"""Invariants: what held in the whole history, and does not hold in a record.

Three kinds of relation are learned. *Sums* are linear relations between numbers, such as a total
that is the sum of its parts, an hour that is the hour of the event time, or a tax that is always
the same share of a price. *Products* are two columns that multiply to a third one, up to how it is
rounded: a price times a quantity. *Translations* are two columns that say the same, each in codes
of its own: a weekday from 1, Sunday, beside that of the event time. A broken relation counts -ln of
the share of the history that breaks it, so one that dirty records break now and then counts for
less.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import MISSING, Codebook
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.invariant_kernels import broken, summed
from streamscore.detectors.invariant_learning import learn_relations
from streamscore.detectors.invariant_relations import Relations, blame_of, restored
from streamscore.detectors.invariant_words import ToldRow
from streamscore.detectors.reasons import Reason, Wording
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_UNSEEN_BLAME = 50.0
"""How much more a value is to blame that was never seen."""


class Invariants:
    """Learned relations between the columns of a source.

    Parameters
    ----------
    book : Codebook
        Codes of the columns, for the translations.
    relations : Relations
        What was learned; there may be none.
    """

    name: ClassVar[str] = "invariants"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, calendar=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("broken"),)

    def __init__(self, book: Codebook, relations: Relations) -> None:
        self._book = book
        self._relations = relations
        self._blame = blame_of(relations)

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "Invariants":
        """Mine the history for relations."""
        book = Codebook.fit(matrix, columns)
        return cls(book, learn_relations(matrix, columns, book, seed))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "Invariants":
        """Rebuild invariants from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not those of relations.
        """
        book = Codebook.restore(arrays)
        return cls(book, restored(arrays, book))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the relations, and the codes that they are read with."""
        return {**self._book.arrays(), **self._relations._asdict()}

    def parameters(self) -> dict[str, Any]:
        """Return how many relations there are."""
        found = self._relations
        return {
            "sums": len(found.constants),
            "products": len(found.products),
            "translations": len(found.pairs),
        }

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1), the weights of what they break, 0 for nothing."""
        scores: NDArray[np.float64] = summed(self._broken(matrix), self._relations.weights)
        return scores[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Split the weight of each broken relation over its columns.

        A total bears most of the blame, its parts the rest; columns that say the same share alike.
        A value that was never seen bears far more.
        """
        found = self._relations
        broken_weights = self._broken(matrix) * found.weights
        suspect = self._suspect(matrix)
        parts = np.zeros(matrix.shape)
        for number in range(len(found.weights)):
            blame = suspect * self._blame[number]
            blame /= blame.sum(axis=1, keepdims=True)
            parts += broken_weights[:, number, None] * blame
        return parts

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Write every broken relation as its equation."""
        told = zip(rows, self._broken(rows), self._suspect(rows), wordings, strict=True)
        return [self._told(*one) for one in told]

    def _told(
        self,
        row: NDArray[np.float64],
        is_broken: NDArray[np.float64],
        suspect: NDArray[np.float64],
        wording: Wording,
    ) -> list[Reason]:
        found = self._relations
        weights = is_broken * found.weights
        if not weights.any():
            return [Reason((column.field,), 1.0 / len(row)) for column in wording.columns]
        blame = suspect * self._blame
        blame /= blame.sum(axis=1, keepdims=True)
        told = ToldRow(found, self._book, wording, row, blame)
        shares = weights / weights.sum()
        numbers = np.flatnonzero(weights).tolist()
        return [one for number in numbers for one in told.relation(number, float(shares[number]))]

    def _suspect(self, matrix: Matrix) -> NDArray[np.float64]:
        """Return how suspect each value is by itself: float64 of the shape of the rows."""
        codes, known = self._book.encode(matrix), self._book.known
        return np.where((codes >= known) & (codes < known + MISSING), _UNSEEN_BLAME, 1.0)

    def _broken(self, matrix: Matrix) -> NDArray[np.float64]:
        """Return which relations rows break: float64 of shape (n, m + k + p), 0 or 1."""
        found: NDArray[np.float64] = broken(
            self._book.checked(matrix), self._book.rules, self._relations.for_kernel()
        )
        return found
