"""The libraries that detectors are measured against: fit on the same rows, they score the same.

What they are given is made ready beforehand and not timed: it is their score alone that counts.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors import Detector
from streamscore.detectors.design import Design

Matrix = NDArray[np.float64]
Score = Callable[[], object]

_SEED = 42


def sklearn_forest(history: Matrix, rows: Matrix, trees: int) -> Score:
    """Return the scoring of rows by scikit-learn's isolation forest."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=trees, random_state=_SEED).fit(history)
    return lambda: forest.score_samples(rows)


def isolation_forest(detector: Detector, history: Matrix, rows: Matrix) -> Score:
    """Return that of a forest of as many trees as the detector has."""
    return sklearn_forest(history, rows, int(detector.parameters()["trees"]))


def nearest_neighbours(detector: Detector, _history: Matrix, rows: Matrix) -> Score:
    """Return that of PyOD's KNN over the same reference rows."""
    from pyod.models.knn import KNN

    reference, points = euclidean(detector, rows)
    neighbours = int(detector.parameters()["neighbours"])
    library = KNN(n_neighbors=neighbours, method="mean").fit(reference)
    return lambda: library.decision_function(points)


def local_outlier_factor(detector: Detector, _history: Matrix, rows: Matrix) -> Score:
    """Return that of scikit-learn's factor over the same reference rows."""
    from sklearn.neighbors import LocalOutlierFactor

    reference, points = euclidean(detector, rows)
    neighbours = int(detector.parameters()["neighbours"])
    library = LocalOutlierFactor(n_neighbors=neighbours, novelty=True).fit(reference)
    return lambda: library.score_samples(points)


def autoencoder(detector: Detector, history: Matrix, rows: Matrix) -> Score:
    """Return the errors of scikit-learn's network of the same layers."""
    from sklearn.neural_network import MLPRegressor

    arrays = detector.arrays()
    design = Design.restore(arrays)
    biases = [arrays[f"biases{i}"] for i in range(4)]
    inputs, points = (design.points(side)[:, : design.numbers] for side in (history, rows))
    network = MLPRegressor(hidden_layer_sizes=[len(each) for each in biases[:-1]])
    network.partial_fit(inputs[:256], inputs[:256])
    network.coefs_ = [arrays[f"weights{i}"] for i in range(4)]
    network.intercepts_ = biases
    return lambda: (((points - network.predict(points)) ** 2) / arrays["error"]).sum(axis=1)


def euclidean(detector: Detector, rows: Matrix) -> tuple[Matrix, Matrix]:
    """Return reference rows and rows between which the libraries' distances are the detector's.

    A compared feature becomes a column for each of its values: `sqrt(weight / 2)` where it is that
    value. Values that no reference row has are taken for the first one.
    """
    arrays = detector.arrays()
    design, reference = Design.restore(arrays), arrays["rows"].astype(np.float64)
    points = design.points(rows).astype(np.float64)
    sides: tuple[list[NDArray[Any]], ...] = ([], [])
    for i in range(reference.shape[1]):
        values = np.unique(reference[:, i])
        for side, whole in zip(sides, (reference, points), strict=True):
            if i < design.numbers:
                side.append(whole[:, i : i + 1])
                continue
            known = np.where(np.isin(whole[:, i], values), whole[:, i], values[0])
            side.append((known[:, None] == values) * np.sqrt(design.scale[i] / 2.0))
    return np.hstack(sides[0]), np.hstack(sides[1])


LIBRARY_TWINS: dict[str, Callable[[Detector, Matrix, Matrix], Score]] = {
    "autoencoder": autoencoder,
    "isolation-forest": isolation_forest,
    "local-outlier-factor": local_outlier_factor,
    "nearest-neighbours": nearest_neighbours,
    "sparse-neighbours": nearest_neighbours,
}
"""Detector's name -> its library's scoring of rows, given the history and those rows."""
