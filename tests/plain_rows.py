"""Rows of numbers on a plane through four dimensions, in two clouds, and one that is elsewhere."""

import numpy as np
from numpy.typing import NDArray

OUTLIER = [9.0, -9.0, 9.0, 9.0]


def plain_rows(count: int, seed: int) -> NDArray[np.float64]:
    """Rows of shape (count, 4)."""
    rng = np.random.default_rng(seed)
    side = np.where(rng.random(count) < 0.5, 3.0, -3.0)[:, None]
    a, b = (rng.normal(size=(count, 2)) * 0.3 + side).T
    return np.column_stack([a, a + b, b, a - b]) + rng.normal(size=(count, 4)) * 0.05
