"""Text meaning with plain numpy, a row at a time."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def naive_likeness(vector: Array, prototypes: NDArray[np.float32]) -> float:
    """Return the highest cosine, 1 where there is nothing to compare."""
    if not vector.any() or len(prototypes) == 0:
        return 1.0
    return float(np.clip(max(float(vector @ one) for one in prototypes), -1.0, 1.0))


def naive_ridge(rows: Array, values: Array, penalty: float) -> Array:
    """Predict the rows themselves from the normal equations of the augmented system."""
    apart = rows - rows.mean(axis=0)
    above = np.vstack([apart, np.sqrt(penalty) * np.eye(rows.shape[1])])
    right = np.concatenate([values - values.mean(), np.zeros(rows.shape[1])])
    weights = np.linalg.lstsq(above, right, rcond=None)[0]
    predicted: Array = values.mean() + apart @ weights
    return predicted
