"""Calibration: from scores to p-values against a rolling window of the latest ones.

A p-value is conformal: the share of the window, the record itself included, that scores at least
as high (Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", 2005, ch. 2). A record
is flagged where p is at most the nominal rate. As a fold over records in order it does not depend
on how they are cut into batches.

The window follows a slow change. Anomalies stay out of it, so that they do not raise the threshold
against their like: records of p below a tenth of the nominal rate that also lie beyond the score
where the window's own tail, continued as an exponential one from its 90th and 98th percentile,
leaves a thirtieth of the nominal rate. Rank alone must not decide: a window without its own top
gives the next records smaller p-values, and so on; on scores that never change that realises 2.5%
at a nominal 1%. When more than 3% of the last 1,000 records are that extreme the stream itself has
changed, and they are let in.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.errors import BundleError
from streamscore.window_kernels import EXTREME_MEMORY, fold, make_blocks


class Judged(NamedTuple):
    """What the window says of each score; every array has shape (n,).

    Attributes
    ----------
    p_value : float64
        In (0, 1]; flagged where it is at most the nominal rate.
    threshold : float64
        The score above which the record is flagged at this moment; infinite while the window
        is too short for the nominal rate.
    tail : float64
        Tail probability for ranking: the p-value, continued by an exponential tail above the
        98th percentile of the window; in [1e-300, 1].
    """

    p_value: NDArray[np.float64]
    threshold: NDArray[np.float64]
    tail: NDArray[np.float64]


class RollingWindow:
    """The latest scores of one partition. It changes with each fold.

    Parameters
    ----------
    scores : float64 array of shape (m,)
        Scores that the model gave to records it was not fit on, oldest first; the latest
        `capacity` are taken.
    capacity : int
        How many scores are kept, at least 1.
    nominal_rate : float
        The share of normal records that may be flagged, in (0, 0.5].

    Examples
    --------
    >>> window = RollingWindow(np.arange(99.0), capacity=99, nominal_rate=0.05)
    >>> judged = window.fold(np.array([200.0, 10.0]))
    >>> judged.p_value.tolist()
    [0.01, 0.91]
    """

    def __init__(self, scores: NDArray[np.float64], capacity: int, nominal_rate: float) -> None:
        kept = np.asarray(scores, np.float64)[-capacity:]
        self.nominal_rate = nominal_rate
        self._ring = np.zeros(capacity)
        self._ring[: len(kept)] = kept
        self._extremes = np.zeros(EXTREME_MEMORY, np.uint8)
        # head and length of the ring, head of the extremes, how many of them are set
        self._cursor = np.array([len(kept) % capacity, len(kept), 0, 0], np.int64)
        self._sort()

    def fold(self, scores: NDArray[np.float64]) -> Judged:
        """Judge scores in order, each against those before it, and take them in.

        Parameters
        ----------
        scores : float64 array of shape (n,)
            Finite scores, higher is more anomalous.
        """
        n = len(scores)
        judged = Judged(np.empty(n), np.empty(n), np.empty(n))
        fold(
            self._ring,
            self._blocks,
            self._counts,
            self._cursor,
            self._extremes,
            np.ascontiguousarray(scores, np.float64),
            self.nominal_rate,
            *judged,
        )
        return judged

    @property
    def smallest_p_value(self) -> float:
        """The smallest p-value that the window can give now."""
        return 1.0 / (float(self._cursor[1]) + 1.0)

    def snapshot(self) -> dict[str, Any]:
        """Return the window as plain values, to be kept and restored."""
        return {
            "ring": self._ring.tobytes(),
            "cursor": self._cursor.tolist(),
            "extremes": np.packbits(self._extremes).tobytes(),
        }

    @classmethod
    def restore(cls, snapshot: Mapping[str, Any], nominal_rate: float) -> "RollingWindow":
        """Rebuild a window from its snapshot; it goes on exactly as the original would.

        Raises
        ------
        BundleError
            When it is not a window's.
        """
        try:
            ring = np.frombuffer(snapshot["ring"], np.float64)
            cursor = np.array(snapshot["cursor"], np.int64)
            packed = np.frombuffer(snapshot["extremes"], np.uint8)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BundleError(f"a window has a ring, a cursor and extremes; {error!r}") from None
        extremes = np.unpackbits(packed)[:EXTREME_MEMORY].copy()
        if not _fit(ring, cursor, extremes):
            # The kernels look nothing up twice.
            raise BundleError(
                "a window's cursor lies within its ring of finite scores, and within "
                f"{EXTREME_MEMORY} extremes, which it counts; got a ring of {len(ring)}, the "
                f"cursor {cursor.tolist()} and {len(extremes)} extremes, {int(extremes.sum())} set"
            )
        window = cls(ring, len(ring), nominal_rate)
        window._cursor, window._extremes = cursor, extremes
        window._sort()
        return window

    def _sort(self) -> None:
        ordered = np.sort(self._ring[: self._cursor[1]])
        self._blocks, self._counts = make_blocks(ordered, len(self._ring))


def _fit(ring: NDArray[np.float64], cursor: NDArray[np.int64], extremes: NDArray[np.uint8]) -> bool:
    if cursor.shape != (4,) or len(extremes) != EXTREME_MEMORY:
        return False
    head, length, at, count = cursor.tolist()
    return bool(
        0 <= head < len(ring)
        and 0 <= length <= len(ring)
        and 0 <= at < EXTREME_MEMORY
        and count == int(extremes.sum())
        and np.isfinite(ring).all()
    )


def records_to_promise(nominal_rate: float) -> int:
    """Return how many records a window needs before its realised rate can be promised.

    Five expected flags in the window: with fewer, the rate is mostly chance.

    Examples
    --------
    >>> records_to_promise(0.01)
    500
    """
    return math.ceil(5 / nominal_rate)


def severity(tail: float, nominal_rate: float) -> float:
    """Severity of an anomaly, 0 to 100: 25 for each factor of ten beyond the nominal rate.

    Examples
    --------
    >>> severity(tail=0.0001, nominal_rate=0.01)
    50.0
    """
    if tail >= nominal_rate:
        return 0.0
    if tail <= nominal_rate * 1e-4:
        return 100.0
    return round(25.0 * float(np.log10(nominal_rate / tail)), 1)
