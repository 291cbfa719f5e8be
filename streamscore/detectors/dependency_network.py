"""Dependency network: how unlikely each field is, given the fields that it depends on.

Heckerman et al., "Dependency networks for inference, collaborative filtering, and data
visualization", JMLR 2000: each column has a distribution of its own given its parents. What a value
x of column i says is the ratio of how likely it is when it is wrong, to how likely it is when the
parents are known,

    r = [(1 - w) p(x) + w / (K + 1)] / p(x | parents),   w = 0.02

of which, where wrong values are expected in one column out of ten, ln(1 + 0.1 (r - 1)) is the
evidence that this record's is one: a little below 0 where the value is as it should be. Copies of a
column (the hour beside a time that has an hour) count once altogether, and are no parents of
each other: one that is explained by its copy would never be a surprise. A part of the calendar that
the history does not go round, such as the month in half a year, says nothing itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.network_kernels import blame, loudest_views, surprises
from streamscore.detectors.network_learning import copies, learn_views
from streamscore.detectors.passing_time import passing
from streamscore.detectors.reasons import Reason, Wording, shares_of
from streamscore.detectors.spoken_codes import CodedRecord, SpokenCodes
from streamscore.detectors.surprise_tables import (
    SurpriseTables,
    make_tables,
    restored_tables,
)
from streamscore.detectors.written_numbers import percent
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_SMALLEST_SHARE = 0.04
"""Columns that bring less than this share of a score are not spoken of."""


class DependencyNetwork:
    """A fitted dependency network.

    Its channels are the sum of the evidence of all columns in all views, the same in their first
    views alone, and the largest single piece of evidence.

    Parameters
    ----------
    book : Codebook
        Turns values into codes.
    tables : SurpriseTables
        The evidence of every code in every context.
    groups : int64 array of shape (d,)
        Columns of the same number are copies of each other.
    """

    name: ClassVar[str] = "dependency-network"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, calendar=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (
        Channel("sum"),
        Channel("closest", told_by=0),
        Channel("largest", told_by=0),
    )

    def __init__(self, book: Codebook, tables: SurpriseTables, groups: NDArray[np.int64]) -> None:
        self._book = book
        self._tables = tables
        self._groups = groups
        unsigned = (a.astype(np.uint32) for a in tables[:5])
        self._unsigned = (*unsigned, tables.table, tables.parts)
        self._spoken = SpokenCodes(book)
        self._members = [np.flatnonzero(groups == group).tolist() for group in range(len(groups))]
        self._columns = tables.column.tolist()
        self._parents = [[i for i in row if i < len(groups)] for row in tables.parents.tolist()]

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "DependencyNetwork":
        """Learn codes, parents and distributions."""
        book = Codebook.fit(matrix, columns)
        codes = book.encode(matrix)
        copied = copies(codes, book.sizes)
        views = learn_views(codes, book.sizes, copied)
        says = ~passing(matrix, columns, copied)
        tables = make_tables(codes, book, views, np.where(says, 1.0 / copied.sum(axis=1), 0.0))
        return cls(book, tables, copied.argmax(axis=1).astype(np.int64))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "DependencyNetwork":
        """Rebuild a network from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not a network's.
        """
        book = Codebook.restore(arrays)
        groups = arrays["groups"]
        count = len(book.known)
        is_whole = groups.dtype.kind == "i" and groups.shape == (count,)
        if not is_whole or not ((groups >= 0) & (groups < count)).all():
            raise BundleError(f"each of {count} columns is in one of as many groups; got {groups}")
        return cls(book, restored_tables(arrays, book), groups)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return codes, tables and groups."""
        return {**self._book.arrays(), **self._tables._asdict(), "groups": self._groups}

    def parameters(self) -> dict[str, Any]:
        """Return how large the network is."""
        kinds = {"columns": self._book.known, "views": self._tables.column}
        return {name: len(array) for name, array in kinds.items()} | {
            "contexts": len(self._tables.contexts),
            "table": len(self._tables.table),
        }

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 3), higher is more anomalous."""
        scores: NDArray[np.float64] = surprises(
            self._book.checked(matrix), self._book.rules, self._unsigned
        )
        return scores

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Split the evidence over the columns.

        A column has its own evidence, and beside it what all evidence would fall by if it were as
        expected: a wrong value is a surprise itself, and makes surprises of those that depend on
        it. Copies are replaced together, and share alike; the more of them would have to be wrong,
        the less they have. All channels have the same contributions.
        """
        parts: Matrix = blame(self._padded(matrix), self._book.known, self._tables, self._groups)
        return parts

    def _padded(self, matrix: Matrix) -> NDArray[np.int64]:
        """Return the codes of rows, and a last one, 0, that stands for no parent."""
        padded = np.zeros((len(matrix), matrix.shape[1] + 1), np.int64)
        padded[:, :-1] = self._book.encode(matrix)
        return padded

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Say what was seen, and what was expected from which parents."""
        codes = self._padded(rows)
        parts = blame(codes, self._book.known, self._tables, self._groups)
        shares = np.zeros(parts.shape)
        np.add.at(shares.T, self._groups, shares_of(parts).T)
        is_spoken = shares >= np.minimum(shares.max(axis=1, keepdims=True), _SMALLEST_SHARE)
        shares = shares_of(np.where(is_spoken, shares, 0.0))
        found, told = [], loudest_views(codes, self._book.known, self._tables, self._groups)
        each = zip(rows, codes, shares, *told, wordings, strict=True)
        for row, own_codes, parts, views, likeliest, chances, wording in each:
            record = CodedRecord(wording, row.tolist(), own_codes.tolist())
            found.append(
                [
                    self._reason(
                        record,
                        float(parts[group]),
                        self._members[group],
                        self._columns[views[group]],
                        self._parents[views[group]],
                        (int(likeliest[group]), float(chances[group])),
                    )
                    for group in np.flatnonzero(parts).tolist()
                ]
            )
        return found

    def _reason(
        self,
        record: CodedRecord,
        share: float,
        group: list[int],
        place: int,
        parents: list[int],
        expected: tuple[int, float],
    ) -> Reason:
        """Speak of a group of copies, in the words of one of its columns and of its parents."""
        field_of = record.wording.field
        # The column that the words are about comes first.
        fields = dict.fromkeys(field_of(one) for one in (place, *group))
        quoted = dict.fromkeys(field_of(one) for one in parents)
        others = tuple(field for field in quoted if field not in fields)
        return Reason(tuple(fields), share, self._words(record, place, parents, *expected), others)

    def _words(
        self, record: CodedRecord, place: int, parents: list[int], likeliest: int, chance: float
    ) -> str:
        spoken = self._spoken
        given = " and ".join(spoken.given(record, one) for one in parents)
        seen = f"{spoken.seen(record, place, likeliest)}; {f'at {given} it' if given else 'it'}"
        if likeliest != record.codes[place]:
            return f"{seen} is {spoken.code(record, place, likeliest)} in {percent(chance)}"
        is_one = not spoken.is_several(place, likeliest)
        own = "that" if is_one else spoken.code(record, place, likeliest)
        return f"{seen} is {own} in {percent(chance)} only"
