"""The usual design that detectors are compared with: encoded fields before an isolation forest."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streamscore.evaluation.contender import Clock, Performance
from streamscore.evaluation.task import Slice, Task
from streamscore.features import Column, ColumnPlan, Encoder

Encoding = Literal["one-hot", "ordinal"]

_PLAN = ColumnPlan(cycles=False, text_dimensions=64)
_KINDS = ("code", "number", "flag", "text_hash")
_TREES = 200
_TIMED_ROUNDS = 2
_BATCH = 1024


class UsualForest:
    """scikit-learn's isolation forest over the fields as most would encode them.

    Categories become one column a value (or their rank by frequency), numbers are centred, a
    missing value is the most usual one, and of each text there are 64 hashed dimensions.

    Parameters
    ----------
    encoding : {"one-hot", "ordinal"}
        How categories are encoded.

    Attributes
    ----------
    name : str
        Its name in tables.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self.name = f"{encoding} forest"

    def compete(self, task: Task, seed: int, clock: Clock) -> Performance:
        """Learn, and score all that the task asks for."""
        from sklearn.ensemble import IsolationForest

        encoder = Encoder.fit(task.codec, task.train.records, _PLAN)

        def encoded(rows: Slice) -> NDArray[np.float32]:
            matrix = encoder.encode(rows.records, rows.utc_ms, rows.local_ms)
            return plain_matrix(matrix, encoder.columns, self._encoding)

        forest = IsolationForest(n_estimators=_TREES, random_state=seed)
        forest.fit(encoded(task.train))
        sizes = [len(one.anomalies) for one in task.injected]
        every = np.concatenate([_scores(forest, encoded(one.anomalies)) for one in task.injected])
        test = encoded(task.test)
        labelled = task.labelled
        return Performance(
            calibration=_scores(forest, encoded(task.calibrate)),
            clean=_scores(forest, test),
            anomalies=np.split(every, np.cumsum(sizes)[:-1]),
            labelled=None if labelled is None else _scores(forest, encoded(labelled.judged)),
            microseconds=_microseconds(forest, test, clock),
        )


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


def _scores(forest: Any, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    # scikit-learn's scores are lower for what is more anomalous.
    scores: NDArray[np.float64] = -forest.score_samples(rows)
    return scores


def _microseconds(forest: Any, rows: NDArray[np.float32], clock: Clock) -> float:
    rounds = []
    for _ in range(_TIMED_ROUNDS):
        started = clock()
        for start in range(0, len(rows), _BATCH):
            forest.score_samples(rows[start : start + _BATCH])
        rounds.append(clock() - started)
    return 1e6 * min(rounds) / len(rows)
