"""The distances to the nearest rows, one pair of rows at a time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def naive_distances(
    point: NDArray[np.float32],
    rows: NDArray[np.float32],
    numbers: int,
    weights: Sequence[float],
    k: int,
) -> list[float]:
    """The k smallest distances of a point to rows.

    Numbers add the square of their difference, whatever else differs adds its weight.
    """
    found = []
    for row in rows:
        pairs = [(float(a), float(b)) for a, b in zip(point, row, strict=True)]
        square = sum((a - b) ** 2 for a, b in pairs[:numbers])
        differing = zip(pairs[numbers:], weights, strict=True)
        square += sum(weight for (a, b), weight in differing if a != b)
        found.append(square**0.5)
    return sorted(found)[:k]
