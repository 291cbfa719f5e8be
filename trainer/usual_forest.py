"""The usual design that detectors are compared with: encoded fields before an isolation forest."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.evaluation.contender import Clock
from streamscore.features import Column, ColumnPlan
from trainer.matrix_contender import MatrixContender

Encoding = Literal["one-hot", "ordinal"]

_PLAN = ColumnPlan(cycles=False, text_dimensions=64)
_KINDS = ("code", "number", "flag", "text_hash")
_TREES = 200
_BATCH = 1024


class ForestScores(NamedTuple):
    """What the forest gave; nothing is kept of it."""

    scores: NDArray[np.float64]
    microseconds_a_record: float
    size_bytes: int = 0


def usual_forest(encoding: Encoding) -> MatrixContender:
    """Return scikit-learn's isolation forest over the fields as most would encode them.

    Categories become one column a value (or their rank by frequency), numbers are centred, a
    missing value is the most usual one, and of each text there are 64 hashed dimensions.

    Parameters
    ----------
    encoding : {"one-hot", "ordinal"}
        How categories are encoded.
    """

    def fit_and_score(
        train: Matrix, test: Matrix, columns: Sequence[Column], seed: int, clock: Clock
    ) -> ForestScores:
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(n_estimators=_TREES, random_state=seed)
        forest.fit(plain_matrix(train, columns, encoding))
        rows = plain_matrix(test, columns, encoding)
        started = clock()
        parts = [
            # scikit-learn's scores are lower for what is more anomalous.
            -forest.score_samples(rows[start : start + _BATCH])
            for start in range(0, len(rows), _BATCH)
        ]
        return ForestScores(np.concatenate(parts), 1e6 * (clock() - started) / len(rows))

    return MatrixContender(f"{encoding} forest", _PLAN, fit_and_score)


def plain_matrix(
    matrix: NDArray[np.float64], columns: Sequence[Column], encoding: Encoding
) -> NDArray[np.float32]:
    """Encode rows as most would.

    Parameters
    ----------
    matrix : float64 array of shape (n, d)
        Encoded records.
    columns : sequence of Column, of length d
        What the columns are.
    encoding : {"one-hot", "ordinal"}
        How categories are encoded; one that is unseen has no column of its own.

    Returns
    -------
    float32 array of shape (n, m)
        Without missing values.

    Examples
    --------
    >>> sky = Column(name="sky", field="sky", kind="code", values=2)
    >>> plain_matrix(np.array([[0.0], [1.0], [2.0]]), [sky], "one-hot").tolist()
    [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    """
    parts = []
    for i, column in enumerate(columns):
        if column.kind not in _KINDS:
            continue
        values = np.nan_to_num(matrix[:, i])
        if column.kind == "code":
            values = np.where(values > column.values, 0.0, values)  # missing: the most frequent
            if encoding == "one-hot":
                parts.append((values[:, None] == np.arange(column.values)).astype(np.float32))
                continue
        parts.append(values.astype(np.float32)[:, None])
    return np.hstack(parts)
