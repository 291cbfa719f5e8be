"""The usual detectors of tables, as their libraries have them, on standardised one-hot rows."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks._tabular_sets import TabularSet

Rows = NDArray[np.float64]
Detect = Callable[[Rows, Rows, int], NDArray[np.float64]]
"""From rows to learn from, rows to judge and a seed to scores, higher is more anomalous."""

_NEIGHBOURS = 5
_FACTOR_NEIGHBOURS = 20


def design_matrix(history: TabularSet, judged: TabularSet) -> tuple[Rows, Rows]:
    """Impute medians, standardise numbers, and encode categories as one column a value."""
    parts: list[tuple[Rows, Rows]] = []
    for past, new, is_nominal in zip(
        history.columns, judged.columns, history.is_nominal, strict=True
    ):
        if is_nominal:
            values = np.unique(past)
            parts.append(((past[:, None] == values) * 1.0, (new[:, None] == values) * 1.0))
            continue
        middle, spread = np.nanmedian(past), np.nanstd(past) or 1.0
        pair = (np.nan_to_num((side - middle) / spread, nan=0.0)[:, None] for side in (past, new))
        parts.append((next(pair), next(pair)))
    return np.hstack([past for past, _ in parts]), np.hstack([new for _, new in parts])


def forest(history: Rows, judged: Rows, seed: int) -> NDArray[np.float64]:
    """Isolation forest of scikit-learn, 100 trees."""
    from sklearn.ensemble import IsolationForest

    scores: Rows = -IsolationForest(random_state=seed).fit(history).score_samples(judged)
    return scores


def neighbours(history: Rows, judged: Rows, _seed: int) -> NDArray[np.float64]:
    """Distance to the fifth nearest row, as PyOD's KNN, by scikit-learn's search."""
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(history).kneighbors(judged)
    scores: Rows = found[0][:, -1]
    return scores


def outlier_factor(history: Rows, judged: Rows, _seed: int) -> NDArray[np.float64]:
    """Local outlier factor of scikit-learn."""
    from sklearn.neighbors import LocalOutlierFactor

    factor = LocalOutlierFactor(n_neighbors=_FACTOR_NEIGHBOURS, novelty=True).fit(history)
    scores: Rows = -factor.score_samples(judged)
    return scores


def ecod(history: Rows, judged: Rows, _seed: int) -> NDArray[np.float64]:
    """ECOD of PyOD."""
    from pyod.models.ecod import ECOD

    scores: Rows = ECOD().fit(history).decision_function(judged)
    return scores


USUAL_DETECTORS: MappingProxyType[str, Detect] = MappingProxyType(
    {"forest": forest, "neighbours": neighbours, "outlier_factor": outlier_factor, "ecod": ecod}
)
