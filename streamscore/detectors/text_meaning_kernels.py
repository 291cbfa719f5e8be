"""Kernels of text meaning: how like a text is to the nearest prototype, and what follows of it."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def likeness_to_nearest(matrix, starts, prototypes, bounds, out):  # type: ignore[no-untyped-def]
    """Write the highest cosine with a prototype of each text.

    Parameters
    ----------
    matrix : float64 array of shape (n, d)
        Rows that hold the texts' vectors.
    starts : int64 array of shape (t,)
        Where each text's vector begins.
    prototypes : float32 array of shape (width, p)
        Prototypes of length 1 of all texts, one a column.
    bounds : int64 array of shape (t + 1,)
        Where each text's prototypes begin, and the end.
    out : float64 array of shape (n, t)
        Overwritten, within [-1, 1]; 1 where the vector is zero or there are no prototypes.
    """
    width = len(prototypes)
    for row in range(len(matrix)):
        for text in range(len(starts)):
            first, last = bounds[text], bounds[text + 1]
            # Sums of all prototypes at once: the compiler can take several a step.
            sums = np.zeros(last - first)
            length = 0.0
            for i in range(width):
                value = matrix[row, starts[text] + i]
                length += value * value
                own = prototypes[i, first:last]
                for j in range(last - first):
                    sums[j] += value * own[j]
            highest = 1.0
            if length > 0.0 and last > first:
                highest = max(-1.0, min(1.0, sums.max()))
            out[row, text] = highest


@njit(cache=True, nogil=True)
def residuals(matrix, starts, width, numbers, means, centers, weights, limits, out):  # type: ignore[no-untyped-def]
    """Write each number less what the texts predict of it.

    Parameters
    ----------
    matrix, starts
        As of `likeness_to_nearest`.
    width : int
        Length of a vector.
    numbers : int64 array of shape (r,)
        The numbers' columns.
    means : float64 array of shape (r,)
        What is predicted where the vectors are `centers`.
    centers, weights : float64 arrays of shape (r, t * width)
        What a difference from the center adds.
    limits : float64 array of shape (r, 2)
        Predictions are cut to these.
    out : float64 array of shape (n, r)
        Overwritten; 0 where the number is missing or no text has a vector.
    """
    for row in range(len(matrix)):
        length = 0.0
        for text in range(len(starts)):
            for i in range(width):
                length += matrix[row, starts[text] + i] ** 2
        for r in range(len(numbers)):
            predicted = means[r]
            for text in range(len(starts)):
                for i in range(width):
                    place = text * width + i
                    apart = matrix[row, starts[text] + i] - centers[r, place]
                    predicted += weights[r, place] * apart
            predicted = min(max(predicted, limits[r, 0]), limits[r, 1])
            residual = matrix[row, numbers[r]] - predicted
            out[row, r] = residual if length > 0.0 and np.isfinite(residual) else 0.0
