"""Repeated texts: how often the very text of a record arrived before.

The latest texts of a partition are counted, whatever record they came with and however far apart
in time. One score is the count of earlier ones, the other the count of earlier bursts: a text that
is sent for several things within a minute is common, one that comes back later and later is not.
How far apart a burst's texts lie follows from history. Either is less as many as history leads one
to expect of a text that has always been repeated.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.text_count_kernels import fold
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_REMEMBERED = 2048
_SLOTS = 2 * _REMEMBERED
_MOST_USUAL = 4096
_LEAST_USUAL = 3
"""A text that history has fewer times is not said to be usual."""

_DEVIATIONS = 3.0
"""So many standard deviations of a Poisson count beyond the expected one are usual still."""

_WITHIN_BURSTS = 0.9
"""Of the texts that return in history, the share that does so within a burst."""


class RepeatedTexts:
    """Counts the latest texts of a partition.

    Parameters
    ----------
    known : float64 array of shape (m,)
        Fingerprints of texts that history repeats, ascending.
    usual : float64 array of shape (m,)
        As many of each are to be expected among those that are remembered.
    longest_gap : int
        Equal texts that lie at most so many texts apart belong to one burst.
    """

    name: ClassVar[str] = "repeated-texts"
    plan: ClassVar[ColumnPlan] = planned(text_fingerprints=True)
    has_memory: ClassVar[bool] = True
    # Not wholly plain: a burst that was learned from is usual there. Of the few texts that return a
    # larger sample tells more than a strict one.
    channels: ClassVar = (Channel("count", is_plain=True), Channel("returns", is_plain=True))

    def __init__(
        self, known: NDArray[np.float64], usual: NDArray[np.float64], longest_gap: int
    ) -> None:
        self._known = np.ascontiguousarray(known, np.float64)
        self._usual = np.ascontiguousarray(usual, np.float64)
        self._longest_gap = longest_gap

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "RepeatedTexts":
        """Learn which texts have always been repeated, and how far apart others return."""
        texts = matrix[matrix > 0]
        known, counts = np.unique(texts, return_counts=True)
        chosen = np.argsort(-counts, kind="stable")[:_MOST_USUAL]
        chosen = np.sort(chosen[counts[chosen] >= _LEAST_USUAL])
        mean = counts[chosen] * min(1.0, _REMEMBERED / max(len(texts), 1))
        gaps = _gaps(matrix, known[chosen])
        longest = int(np.quantile(gaps, _WITHIN_BURSTS, method="higher")) if len(gaps) else 0
        return cls(known[chosen], np.ceil(mean + _DEVIATIONS * np.sqrt(mean)), longest)

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "RepeatedTexts":
        """Rebuild the detector from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not fingerprints and their counts, or the gap is below 0.
        """
        known, usual = arrays["known"], arrays["usual"]
        if known.ndim != 1 or known.shape != usual.shape:
            raise BundleError(
                f"each known text has a usual count; got {known.shape} and {usual.shape}"
            )
        if (longest_gap := int(parameters["longest_gap"])) < 0:
            raise BundleError(f"the texts of a burst lie at least 0 texts apart; got {longest_gap}")
        return cls(known, usual, longest_gap)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the texts that are usual."""
        return {"known": self._known, "usual": self._usual}

    def parameters(self) -> dict[str, Any]:
        """Return how many texts are remembered, and how far apart those of a burst lie."""
        return {"remembered": _REMEMBERED, "longest_gap": self._longest_gap}

    def begin(self) -> Memory:
        """Return an empty ring of texts, and an empty table of their counts."""
        return {
            "ring": np.zeros(_REMEMBERED, np.uint32),
            "texts": np.zeros(_SLOTS, np.uint32),
            "counts": np.zeros(_SLOTS, np.uint16),
            "seen": np.zeros(1, np.int64),
        }

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Count rows' texts: float64 of shape (n, 2), at least 0; of several texts the highest."""
        out = np.zeros((len(matrix), 2))
        kept = (memory["ring"], memory["texts"], memory["counts"], memory["seen"])
        learned = (self._known, self._usual, self._longest_gap)
        fold(np.ascontiguousarray(matrix, np.float64), *learned, kept, out)
        return out

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Return 1 for each text that is long enough to be counted."""
        return (matrix > 0).astype(np.float64)

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Say how often the text arrived before; of several texts, any may be the one."""
        returns = ", other texts in between" if self.channels[channel].name == "returns" else ""
        told = zip(rows, scores.tolist(), wordings, strict=True)
        return [[self._reason(row, score, wording, returns)] for row, score, wording in told]

    def _reason(
        self, row: NDArray[np.float64], score: float, wording: Wording, returns: str
    ) -> Reason:
        counted = [place for place in range(len(row)) if row[place] > 0] or list(range(len(row)))
        fields = tuple(wording.field(place) for place in counted)
        times = "once" if round(score) == 1 else f"{score:.0f} times"
        is_usual = bool(np.isin(row[counted], self._known).any())
        before = "more often than usual" if is_usual else "before"
        return Reason(fields, 1.0, f"the same text arrived {times} {before}{returns}")


def _gaps(matrix: Matrix, known: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many texts lie from each text to its return, of those that are not usual."""
    rows, columns = np.nonzero(matrix > 0)
    texts = matrix[rows, columns]
    order = np.lexsort((np.arange(len(texts)), texts, columns))
    is_same = (np.diff(texts[order]) == 0) & (np.diff(columns[order]) == 0)
    gaps: NDArray[np.int64] = np.diff(order)[is_same & ~np.isin(texts[order][1:], known)]
    return gaps[gaps < _REMEMBERED]
