"""A comparison of detectors on a user's own history."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.errors import HistoryError, StreamscoreError
from streamscore.evaluation.contender import Clock, Contender, Performance
from streamscore.evaluation.results import DetectorResult, result_of
from streamscore.evaluation.task import Injecting, Labelled, Slice, Task
from streamscore.events import iso_utc
from streamscore.sources import Codec
from streamscore.synthetic import kinds_of
from trainer.flag_rate import FlagRate, flag_rate_of
from trainer.history import History
from trainer.labels import LabelledRecord
from trainer.training import split_in_time


class Comparison(Struct, frozen=True, kw_only=True):
    """What a comparison found, to be printed and logged.

    Attributes
    ----------
    source, history : str
        What was compared on, and where it came from.
    first_event_time, test_from, last_event_time : str
        The history's range, and where its test slice begins; ISO 8601 in UTC.
    train_rows, calibration_rows, test_rows : int
        How the history was cut in time.
    skipped : dict of str to int
        What was passed over of the history, by reason.
    kinds : dict of str to int
        Kind of anomaly -> how many were put into the test slice, in all trials.
    prevalence, nominal_rate : float
        The share that anomalies stand for, and the rate at which records are flagged.
    seeds : list of int
        One a trial.
    detectors : list of DetectorResult
        The results, the first of the recipe that would be trained.
    flag_rates : dict of str to FlagRate
        Detector -> the share of the clean records that it flags, beside what chance allows.
    failed : dict of str to str
        Detectors that gave none, and why.
    labels : dict of str to int
        What became of people's labels, where any were wanted: `judged` detectors; `untested`, of
        another time than the test slice or bad; those without a record, as in `LabelledRecords`.
    seconds : float
        How long it took.
    address : str or None
        The page in MLflow, where it was logged.
    """

    source: str
    history: str
    first_event_time: str
    test_from: str
    last_event_time: str
    train_rows: int
    calibration_rows: int
    test_rows: int
    skipped: dict[str, int]
    kinds: dict[str, int]
    prevalence: float
    nominal_rate: float
    seeds: list[int]
    detectors: list[DetectorResult]
    flag_rates: dict[str, FlagRate]
    failed: dict[str, str] = {}
    labels: dict[str, int] = {}
    seconds: float = 0.0
    address: str | None = None


class Compared(Struct, frozen=True, kw_only=True):
    """A comparison with all that its pictures are made of."""

    comparison: Comparison
    task: Task
    performances: list[Performance]


def task_of(
    codec: Codec,
    history: History,
    seeds: Sequence[int],
    prevalence: float,
    labels: Sequence[LabelledRecord] = (),
) -> Task:
    """Cut a history in time and put anomalies into its latest slice.

    Parameters
    ----------
    codec : Codec
        The source's codec.
    history : History
        The history.
    seeds : sequence of int
        One a trial.
    prevalence : float
        The share that anomalies stand for, in (0, 1).
    labels : sequence of LabelledRecord
        What people said of records. Those of the time that is learned from do not count, and what
        they call an anomaly is not taken for clean.

    Raises
    ------
    HistoryError
        When there are too few records.
    """
    split = split_in_time(codec.source, len(history), history.origin)
    every = Slice(history.records, history.utc_ms, history.local_ms)
    later = split.fit + split.calibration
    train, calibrate = every.part(0, split.fit), every.part(split.fit, later)
    latest = every.part(later, len(history))
    test = _without(codec, latest, labels)
    injecting = Injecting(codec, train, test, prevalence)
    kinds = kinds_of(codec.source, injecting.history)
    return Task(
        codec=codec,
        train=train,
        calibrate=calibrate,
        test=test,
        injected=[
            one for place, seed in enumerate(seeds) for one in injecting.trial(kinds, seed, place)
        ],
        labelled=_labelled(codec, labels, int(latest.utc_ms[0])),
    )


def compare(
    task: Task,
    history: History,
    contenders: Sequence[Contender],
    seeds: Sequence[int],
    prevalence: float,
    clock: Clock,
    told: Callable[[str], None] = lambda _name: None,
) -> Compared:
    """Let contenders learn and score, each fit once, and measure them.

    One that fails is left out of the comparison, but for the first, whose error is raised.

    Parameters
    ----------
    task : Task
        What is asked.
    history : History
        What the task was made of.
    contenders : sequence of Contender
        At least one.
    seeds : sequence of int
        One a trial; the first is that of the fit.
    prevalence : float
        The share that anomalies stand for, in (0, 1).
    clock : callable
        Seconds from any fixed moment.
    told : callable
        Told each contender's name before it begins.
    """
    started = clock()
    performances: list[Performance] = []
    results: list[DetectorResult] = []
    failed: dict[str, str] = {}
    for contender in contenders:
        told(contender.name)
        try:
            performances.append(contender.compete(task, seeds[0], clock))
        except StreamscoreError as error:
            if not performances:
                raise
            failed[contender.name] = str(error)
            continue
        results.append(result_of(contender.name, task, performances[-1:], prevalence))
    comparison = _comparison(task, history, seeds, prevalence, results)
    comparison = msgspec.structs.replace(comparison, failed=failed, seconds=clock() - started)
    return Compared(comparison=comparison, task=task, performances=performances)


def _comparison(
    task: Task,
    history: History,
    seeds: Sequence[int],
    prevalence: float,
    results: list[DetectorResult],
) -> Comparison:
    kinds = dict.fromkeys(one.kind for one in task.injected)
    return Comparison(
        source=task.codec.source.name,
        history=history.origin,
        first_event_time=iso_utc(int(history.utc_ms[0])),
        test_from=iso_utc(int(task.test.utc_ms[0])),
        last_event_time=iso_utc(int(history.utc_ms[-1])),
        train_rows=len(task.train),
        calibration_rows=len(task.calibrate),
        test_rows=len(task.test),
        skipped=history.skipped,
        kinds={
            kind: sum(len(one.anomalies) for one in task.injected if one.kind == kind)
            for kind in kinds
        },
        prevalence=prevalence,
        nominal_rate=task.codec.source.nominal_rate,
        seeds=list(seeds),
        detectors=results,
        flag_rates={one.name: _flag_rate(task, one) for one in results},
    )


def _flag_rate(task: Task, result: DetectorResult) -> FlagRate:
    return flag_rate_of(
        result.flag_rate,
        nominal=task.codec.source.nominal_rate,
        judged_rows=len(task.test),
        calibration_rows=len(task.calibrate),
    )


def _without(codec: Codec, rows: Slice, labels: Sequence[LabelledRecord]) -> Slice:
    """Leave out what people call an anomaly."""
    read = codec.read([label.value for label in labels if label.is_anomaly])
    known = {codec.encode(record) for record in read.records}
    if not known:
        return rows
    kept = np.array([codec.encode(record) not in known for record in rows.records])
    if not kept.any():
        raise HistoryError(
            "a comparison needs records in its latest slice that are not labelled as anomalies; "
            f"all {len(rows)} of them are. Give more history, a wider range of time, or --no-labels"
        )
    records = [record for record, is_kept in zip(rows.records, kept, strict=True) if is_kept]
    return Slice(records, rows.utc_ms[kept], rows.local_ms[kept])


def _labelled(codec: Codec, labels: Sequence[LabelledRecord], from_ms: int) -> Labelled | None:
    read = codec.read([label.value for label in labels])
    places = np.argsort(read.utc_ms, kind="stable")
    places = places[read.utc_ms[places] >= from_ms]
    if not len(places):
        return None
    said: NDArray[np.bool_] = np.array(
        [labels[read.places[place]].is_anomaly for place in places], np.bool_
    )
    records = [read.records[place] for place in places]
    return Labelled(Slice(records, read.utc_ms[places], read.local_ms[places]), said)
