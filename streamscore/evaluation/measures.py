"""Measures of detection: how well scores part anomalies from clean records.

Higher scores are more anomalous. Records are weighed, so that anomalies stand for the prevalence
that is asked for, however many were made: with few, the figures would be chance.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Measures(NamedTuple):
    """What is told of a detector.

    Attributes
    ----------
    auroc : float
        The chance that an anomaly scores above a clean record, ties counted half.
    auprc : float
        Average precision: precision averaged over the recall that each score adds.
    recall_at_1_percent, recall_at_01_percent : float
        Share of the anomalies that score above all but 1% (0.1%) of the clean records.
    """

    auroc: float
    auprc: float
    recall_at_1_percent: float
    recall_at_01_percent: float


class Ranking:
    """Clean records and anomalies in the order of their scores, to be measured with any weights.

    Parameters
    ----------
    clean : float64 array of shape (n,)
        Finite scores of records that are no anomalies, n at least 1.
    anomalous : float64 array of shape (m,)
        Finite scores of anomalies, m at least 1.

    Examples
    --------
    >>> ranking = Ranking(np.array([0.1, 0.4, 0.2]), np.array([0.3, 0.9]))
    >>> measures = ranking.measures(prevalence=0.4)
    >>> round(measures.auroc, 3), round(measures.auprc, 3)
    (0.833, 0.833)
    """

    def __init__(self, clean: Floats, anomalous: Floats) -> None:
        self._clean_falling = np.argsort(-clean, kind="stable")
        self._falling = np.argsort(-anomalous, kind="stable")
        ordered, scores = np.sort(clean), anomalous[self._falling]
        # How many clean records score above each anomaly, and how many at least as high.
        self._above = len(clean) - np.searchsorted(ordered, scores, side="right")
        self._at_least = len(clean) - np.searchsorted(ordered, scores, side="left")
        # The last place of each group of equal scores: a threshold cannot part them.
        self._ends = np.flatnonzero(np.append(np.diff(scores) != 0, True))

    def measures(
        self,
        prevalence: float,
        clean_weights: Floats | None = None,
        anomaly_weights: Floats | None = None,
    ) -> Measures:
        """Measure.

        Parameters
        ----------
        prevalence : float
            The share that anomalies stand for, in (0, 1).
        clean_weights, anomaly_weights : float64 arrays of shapes (n,) and (m,), or None
            Of each record among its like, at least 0, not all 0; None weighs them alike.
        """
        alarms = self._alarms(clean_weights)
        weights = np.ones(len(self._falling)) if anomaly_weights is None else anomaly_weights
        found = np.cumsum(weights[self._falling])
        weights, found = weights[self._falling] / found[-1], found / found[-1]
        above, at_least = alarms[self._above], alarms[self._at_least]
        return Measures(
            auroc=1.0 - float(np.dot(weights, (above + at_least) / 2)),
            auprc=_average_precision(found[self._ends], at_least[self._ends], prevalence),
            recall_at_1_percent=_recall_at(found, at_least, 0.01),
            recall_at_01_percent=_recall_at(found, at_least, 0.001),
        )

    def _alarms(self, weights: Floats | None) -> Floats:
        """Return the share that the k highest clean records are, for every k from 0 on."""
        falling = self._clean_falling
        total = np.zeros(len(falling) + 1)
        np.cumsum(np.ones(len(falling)) if weights is None else weights[falling], out=total[1:])
        shares: Floats = total / total[-1]
        return shares


def _average_precision(found: Floats, alarms: Floats, prevalence: float) -> float:
    """Sum of precision times the recall added, as scikit-learn's `average_precision_score`."""
    right, wrong = prevalence * found, (1.0 - prevalence) * alarms
    precision = np.divide(right, right + wrong, out=np.zeros_like(right), where=right > 0)
    return float(np.sum(np.diff(found, prepend=0.0) * precision))


def _recall_at(found: Floats, alarms: Floats, rate: float) -> float:
    """Return what is found by the last anomaly that so few clean records score as high as."""
    within = int(np.searchsorted(alarms, rate * (1 + 1e-9), side="right"))
    return float(found[within - 1]) if within else 0.0


def measure(clean: Floats, anomalous: Floats, prevalence: float) -> Measures:
    """Measure scores of clean records against those of anomalies, all weighed alike.

    Parameters
    ----------
    clean, anomalous : float64 arrays
        Finite scores, at least one each.
    prevalence : float
        The share that anomalies stand for, in (0, 1).
    """
    return Ranking(clean, anomalous).measures(prevalence)


def alarm_threshold(clean: Floats, rate: float) -> float:
    """Return the score that at most this share of the clean records lies above.

    Examples
    --------
    >>> alarm_threshold(np.arange(200.0), 0.01)
    197.0
    """
    allowed = int(rate * len(clean) * (1 + 1e-9))
    return float(np.partition(clean, len(clean) - 1 - allowed)[len(clean) - 1 - allowed])
