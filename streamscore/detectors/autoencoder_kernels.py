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
            outputs[j] = outputs[j] if outputs[j] > 0.0 else np.float32(0.0)


@njit(cache=True, nogil=True)
def squared_errors(points, largest, weights, biases, error, kept):  # type: ignore[no-untyped-def]
    """Run rows through a network, and compare what it returns with what it was given.

    Parameters
    ----------
    points : float32 array of shape (n, g)
        The rows; the first f features are the network's.
    largest : float
        Inputs are cut to +- this; what is compared is not.
    weights : tuple of float32 arrays
        Of shapes (f, h), (h, b), (b, h), (h, f).
    biases : tuple of float32 arrays
        One a layer.
    error : float64 array of shape (f,)
        What each feature's squared error is divided by.
    kept : float32 array of shape (n, f) or (1, f)
        Overwritten with what the network returns, or with that of the last row alone.

    Returns
    -------
    float64 array of shape (n, g)
        Squared errors; features that the network has not are passed on.
    """
    width, highest, lowest = len(biases[3]), np.float32(largest), np.float32(-largest)
    per_error = 1.0 / error
    out = np.empty(points.shape)
    inputs = np.empty(width, np.float32)
    first = np.empty(len(biases[0]), np.float32)
    middle = np.empty(len(biases[1]), np.float32)
    last = np.empty(len(biases[2]), np.float32)
    for row in range(len(points)):
        for i in range(width):
            # No `min` and `max`: they look for NaN, of which there is none.
            inputs[i] = points[row, i]
            if inputs[i] > highest:
                inputs[i] = highest
            elif inputs[i] < lowest:
                inputs[i] = lowest
        _layer(inputs, weights[0], biases[0], True, first)
        _layer(first, weights[1], biases[1], True, middle)
        _layer(middle, weights[2], biases[2], True, last)
        returned = kept[row if len(kept) == len(points) else 0]
        _layer(last, weights[3], biases[3], False, returned)
        for i in range(width):
            difference = np.float64(points[row, i]) - np.float64(returned[i])
            out[row, i] = difference * difference * per_error[i]
        for i in range(width, points.shape[1]):
            out[row, i] = points[row, i]
    return out
