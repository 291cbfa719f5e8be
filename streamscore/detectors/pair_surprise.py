"""Pair surprise: two values that had every chance to meet in history, and hardly ever did.

For every pair of columns it is counted how often two values occurred together, n, and how often
they would have if neither cared for the other, e. The evidence is ln (e + 1/2) / (n + 1/2) (Bishop,
Fienberg, Holland, "Discrete Multivariate Analysis", 1975, for the half). Only the time since both
values are known counts for e: a value that is new this summer had no chance to meet January.

The dependency network asks what a value follows from, by the few columns that tell most about it;
this asks every pair. A record's score is the most that one of them says.
"""

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.network_learning import Codes, copies
from streamscore.detectors.pair_kernels import largest_evidence, told_by_pairs
from streamscore.detectors.reasons import Reason, Wording, shares_of
from streamscore.detectors.spoken_codes import CodedRecord, SpokenCodes
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_LEAST_EVIDENCE = 1.5
"""Pairs of columns of which no values give as much are left out."""

_MOST_PAIRS = 300
_TELLING = 0.5
"""Pairs that say at least this part of what the most telling one says bear on the reasons."""

_LEAST_TIMES = 1.05
"""Values that meet as often as by chance, in the digits that are written, are not spoken of."""

_EARLY_SHARE = 0.02
"""A value is known once this share of its occurrences has passed: a slip may be years older."""


