"""A detector in a comparison that takes encoded rows and gives scores, and nothing else."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.evaluation.contender import Clock, Performance
from streamscore.evaluation.task import Task
from streamscore.features import Column, ColumnPlan, Encoder


class MatrixScores(Protocol):
    """What came of fitting and scoring.

    Attributes
    ----------
    scores : float64 array of shape (m,)
        Finite, higher is more anomalous.
    microseconds_a_record : float
        How long scoring took.
    size_bytes : int
        Size of what was learned; 0 where it is not known.
    """

    @property
    def scores(self) -> NDArray[np.float64]:
        """Finite scores, higher is more anomalous."""
        ...

    @property
    def microseconds_a_record(self) -> float:
        """How long scoring took."""
        ...

    @property
    def size_bytes(self) -> int:
        """Size of what was learned."""
        ...


FitAndScore = Callable[[Matrix, Matrix, Sequence[Column], int, Clock], MatrixScores]
"""Rows to learn from and rows to score, what their columns are, a seed, a clock -> scores."""


class MatrixContender:
    """A detector that learns from a matrix and scores another, each row on its own.

    It sees no place in the stream: anomalies that are such by their neighbours are scored alone.

    Parameters
    ----------
    name : str
        Its name in tables.
    plan : ColumnPlan
        The columns that it is given.
    fit_and_score : callable
        What learns and scores.
    """

    def __init__(self, name: str, plan: ColumnPlan, fit_and_score: FitAndScore) -> None:
        self.name = name
        self._plan = plan
        self._fit_and_score = fit_and_score

    def compete(self, task: Task, seed: int, clock: Clock) -> Performance:
        """Learn, and score all that the task asks for, in one go."""
        encoder = Encoder.fit(task.codec, task.train.records, self._plan)
        judged = [] if task.labelled is None else [task.labelled.judged]
        asked = [task.calibrate, task.test, *judged, *(one.anomalies for one in task.injected)]
        train, *rows = (
            encoder.encode(one.records, one.utc_ms, one.local_ms) for one in (task.train, *asked)
        )
        found = self._fit_and_score(train, np.concatenate(rows), encoder.columns, seed, clock)
        ends = np.cumsum([len(one) for one in rows])[:-1]
        calibration, clean, *others = np.split(found.scores, ends)
        return Performance(
            calibration=calibration,
            clean=clean,
            labelled=others[0] if judged else None,
            anomalies=others[len(judged) :],
            microseconds=found.microseconds_a_record,
            size_bytes=found.size_bytes,
        )
