"""What takes part in a comparison of detectors."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.detectors.reasons import Reason
from streamscore.evaluation.task import Task

Clock = Callable[[], float]
"""Seconds from any fixed moment."""


class Performance(Struct, frozen=True, kw_only=True):
    """What a contender gave; every score is higher for a more anomalous record.

    Attributes
    ----------
    calibration : float64 array
        Scores of the task's calibration slice, in its order.
    clean : float64 array
        Scores of the test slice as it is.
    anomalies : list of float64 array
        Scores of the anomalies of each of the task's `injected`.
    ranks : list of int64 array, or None
        For each anomaly the rank, from 1, of the first reason that names one of its fields; 0
        where none does, -1 where it was not asked. None where the contender gives no reasons.
    labelled : float64 array or None
        Scores of the records that people judged.
    microseconds : float
        Time to score one encoded record of the test slice, on one thread.
    size_bytes : int
        Size of what was learned, as it is kept; 0 where it is not kept.
    top : list of (int, list of Reason)
        Places of the clean records that score highest, the highest first, each with the reasons.
    channels : dict of str to Performance
        The same of each channel alone, where there are several: scores and nothing else.
    """

    calibration: NDArray[np.float64]
    clean: NDArray[np.float64]
    anomalies: list[NDArray[np.float64]]
    ranks: list[NDArray[np.int64]] | None = None
    labelled: NDArray[np.float64] | None = None
    microseconds: float = 0.0
    size_bytes: int = 0
    top: list[tuple[int, list[Reason]]] = []
    channels: "dict[str, Performance]" = {}


class Contender(Protocol):
    """A detector that can be compared: learns from the task's past and scores its end."""

    @property
    def name(self) -> str:
        """Its name in tables."""
        ...

    def compete(self, task: Task, seed: int, clock: Clock) -> Performance:
        """Learn, and score all that the task asks for.

        Parameters
        ----------
        task : Task
            What is asked. Only its training and calibration slices may be learned from.
        seed : int
            Decides every random choice.
        clock : callable
            Seconds from any fixed moment.
        """
        ...


def performances(
    contender: Contender, task: Task, seeds: Sequence[int], clock: Clock
) -> list[Performance]:
    """Let a contender learn once for each trial, with a seed of its own, and score that trial.

    Parameters
    ----------
    contender : Contender
        The contender.
    task : Task
        What is asked.
    seeds : sequence of int
        One a trial.
    clock : callable
        Seconds from any fixed moment.

    Returns
    -------
    list of Performance
        One a trial; the scores of the anomalies of other trials are empty.
    """
    found = []
    for number, seed in enumerate(seeds):
        own = [one for one in task.injected if one.trial == number]
        part = msgspec.structs.replace(task, injected=own)
        found.append(_spread(contender.compete(part, seed, clock), task, number))
    return found


def _spread(performance: Performance, task: Task, number: int) -> Performance:
    """Put the answers of one trial where those of the whole task are."""
    scores, ranks = iter(performance.anomalies), iter(performance.ranks or ())
    is_own = [one.trial == number for one in task.injected]
    nothing = np.zeros(0, np.int64)
    return msgspec.structs.replace(
        performance,
        anomalies=[next(scores) if own else np.zeros(0) for own in is_own],
        ranks=performance.ranks and [next(ranks) if own else nothing for own in is_own],
        channels={name: _spread(one, task, number) for name, one in performance.channels.items()},
    )
