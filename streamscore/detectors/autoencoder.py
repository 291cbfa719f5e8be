"""Autoencoder: how badly a row is reconstructed from what a narrow network keeps of it.

Hawkins, He, Williams, Baxter, "Outlier detection using replicator neural networks", DaWaK 2002.
The network is scikit-learn's `MLPRegressor`, trained to return its inputs through a narrow layer;
a compiled kernel runs it. The squared error of each feature is divided by what it was on average in
the history, so that a feature that is known exactly from others counts when it is not.
"""

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.autoencoder_kernels import squared_errors
from streamscore.detectors.design import Design, fit_inputs
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.expected_values import ExpectedValues
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.spoken_columns import column_reasons, shares_spoken, voices_of
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_LARGEST_INPUT = 8.0
"""Inputs are cut to this many standard deviations; the error is that of the uncut value."""
_SMALLEST_ERROR = 0.01
"""The smallest mean squared error that a feature is credited with, of its variance."""
_MOST_EPOCHS = 60
_LAYERS = 4

Layers = tuple[NDArray[np.float32], ...]


class Autoencoder:
    """A trained network.

    Parameters
    ----------
    design : Design
        How rows become points; none of its features is compared.
    weights, biases : tuples of float32 arrays
        Of the four layers: of shapes (f, h), (h, b), (b, h), (h, f), and (h,), (b,), (h,), (f,).
    error : float64 array of shape (f,)
        Mean squared error of each feature in the history, above 0.
    """

    name: ClassVar[str] = "autoencoder"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, cycles=True, text_statistics=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("score"),)

    def __init__(
        self, design: Design, weights: Layers, biases: Layers, error: NDArray[np.float64]
    ) -> None:
        self._design = design
        self._weights = tuple(np.ascontiguousarray(each, np.float32) for each in weights)
        self._biases = tuple(np.ascontiguousarray(each, np.float32) for each in biases)
        self._error = np.ascontiguousarray(error, np.float64)
        self._expected = ExpectedValues(design, self._returned)

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        columns: Sequence[Column],
        seed: int,
        width: int = 32,
        narrowest: int = 8,
        most_rows: int = 20_000,
    ) -> "Autoencoder":
        """Train a network with scikit-learn on a sample of the history."""
        design = fit_inputs(matrix, columns)
        places = np.random.default_rng(seed).permutation(len(matrix))[:most_rows]
        points = design.points(matrix[places])
        inputs = np.clip(points[:, : design.numbers], -_LARGEST_INPUT, _LARGEST_INPUT)
        weights, biases = trained_network(inputs, (width, narrowest, width), seed)
        found = cls(design, weights, biases, np.ones(design.numbers))
        errors = found._parts(points)[:, : design.numbers]
        # Without the worst hundredth, which may be what is looked for.
        usual = np.minimum(errors, np.quantile(errors, 0.99, axis=0)).mean(axis=0)
        least = _SMALLEST_ERROR * np.maximum(inputs.var(axis=0), _SMALLEST_ERROR)
        return cls(design, weights, biases, np.maximum(usual, least))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "Autoencoder":
        """Rebuild a detector from a bundle; raises KeyError and BundleError."""
        design = Design.restore(arrays)
        weights = tuple(arrays[f"weights{i}"] for i in range(_LAYERS))
        biases = tuple(arrays[f"biases{i}"] for i in range(_LAYERS))
        widths = [design.numbers, *(bias.size for bias in biases)]
        fits = [w.shape == sizes for w, sizes in zip(weights, pairwise(widths), strict=True)]
        flat = all(bias.ndim == 1 for bias in biases) and arrays["error"].shape == biases[3].shape
        if not (all(fits) and flat and widths[-1] == design.numbers and design.compared == 0):
            raise BundleError(
                f"a network returns the {design.numbers} features that it reads; "
                f"got layers {[weight.shape for weight in weights]}"
            )
        return cls(design, weights, biases, arrays["error"])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the network."""
        layers = {f"weights{i}": weight for i, weight in enumerate(self._weights)}
        layers |= {f"biases{i}": bias for i, bias in enumerate(self._biases)}
        return self._design.arrays() | layers | {"error": self._error}

    def parameters(self) -> dict[str, Any]:
        """Return the widths of the hidden layers."""
        return {"width": len(self._biases[0]), "narrowest": len(self._biases[1])}

    def score(self, matrix: Matrix) -> NDArray[np.float64]:
        """Score rows: sum of the features' errors, float64 of shape (n,), at least 0."""
        scores: NDArray[np.float64] = self._parts(self._design.points(matrix)).sum(axis=1)
        return scores

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1)."""
        return self.score(matrix)[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Sum each row's errors by column; their sum over the columns is the score."""
        parts = self._parts(self._design.points(matrix))
        return self._design.by_column(parts, matrix.shape[1])

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the columns that were reconstructed badly, and what was expected there."""
        if not wordings:
            return []
        points, cells = self._design.points(rows), rows.tolist()
        parts = self._design.by_column(self._parts(points), rows.shape[1])
        voices = voices_of(wordings[0].terms)
        is_asked = shares_spoken(parts, voices)[1]
        expected = self._expected.asked(points, is_asked, voices)
        return column_reasons(
            parts,
            rows,
            wordings,
            lambda i, place: self._expected.words(wordings[i], place, cells[i], expected[i, place]),
        )

    def _returned(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the network makes of points: float32 of shape (n, numbers)."""
        returned = np.empty((len(points), self._design.numbers), np.float32)
        self._parts(points, returned)
        return returned

    def _parts(
        self, points: NDArray[np.float32], returned: NDArray[np.float32] | None = None
    ) -> NDArray[np.float64]:
        """Return each feature's error; what never changed in the history counts as it is.

        What the network returns is written into `returned`, of shape (n, numbers).
        """
        if returned is None:
            returned = np.empty((1, self._design.numbers), np.float32)
        network = (self._weights, self._biases, self._error)
        parts: NDArray[np.float64] = squared_errors(points, _LARGEST_INPUT, *network, returned)
        return parts


def trained_network(
    inputs: NDArray[np.float32], hidden: tuple[int, int, int], seed: int
) -> tuple[Layers, Layers]:
    """Train a network to return its inputs; return the weights and biases of its layers."""
    if inputs.shape[1] == 0:
        widths = (0, *hidden, 0)
        weights = tuple(np.zeros(sizes, np.float32) for sizes in pairwise(widths))
        return weights, tuple(np.zeros(width, np.float32) for width in widths[1:])
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    network = MLPRegressor(
        hidden_layer_sizes=hidden,
        learning_rate_init=3e-3,
        max_iter=_MOST_EPOCHS,
        n_iter_no_change=5,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # More epochs are no better here: what is rare is to be returned badly.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(inputs, inputs if inputs.shape[1] > 1 else inputs[:, 0])
    return tuple(network.coefs_), tuple(network.intercepts_)
