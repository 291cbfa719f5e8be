"""Stray times: an event time far from those of the records that arrived beside it.

A history is sorted by time, so it does not show how disordered the stream is that it came from.
That is learned on the stream itself, partition by partition: a distance counts where it is far
beyond those of the latest records. What went on from the previous record counts for nothing, so a
gap, or a jump that lasts, is odd once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix, Memory
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.stray_kernels import LATEST, REMEMBERED, fold
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_LARGEST_SCORE = 60.0


class StrayTimes:
    """Compares each event time with the latest ones of its partition.

    A time may lie behind the second highest of the latest five and the two before it, or ahead of
    all five. A distance of d milliseconds scores ln(1 + d / unit) where it is more than twice as
    far as all but 2% of the latest 1,024 in its direction, else 0. Both directions are one channel:
    history has gaps, and so says how seldom a time is so far ahead, but no record that is late.

    Parameters
    ----------
    unit_ms : float
        The median step of the event time in history, milliseconds, at least 1.
    """

    name: ClassVar[str] = "stray-times"
    plan: ClassVar[ColumnPlan] = planned(event_time=True)
    has_memory: ClassVar[bool] = True
    channels = ("distance",)

    def __init__(self, unit_ms: float) -> None:
        self._unit_ms = unit_ms

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "StrayTimes":
        """Learn the usual step."""
        steps = np.diff(matrix[:, 0])
        steps = steps[steps > 0]
        return cls(max(float(np.median(steps)), 1.0) if len(steps) else 1.0)

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "StrayTimes":
        """Rebuild the detector from a bundle."""
        return cls(float(parameters["unit_ms"]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return nothing: what is learned of a history is one number."""
        return {}

    def parameters(self) -> dict[str, Any]:
        """Return the usual step."""
        return {"unit_ms": self._unit_ms}

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
        fold(times, self._unit_ms, kept, out)
        return out

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Return 1: there is no other column."""
        return np.ones(matrix.shape)

    def reasons(
        self, row: NDArray[np.float64], channel: int, score: float, wording: Wording
    ) -> list[Reason]:
        """Say how far off the event time lies."""
        distance_ms = self._unit_ms * float(np.expm1(min(score, _LARGEST_SCORE)))
        field = wording.columns[0].field
        words = f"{field} lies {_duration(distance_ms)} off those of its neighbours in arrival"
        return [Reason((field,), 1.0, words)]


_UNITS_MS = {"days": 86_400_000.0, "hours": 3_600_000.0, "minutes": 60_000.0, "seconds": 1_000.0}


def _duration(milliseconds: float) -> str:
    """Write a duration in the largest unit of which there are at least two.

    Examples
    --------
    >>> _duration(1.08e9), _duration(7_200_000.0), _duration(12.0)
    ('12.5 days', '2 hours', '12 milliseconds')
    """
    for name, unit in _UNITS_MS.items():
        if milliseconds >= 2.0 * unit:
            return f"{round(milliseconds / unit, 1):,g} {name}"
    return f"{milliseconds:.0f} milliseconds"
