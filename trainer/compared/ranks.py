"""ECOD and COPOD with the ranks of the history, so that a record's score is its own."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray


class Ranks:
    """Tail probabilities of each column, summed.

    PyOD ranks the records that are scored together with those learned from, so that a record's
    score depends on its batch. Here each is ranked among those learned from and itself, which is
    what PyOD gives for a batch of one, but for a skew that one record would turn.

    Parameters
    ----------
    method : {"ecod", "copod"}
        How the tails are joined within a column.

    References
    ----------
    Li, Zhao, Hu, Botta, Ionescu, Chen: ECOD, IEEE TKDE 2022. Li, Zhao, Botta, Ionescu, Hu: COPOD,
    IEEE ICDM 2020.

    Examples
    --------
    >>> ranks = Ranks("ecod")
    >>> ranks.fit(np.array([[1.0], [2.0], [3.0]]))
    >>> ranks.score(np.array([[2.0], [9.0]])).round(3)
    array([0.575, 1.386])
    """

    def __init__(self, method: Literal["ecod", "copod"]) -> None:
        self.method = method

    def fit(self, train: NDArray[np.float64]) -> None:
        """Sort the columns of records of shape (n, d)."""
        from scipy.stats import skew

        self._sorted = np.sort(train, axis=0)
        self._skew = np.sign(skew(train, axis=0))

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score records of shape (m, d), higher is more anomalous."""
        total = np.zeros(len(rows))
        count = len(self._sorted)
        for place, skewed in enumerate(self._skew):
            known, cells = self._sorted[:, place], rows[:, place]
            at_most = np.searchsorted(known, cells, side="right")
            at_least = count - np.searchsorted(known, cells, side="left")
            left, right = (-np.log((of + 1) / (count + 1)) for of in (at_most, at_least))
            towards = left * (skewed <= 0) + right * (skewed >= 0)
            if self.method == "ecod":
                total += np.maximum(np.maximum(left, right), towards)
            else:
                total += np.maximum(towards, (left + right) / 2)
        return total
