"""The compiled network is scikit-learn's."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.detectors.autoencoder import Autoencoder, trained_network
from streamscore.detectors.autoencoder_kernels import squared_errors
from streamscore.features import Column

COLUMNS = [Column(name=name, field=name, kind="number") for name in "abc"]


def related(rows: int, seed: int) -> NDArray[np.float64]:
    """The third number is the sum of the others."""
    values = np.random.default_rng(seed).normal(size=(rows, 2))
    return np.column_stack([values, values.sum(axis=1)])


def test_the_kernel_gives_what_the_network_of_scikit_learn_gives() -> None:
    from sklearn.neural_network import MLPRegressor

    inputs = related(400, 0).astype(np.float32)
    weights, biases = trained_network(inputs, (16, 4, 16), 7)
    network = MLPRegressor(
        hidden_layer_sizes=(16, 4, 16), learning_rate_init=3e-3, max_iter=200, random_state=7
    ).fit(inputs, inputs)
    network.coefs_, network.intercepts_ = list(weights), list(biases)
    returned = np.empty((400, 3), np.float32)
    found = squared_errors(inputs, 100.0, weights, biases, np.full(3, 2.0), returned)
    assert returned == pytest.approx(network.predict(inputs), rel=1e-3, abs=1e-4)
    expected = (network.predict(inputs) - inputs) ** 2 / 2.0
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert found.mean() < 0.2 * inputs.var()


def test_a_number_that_does_not_follow_from_the_others_stands_out() -> None:
    detector = Autoencoder.fit(related(3000, 1), COLUMNS, 0)
    rows = related(300, 2)
    broken = rows.copy()
    broken[:, 2] -= 3.0
    assert np.median(detector.score(broken)) > 10.0 * np.median(detector.score(rows))


def test_the_contributions_sum_to_the_score() -> None:
    detector = Autoencoder.fit(related(1000, 1), COLUMNS, 0)
    rows = related(20, 2) * 3.0
    rows[0, 1] = np.nan
    assert detector.contributions(rows).sum(axis=1) == pytest.approx(detector.score(rows))


def test_a_few_gross_errors_in_the_history_do_not_hide_smaller_ones() -> None:
    dirty = related(3000, 1)
    dirty[::150, 2] += 500.0
    broken = related(300, 2)
    broken[:, 2] -= 3.0
    clean, found = (
        np.median(Autoencoder.fit(history, COLUMNS, 0).contributions(broken)[:, 2])
        for history in (related(3000, 1), dirty)
    )
    assert found > 0.2 * clean