class PairSurprise:
    """Evidence of every two values of many pairs of columns.

    Parameters
    ----------
    book : Codebook
        Turns values into codes.
    pairs : int64 array of shape (m, 2)
        The columns.
    firsts : int64 array of shape (m,)
        Where the evidence of each pair begins.
    evidence : float32 array
        By pair, then by the first column's code, then by the second's.
    """

    name: ClassVar[str] = "pair-surprise"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, calendar=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("largest"),)

    def __init__(
        self,
        book: Codebook,
        pairs: NDArray[np.int64],
        firsts: NDArray[np.int64],
        evidence: NDArray[np.float32],
    ) -> None:
        self._book = book
        self._spoken = SpokenCodes(book)
        self._pairs = np.ascontiguousarray(pairs, np.int64)
        self._firsts = np.ascontiguousarray(firsts, np.int64)
        self._evidence = np.ascontiguousarray(evidence, np.float32)
        unsigned = self._pairs.astype(np.uint32), self._firsts.astype(np.uint32)
        self._unsigned = (*unsigned, self._evidence)

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "PairSurprise":
        """Count all pairs of columns, and keep those that can say most."""
        book = Codebook.fit(matrix, columns)
        codes = book.encode(matrix)
        copied = copies(codes, book.sizes)
        # Of columns that say the same, the first speaks for all.
        speaking = np.flatnonzero(copied.argmax(axis=1) == np.arange(len(copied))).tolist()
        known_since = [_known_since(codes[:, i], int(size)) for i, size in enumerate(book.sizes)]
        found: list[tuple[float, tuple[int, int], NDArray[np.float32]]] = []
        for i in speaking:
            for j in speaking[: speaking.index(i)]:
                met, expected = _chances(codes, known_since, i, j)
                evidence = np.log((expected + 0.5) / (met + 0.5))
                holes = evidence >= _LEAST_EVIDENCE
                if holes.any():
                    table = np.maximum(evidence, 0.0).astype(np.float32)
                    # The best are kept as they come: all tables of a wide source are too much.
                    heappush(found, (float(expected[holes].sum()), (-i, -j), table))
                    if len(found) > _MOST_PAIRS:
                        heappop(found)
        found.sort(key=lambda pair: pair[:2], reverse=True)
        tables = [table.ravel() for _, _, table in found]
        return cls(
            book,
            np.array([(-i, -j) for _, (i, j), _ in found], np.int64).reshape(-1, 2),
            np.cumsum([0, *map(len, tables)])[:-1].astype(np.int64),
            np.concatenate([np.zeros(0, np.float32), *tables]),
        )

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "PairSurprise":
        """Rebuild the detector from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not the evidence of such columns.
        """
        book = Codebook.restore(arrays)
        pairs, firsts, evidence = (arrays[name] for name in ("pairs", "firsts", "evidence"))
        fits = (
            pairs.shape == (len(firsts), 2)
            and pairs.dtype.kind == firsts.dtype.kind == "i"
            and evidence.ndim == firsts.ndim == 1
            and bool(((pairs >= 0) & (pairs < len(book.known))).all())
        )
        # The kernel looks nothing up twice: a wrong number would read beyond the arrays.
        if fits:
            lengths = np.prod(book.sizes[pairs], axis=1, dtype=np.int64)
            fits = np.array_equal(np.cumsum([0, *lengths]), [*firsts, len(evidence)])
        if not fits:
            raise BundleError(
                f"pairs of {len(book.known)} columns have evidence for each two codes; got pairs "
                f"{pairs.shape}, firsts {firsts.shape}, evidence {evidence.shape}"
            )
        return cls(book, pairs, firsts, evidence)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return codes, pairs and their evidence."""
        return {
            **self._book.arrays(),
            "pairs": self._pairs,
            "firsts": self._firsts,
            "evidence": self._evidence,
        }

    def parameters(self) -> dict[str, Any]:
        """Return how many pairs there are."""
        return {"pairs": len(self._pairs), "evidence": len(self._evidence)}

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1), at least 0."""
        scores: NDArray[np.float64] = largest_evidence(
            self._book.checked(matrix), self._book.rules, *self._unsigned
        )
        return scores[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Add up, for each column, what its pairs say.

        Pairs that say less than half of the most telling one are left out. A value that meets
        several others which it should not bears more than each of those.
        """
        return self._told(matrix)[0]

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the two values that hardly ever meet, and how seldom they do."""
        parts, others, evidence = self._told(rows)
        told = zip(shares_of(parts).tolist(), others.tolist(), evidence.tolist(), strict=True)
        records = zip(wordings, rows.tolist(), self._book.encode(rows).tolist(), strict=True)
        return [
            [
                self._reason(CodedRecord(*record), (place, other), share, said)
                for place, (share, other, said) in enumerate(zip(*columns, strict=True))
                if share > 0.0
            ]
            for columns, record in zip(told, records, strict=True)
        ]

    def _reason(
        self, record: CodedRecord, places: tuple[int, int], share: float, evidence: float
    ) -> Reason:
        place, other = places
        field, beside = record.wording.field(place), record.wording.field(other)
        words, times = "", float(np.exp(evidence))
        if times >= _LEAST_TIMES:
            often = f"{times:,.{0 if times >= 9.5 else 1}f} times less often than by chance"
            both = f"{self._spoken.given(record, place)} and {self._spoken.given(record, other)}"
            words = f"{both} meet {often}"
        return Reason((field,), share, words, () if beside == field else (beside,))

    def _told(self, matrix: Matrix) -> tuple[Matrix, NDArray[np.int64], Matrix]:
        """Return what `pair_kernels.told_by_pairs` does of rows."""
        told: tuple[Matrix, NDArray[np.int64], Matrix] = told_by_pairs(
            self._book.encode(matrix).astype(np.uint32), self._book.rules, *self._unsigned, _TELLING
        )
        return told


class _Since:
    """Where each code of a column occurs, and since which row it is known."""

    def __init__(self, rows: Sequence[NDArray[np.int64]], known: NDArray[np.int64]) -> None:
        self.rows = rows
        self.known = known

    def counted(self, begins: NDArray[np.int64]) -> NDArray[np.float64]:
        """Count each code from given rows on: float64 of the shape of `begins`, (codes, m)."""
        return np.array(
            [
                len(own) - np.searchsorted(own, begin)
                for own, begin in zip(self.rows, begins, strict=True)
            ],
            np.float64,
        )


def _known_since(x: NDArray[np.int16], size: int) -> _Since:
    order = np.argsort(x, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(x, minlength=size))[:-1])
    known = [own[int(_EARLY_SHARE * len(own))] if len(own) else len(x) for own in rows]
    return _Since(rows, np.array(known, np.int64))


def _chances(
    codes: Codes, known_since: Sequence[_Since], i: int, j: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how often two codes met, and how often by chance: float64 of shape (sizes i, j)."""
    first, second = known_since[i], known_since[j]
    shape = len(first.known), len(second.known)
    both = codes[:, i].astype(np.int64) * shape[1] + codes[:, j]
    met = np.bincount(both, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    begins = np.maximum.outer(first.known, second.known)
    rows = np.maximum(len(codes) - begins, 1)
    return met, first.counted(begins) * second.counted(begins.T).T / rows
