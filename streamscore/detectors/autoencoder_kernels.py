"""A network of three hidden layers, run over rows by compiled code.

Each row is run alone, its sums in a fixed order: the result does not depend on its batch.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"contract"})
def _layer(inputs, weights, bias, is_rectified, outputs):  # type: ignore[no-untyped-def]
    outputs[:] = bias
    for i in range(len(inputs)):
        value = inputs[i]
        # Of the features of a category, and of rectified units, most are 0.
        if value != 0.0:
            own = weights[i]
            for j in range(len(outputs)):
                outputs[j] += value * own[j]
    if is_rectified:
        for j in range(len(outputs)):
            outputs[j] = max(outputs[j], np.float32(0.0))


@njit(cache=True, nogil=True)
def reconstructed(points, weights, biases):  # type: ignore[no-untyped-def]
    """Run rows through a network: float32 of shape (n, f).

    Parameters
    ----------
    points : float32 array of shape (n, f)
        The rows.
    weights : tuple of float32 arrays
        Of shapes (f, h), (h, b), (b, h), (h, f).
    biases : tuple of float32 arrays
        One a layer.
    """
    out = np.empty((len(points), len(biases[3])), np.float32)
    first = np.empty(len(biases[0]), np.float32)
    middle = np.empty(len(biases[1]), np.float32)
    last = np.empty(len(biases[2]), np.float32)
    for row in range(len(points)):
        _layer(points[row], weights[0], biases[0], True, first)
        _layer(first, weights[1], biases[1], True, middle)
        _layer(middle, weights[2], biases[2], True, last)
        _layer(last, weights[3], biases[3], False, out[row])
    return out
