"""The results of a comparison: figures of each detector, in all and by kind."""

from collections.abc import Collection, Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.calibration import RollingWindow
from streamscore.evaluation.contender import Performance
from streamscore.evaluation.intervals import (
    Interval,
    Trial,
    bootstrap,
    bootstrap_kinds,
    mean_measures,
    measures_by_kind,
)
from streamscore.evaluation.measures import Measures, alarm_threshold
from streamscore.evaluation.task import Task

_BOOTSTRAP_SEED = 0


class KindResult(Struct, frozen=True, kw_only=True):
    """How well one kind of anomaly is found and explained.

    Attributes
    ----------
    measures : Measures
        Against the clean records, at the prevalence; the mean over the trials.
    intervals : dict of str to Interval
        Measure -> its 95% bootstrap interval; empty where it was not asked for.
    explained : int
        Of how many that raise an alarm at 1% the reasons were asked.
    top_1, top_3 : float
        In which share of them the first reason, or one of the first three, names a field that was
        changed or that is contradicted; NaN where none was asked.
    """

    measures: Measures
    intervals: dict[str, Interval] = {}
    explained: int = 0
    top_1: float = float("nan")
    top_3: float = float("nan")


class LabelledResult(Struct, frozen=True, kw_only=True):
    """How a detector does on what people judged, at the threshold of the nominal rate.

    Attributes
    ----------
    anomalies, normal : int
        How many were judged to be so.
    precision : float
        Share of those flagged that people say are anomalies; NaN where none is flagged.
    recall : float
        Share of the anomalies that is flagged; NaN where there are none.
    """

    anomalies: int
    normal: int
    precision: float
    recall: float


class DetectorResult(Struct, frozen=True, kw_only=True):
    """The figures of one detector.

    Attributes
    ----------
    name : str
        The detector.
    measures : Measures
        All kinds together, each weighing alike; the mean over the trials.
    intervals : dict of str to Interval
        Measure -> its 95% bootstrap interval.
    kinds : dict of str to KindResult
        By kind, each at the prevalence against the clean records.
    flag_rate : float
        Share of the clean test records that is flagged at the nominal rate, through the rolling
        window.
    microseconds : float
        Time to score an encoded record.
    size_bytes : int
        Size of what was learned; 0 where it is not kept.
    labelled : LabelledResult or None
        On what people judged.
    channels : dict of str to DetectorResult
        The same of each channel alone, its kinds without intervals.
    """

    name: str
    measures: Measures
    intervals: dict[str, Interval]
    kinds: dict[str, KindResult]
    flag_rate: float
    microseconds: float
    size_bytes: int
    labelled: LabelledResult | None = None
    channels: "dict[str, DetectorResult]" = {}


def result_of(
    name: str,
    task: Task,
    performances: Sequence[Performance],
    prevalence: float,
    kinds: Collection[str] | None = None,
    *,
    has_kind_intervals: bool = True,
) -> DetectorResult:
    """Measure what a contender gave.

    Parameters
    ----------
    name : str
        The detector's name.
    task : Task
        What was asked.
    performances : sequence of Performance
        One, that answers for all trials, or one a trial.
    prevalence : float
        The share that anomalies stand for, in (0, 1).
    kinds : collection of str, optional
        Those that count; all by default.
    has_kind_intervals : bool
        Whether each kind has intervals of its own.
    """
    trials = _trials(task, performances, kinds)
    measured = measures_by_kind(trials, prevalence)
    first, rng = performances[0], np.random.default_rng(_BOOTSTRAP_SEED)
    all_kinds = bootstrap(trials, prevalence, rng)
    each_kind = bootstrap_kinds(trials, prevalence, rng) if has_kind_intervals else {}
    return DetectorResult(
        name=name,
        measures=mean_measures(trials, prevalence),
        intervals=all_kinds,
        kinds={
            kind: msgspec.structs.replace(
                _kind_result(kind, measures, task, performances), intervals=each_kind.get(kind, {})
            )
            for kind, measures in measured.items()
        },
        flag_rate=flag_rate(task, first),
        microseconds=min(one.microseconds for one in performances),
        size_bytes=first.size_bytes,
        labelled=_labelled(task, first),
        channels={
            channel: result_of(
                channel,
                task,
                [one.channels[channel] for one in performances],
                prevalence,
                kinds,
                has_kind_intervals=False,
            )
            for channel in first.channels
        },
    )


def flag_rate(task: Task, performance: Performance) -> float:
    """Return which share of the clean test records is flagged, through the rolling window."""
    source = task.codec.source
    capacity = source.calibration.window_records
    window = RollingWindow(performance.calibration, capacity, source.nominal_rate)
    judged = window.fold(performance.clean)
    return float(np.mean(judged.p_value <= source.nominal_rate))


def _trials(
    task: Task, performances: Sequence[Performance], kinds: Collection[str] | None
) -> list[Trial]:
    numbers = sorted({one.trial for one in task.injected})
    trials = []
    for number in numbers:
        performance = performances[number if len(performances) > 1 else 0]
        scores = {
            one.kind: performance.anomalies[i]
            for i, one in enumerate(task.injected)
            if one.trial == number and (kinds is None or one.kind in kinds)
        }
        trials.append(Trial(performance.clean, scores))
    return trials


def _kind_result(
    kind: str, measures: Measures, task: Task, performances: Sequence[Performance]
) -> KindResult:
    found: list[NDArray[np.int64]] = []
    for i, one in enumerate(task.injected):
        ranks = performances[one.trial if len(performances) > 1 else 0].ranks
        if one.kind == kind and ranks is not None:
            found.append(ranks[i][ranks[i] >= 0])
    ranks_found = np.concatenate(found) if found else np.zeros(0, np.int64)
    result = KindResult(measures=measures, explained=len(ranks_found))
    if not len(ranks_found):
        return result
    hits = [float(np.mean((ranks_found > 0) & (ranks_found <= most))) for most in (1, 3)]
    return msgspec.structs.replace(result, top_1=hits[0], top_3=hits[1])


def _labelled(task: Task, performance: Performance) -> LabelledResult | None:
    if task.labelled is None or performance.labelled is None:
        return None
    is_anomaly = task.labelled.is_anomaly
    threshold = alarm_threshold(performance.calibration, task.codec.source.nominal_rate)
    flagged = performance.labelled > threshold
    right = int(np.sum(flagged & is_anomaly))
    return LabelledResult(
        anomalies=int(is_anomaly.sum()),
        normal=int((~is_anomaly).sum()),
        precision=_share(right, int(flagged.sum())),
        recall=_share(right, int(is_anomaly.sum())),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
