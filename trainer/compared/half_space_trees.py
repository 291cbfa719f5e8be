"""River's half-space trees, which learn each record after they have scored it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class HalfSpaceTrees:
    """River's half-space trees with its own defaults.

    They want features within 0 and 1: each is scaled by its range in the records learned from. They
    go on learning, so a score depends on the records before it, in their order.

    Parameters
    ----------
    seed : int
        Decides the halvings.

    References
    ----------
    Tan, Ting, Liu: Fast Anomaly Detection for Streaming Data, IJCAI 2011.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, train: NDArray[np.float64]) -> None:
        """Learn records of shape (n, d) in their order."""
        import river.anomaly

        self._low = train.min(axis=0)
        self._span = np.maximum(train.max(axis=0) - self._low, np.finfo(np.float64).tiny)
        trees: Any = river.anomaly.HalfSpaceTrees
        self.detector = trees(seed=self.seed)
        for features in self._features(train):
            self.detector.learn_one(features)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score records of shape (m, d) in their order and learn each, higher is more anomalous."""
        scores = np.empty(len(rows))
        for i, features in enumerate(self._features(rows)):
            scores[i] = self.detector.score_one(features)
            self.detector.learn_one(features)
        return scores

    def _features(self, rows: NDArray[np.float64]) -> list[dict[int, float]]:
        scaled = np.clip((rows - self._low) / self._span, 0.0, 1.0)
        return [dict(enumerate(row)) for row in scaled.tolist()]
