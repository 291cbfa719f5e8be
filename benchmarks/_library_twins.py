"""The libraries that detectors are measured against, fit on the same rows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors import Detector
from streamscore.detectors.design import Design

Matrix = NDArray[np.float64]
Score = Callable[[Matrix], object]

_SEED = 42


def sklearn_forest(history: Matrix, trees: int) -> Score:
    """Return the scores of scikit-learn's isolation forest."""
    from sklearn.ensemble import IsolationForest

    score: Score = (
        IsolationForest(n_estimators=trees, random_state=_SEED).fit(history).score_samples
    )
    return score


def forest(detector: Detector, history: Matrix) -> Score:
    """As many trees as the detector has."""
    return sklearn_forest(history, int(detector.parameters()["trees"]))


def nearest_neighbours(detector: Detector, history: Matrix) -> Score:
    """PyOD's KNN over the same reference rows, each compared feature as one number."""
    from pyod.models.knn import KNN

    design, rows = _reference(detector)
    library = KNN(n_neighbors=int(detector.parameters()["neighbours"]), method="mean").fit(rows)
    return lambda matrix: library.decision_function(design.points(matrix)[:, : rows.shape[1]])


def local_outlier_factor(detector: Detector, history: Matrix) -> Score:
    """Return the scores of scikit-learn's factor over the same reference rows."""
    from sklearn.neighbors import LocalOutlierFactor

    design, rows = _reference(detector)
    neighbours = int(detector.parameters()["neighbours"])
    library = LocalOutlierFactor(n_neighbors=neighbours, novelty=True).fit(rows)
    return lambda matrix: library.score_samples(design.points(matrix)[:, : rows.shape[1]])


def autoencoder(detector: Detector, history: Matrix) -> Score:
    """Return the errors of scikit-learn's network of the same layers."""
    from sklearn.neural_network import MLPRegressor

    arrays = detector.arrays()
    design = Design.restore(arrays)
    biases = [arrays[f"biases{i}"] for i in range(4)]
    inputs = design.points(history)[:, : design.numbers]
    network = MLPRegressor(hidden_layer_sizes=[len(each) for each in biases[:-1]])
    network.partial_fit(inputs[:256], inputs[:256])
    network.coefs_ = [arrays[f"weights{i}"] for i in range(4)]
    network.intercepts_ = biases

    def score(matrix: Matrix) -> object:
        points = design.points(matrix)[:, : design.numbers]
        return (((points - network.predict(points)) ** 2) / arrays["error"]).sum(axis=1)

    return score


def _reference(detector: Detector) -> tuple[Design, NDArray[Any]]:
    arrays = detector.arrays()
    return Design.restore(arrays), arrays["rows"].astype(np.float64)


LIBRARY_TWINS: dict[str, Callable[[Detector, Matrix], Score]] = {
    "autoencoder": autoencoder,
    "isolation-forest": forest,
    "local-outlier-factor": local_outlier_factor,
    "nearest-neighbours": nearest_neighbours,
}
"""Detector's name -> its library, over rows that the detector was fit on."""
