"""scikit-learn's isolation forest and the compiled kernel over the same trees."""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest as SklearnForest

from streamscore.detectors.isolation_forest import IsolationForest

_SEED = 42
_TREES = 100
_ROUNDS = 15


class Forests(NamedTuple):
    """The same forest twice."""

    theirs: SklearnForest
    ours: IsolationForest


def grown(matrix: NDArray[np.float64]) -> Forests:
    """Grow a forest with scikit-learn and turn it into arrays."""
    theirs = SklearnForest(n_estimators=_TREES, random_state=_SEED).fit(matrix)
    return Forests(theirs, IsolationForest.from_sklearn(theirs))


def with_gaps(matrix: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return a copy in which that share of the values is missing."""
    holed = matrix.copy()
    holed[np.random.default_rng(_SEED).random(matrix.shape) < share] = np.nan
    return holed


def largest_difference(forests: Forests, matrix: NDArray[np.float64]) -> float:
    """Compare all scores; ours are the negative of scikit-learn's."""
    theirs = -forests.theirs.score_samples(matrix)
    return float(np.max(np.abs(forests.ours.score(matrix) - theirs)))


def times_faster(forests: Forests, matrix: NDArray[np.float64], batch: int) -> float:
    """Return how many times faster the kernel is: median over interleaved rounds."""
    rows = np.ascontiguousarray(matrix[:batch])
    calls = max(1, 2048 // batch)
    ratios = []
    for _ in range(_ROUNDS):
        theirs = _cpu_seconds(forests.theirs.score_samples, rows, 1)
        ours = _cpu_seconds(forests.ours.score, rows, calls)
        ratios.append(theirs / ours)
    return statistics.median(ratios)


def _cpu_seconds(score: Callable[[Any], Any], rows: NDArray[np.float64], calls: int) -> float:
    # Processor time of one thread: others on the machine do not count.
    began = time.thread_time()
    for _ in range(calls):
        score(rows)
    return (time.thread_time() - began) / calls
