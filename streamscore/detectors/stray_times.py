"""Stray times: an event time far from those of the records that arrived beside it.

A history is sorted by time, so it does not show how disordered the stream is that it came from.
That is learned on the stream itself, partition by partition: a distance counts by how far it lies
beyond those of the latest records. What goes on from one of the two records before is not late, so
a gap, or a jump that lasts, is odd once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.stray_kernels import FACTOR, LATEST, REMEMBERED, fold
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_LARGEST_SCORE = 60.0


class StrayTimes:
    """Compares each event time with the latest ones of its partition.

    A time may lie behind the second highest of the latest five and the two before it, or ahead of
    all five. Its distance d scores ln(1 + d / far). Twice as far as all but 2% of the latest 1,024
    distances in its direction is far, or as all but one of the latest 32 if that is more, for a
    stream may become slower; what is late by no more than a usual step is never far. Both
    directions are one channel: history has gaps, and so says how seldom a time is so far ahead, but
    no record that is late.
    """

    name: ClassVar[str] = "stray-times"
    plan: ClassVar[ColumnPlan] = planned(event_time=True)
    has_memory: ClassVar[bool] = True
    channels: ClassVar = (Channel("distance", is_plain=True),)

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "StrayTimes":
        """Learn nothing: what is usual is learned on the stream."""
        return cls()

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "StrayTimes":
        """Rebuild the detector from a bundle."""
        return cls()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return nothing."""
        return {}

    def parameters(self) -> dict[str, Any]:
        """Return how many distances are remembered."""
        return {"remembered": REMEMBERED}

    def begin(self) -> Memory:
        """Return the memory of a partition of which nothing is known yet."""
        return {
            "latest": np.zeros(LATEST),
            "distances": np.zeros((2, REMEMBERED), np.uint8),
            "limits": np.full(2, np.inf),
            "seen": np.zeros(1, np.int64),
        }

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1), at least 0; 0 for the first 69 of a partition."""
        out = np.zeros((len(matrix), 1))
        times = np.ascontiguousarray(matrix[:, 0], np.float64)
        kept = (memory["latest"], memory["distances"], memory["limits"], memory["seen"])
        fold(times, kept, out)
        return out

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Return 1: there is no other column."""
        return np.ones(matrix.shape)

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Say how much farther off than usual the event time lies."""
        told = zip(scores.tolist(), wordings, strict=True)
        return [[_reason(score, wording.field(0))] for score, wording in told]


def _reason(score: float, field: str) -> Reason:
    usual = FACTOR * float(np.expm1(min(score, _LARGEST_SCORE)))
    times = f"{usual:,.0f}" if usual >= 10.0 else f"{usual:.2g}"
    if usual <= 1.0:
        return Reason((field,), 1.0)
    words = (
        f"{field} is out of line with the records that arrived just before it, "
        f"{times} times as far as is usual there"
    )
    return Reason((field,), 1.0, words)
