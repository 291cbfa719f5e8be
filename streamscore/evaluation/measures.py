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
        self.clean, self.anomalies = len(clean), len(anomalous)
        scores = np.concatenate([clean, anomalous])
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        # The last place of each group of equal scores: a threshold cannot part them.
        self._ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))

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
        alarms, found = self._shares(clean_weights, anomaly_weights)
        return Measures(
            auroc=_auroc(alarms, found),
            auprc=_average_precision(alarms, found, prevalence),
            recall_at_1_percent=_recall_at(alarms, found, 0.01),
            recall_at_01_percent=_recall_at(alarms, found, 0.001),
        )

    def _shares(self, clean: Floats | None, anomalies: Floats | None) -> tuple[Floats, Floats]:
        """Return the shares of clean records and of anomalies at or above each score, falling."""
        alarms = np.zeros(self.clean + self.anomalies)
        found = np.zeros(self.clean + self.anomalies)
        alarms[: self.clean] = 1.0 if clean is None else clean
        found[self.clean :] = 1.0 if anomalies is None else anomalies
        return self._cumulated(alarms), self._cumulated(found)

    def _cumulated(self, weights: Floats) -> Floats:
        total = np.cumsum(weights[self._order])
        shares: Floats = total[self._ends] / total[-1]
        return shares


def _auroc(alarms: Floats, found: Floats) -> float:
    """Area under the curve of found over alarms, by trapezoids (ties count half)."""
    step = np.diff(alarms, prepend=0.0)
    before = np.concatenate([[0.0], found[:-1]])
    return float(np.sum(step * (before + found) / 2))


def _average_precision(alarms: Floats, found: Floats, prevalence: float) -> float:
    """Sum of precision times the recall added, as scikit-learn's `average_precision_score`."""
    right, wrong = prevalence * found, (1.0 - prevalence) * alarms
    precision = np.divide(right, right + wrong, out=np.zeros_like(right), where=right > 0)
    return float(np.sum(np.diff(found, prepend=0.0) * precision))


def _recall_at(alarms: Floats, found: Floats, rate: float) -> float:
    allowed = np.searchsorted(alarms, rate * (1 + 1e-9), side="right")
    return float(found[allowed - 1]) if allowed else 0.0


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
