"""Kernels of the feature tails: measures of rows, and the highest of each channel."""

import numpy as np
from numba import njit

from streamscore.detectors.measures import BY_LENGTH, LOG


@njit(cache=True, nogil=True)
def measure_rows(matrix, places, signs, scales, length_places, usual, out):  # type: ignore[no-untyped-def]
    """Write each measure of each row; what is missing measures 0, as something usual does.

    `usual` of shape (3, m) has the centers, the variances and the variances of one character.
    """
    for row in range(len(matrix)):
        for j in range(len(places)):
            value = matrix[row, places[j]]
            if np.isnan(value):
                out[row, j] = 0.0
                continue
            variance = usual[1, j]
            if scales[j] == LOG:
                value = np.sign(value) * np.log1p(np.abs(value))
            elif scales[j] == BY_LENGTH:
                characters = np.expm1(matrix[row, length_places[j]])
                variance += usual[2, j] / max(characters, 1.0)
            out[row, j] = signs[j] * (value - usual[0, j]) / np.sqrt(variance)


@njit(cache=True, nogil=True)
def means_of_fields(measures, fields, out):  # type: ignore[no-untyped-def]
    """Write the mean of each field's measures; `fields` numbers them from 0, ascending."""
    for row in range(len(measures)):
        start = 0
        for j in range(len(fields)):
            if j + 1 < len(fields) and fields[j + 1] == fields[j]:
                continue
            total = 0.0
            for k in range(start, j + 1):
                total += measures[row, k]
            out[row, fields[j]] = total / (j + 1 - start)
            start = j + 1


@njit(cache=True, nogil=True)
def highest_of_each(measures, channels, out):  # type: ignore[no-untyped-def]
    """Write the highest of each channel's; `channels` numbers them from 0, ascending."""
    for row in range(len(measures)):
        for j in range(len(channels)):
            is_first = j == 0 or channels[j] != channels[j - 1]
            if is_first or measures[row, j] > out[row, channels[j]]:
                out[row, channels[j]] = measures[row, j]
