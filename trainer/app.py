"""The trainer, wired: from settings and history to a version in production."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from adapters.model_log import TrainedModel
from streamscore.bundle import make_bundle_folder, write_bundle
from streamscore.detectors.combination import Described
from streamscore.features.minilm import packages_of, require_embedding
from streamscore.settings import Settings
from streamscore.sources import Codec, Source
from streamscore.sources.record_files import RecordFile
from streamscore.sources.time_range import TimeRange
from streamscore.topics import topic_name
from trainer import pyfunc_model
from trainer.detector_names import check_fits
from trainer.flag_rate import FLAG_RATE_TAG
from trainer.history import History, history_from_files
from trainer.input_table import example_table, input_columns
from trainer.plots import write_plots
from trainer.publishing import publish_model
from trainer.report import TrainingReport, training_report
from trainer.top_anomalies import top_anomalies
from trainer.training import Clock, Training, train

DIGEST_TAG = "streamscore.digest"
"""Tag of a version: the digest of its bundle."""

_EXAMPLE_RECORDS = 3
_SERVING_PACKAGES = ("mlflow", "msgspec", "numba", "numpy", "pandas")


class TrainingPlan(Struct, frozen=True, kw_only=True):
    """What to train.

    Attributes
    ----------
    source : Source
        The source.
    files : tuple of RecordFile
        Files of history; none reads the source's topic.
    time_range : TimeRange
        Which event times are learned from.
    detector : str or None
        Name of a recipe or a detector; None takes the one that fits the source and its history.
    dialect : str or None
        How the files are written; None recognises it.
    run : str or None
        The run whose topic is read; None is the live stream.
    labels : bool
        Whether records of the topic that people labelled as anomalies are left out.
    """

    source: Source
    files: tuple[RecordFile, ...] = ()
    time_range: TimeRange = TimeRange()
    detector: str | None = None
    dialect: str | None = None
    run: str | None = None
    labels: bool = True


class Prepared(Struct, frozen=True, kw_only=True):
    """A trained model whose files lie in a folder, ready to be logged."""

    report: TrainingReport
    trained: TrainedModel


def run_training(
    settings: Settings,
    plan: TrainingPlan,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    warn: Callable[[str], None],
) -> TrainingReport:
    """Train a model, log it to MLflow, put it into production, and tell the workers.

    Parameters
    ----------
    settings : Settings
        Where Kafka and MLflow are; `trainer.seed`, `trainer.history_records`.
    plan : TrainingPlan
        What to train.
    environ : Mapping[str, str]
        MLflow's own credentials are read from it.
    clock : callable
        Seconds from any fixed moment.
    warn : callable
        Takes a sentence about what did not work and is no failure.

    Raises
    ------
    HistoryError
        When there are too few records.
    UsageError
        When a file cannot be read, there is no such detector, it is not for such a source, or the
        source's embedding is not installed.
    BrokerError
        When history is to be read from a topic and Kafka does not answer.
    RegistryError
        When MLflow does not take the model.
    """
    started = clock()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare_model(settings, plan, Path(folder), clock)
        registered = publish_model(
            settings, plan.source, prepared.trained, environ=environ, warn=warn
        )
    return msgspec.structs.replace(
        prepared.report, registered=registered, seconds=clock() - started
    )


def write_trained_bundle(
    settings: Settings, plan: TrainingPlan, folder: Path, clock: Clock
) -> TrainingReport:
    """Train a model and write its bundle into a folder, without MLflow; raises as `run_training`.

    Parameters
    ----------
    settings : Settings
        As for `run_training`.
    plan : TrainingPlan
        What to train.
    folder : Path
        Where the bundle goes; made.
    clock : callable
        Seconds from any fixed moment.
    """
    started = clock()
    check_fits(plan.detector, plan.source)
    require_embedding(plan.source)
    make_bundle_folder(folder)
    codec = codec_of(settings, plan.source)
    history = read_history(settings, codec, plan)
    training = train(codec, history, plan.detector, settings.trainer.seed, clock)
    _write(training, plan.source, folder)
    report = training_report(plan.source, history, training, clock() - started)
    return msgspec.structs.replace(report, bundle=str(folder))


def prepare_model(settings: Settings, plan: TrainingPlan, folder: Path, clock: Clock) -> Prepared:
    """Train a model and write all that will be logged; MLflow need not be there yet.

    Parameters
    ----------
    settings : Settings
        As for `run_training`.
    plan : TrainingPlan
        What to train.
    folder : Path
        Where bundle and pictures go; it must stay until the model is published.
    clock : callable
        Seconds from any fixed moment.
    """
    started = clock()
    check_fits(plan.detector, plan.source)
    require_embedding(plan.source)
    codec = codec_of(settings, plan.source)
    history = read_history(settings, codec, plan)
    training = train(codec, history, plan.detector, settings.trainer.seed, clock)
    bundle, plots = folder / "bundle", folder / "plots"
    _write(training, plan.source, bundle)
    top = top_anomalies(codec, history, training)
    write_plots(plots, training, top, plan.source.title or plan.source.name)
    example = example_table(codec, history.records[-_EXAMPLE_RECORDS:])
    report = training_report(plan.source, history, training, clock() - started)
    trained = TrainedModel(
        source_name=plan.source.name,
        bundle=bundle,
        code_file=Path(pyfunc_model.__file__),
        pip_requirements=_pip_requirements(plan.source),
        input_columns=input_columns(plan.source),
        input_example=example,
        output_example=pyfunc_model.BundleScorer(codec, training.bundle).score_table(example),
        params=_params(report, training),
        metrics=training.metrics,
        plots=plots,
        tags={DIGEST_TAG: report.digest, FLAG_RATE_TAG: report.flag_rate.verdict},
    )
    return Prepared(report=report, trained=trained)


def read_history(settings: Settings, codec: Codec, plan: TrainingPlan) -> History:
    """Read what a plan learns from; raises as `run_training`."""
    most = settings.trainer.history_records
    if plan.files:
        return history_from_files(codec, plan.files, most, plan.time_range, plan.dialect)
    from trainer.labels import labelled_anomalies
    from trainer.topic_history import history_from_topic

    anomalies = labelled_anomalies(settings, plan.source, plan.run) if plan.labels else frozenset()
    topic = topic_name("records", plan.source, prefix=settings.topics.prefix, run=plan.run)
    return history_from_topic(codec, settings.kafka, topic, most, plan.time_range, anomalies)


def codec_of(settings: Settings, source: Source) -> Codec:
    """Return the codec of a source under the settings' limits."""
    return Codec(source, settings.scorer.record_max_bytes)


def _write(training: Training, source: Source, folder: Path) -> None:
    write_bundle(training.bundle, folder)
    described = msgspec.json.format(msgspec.json.encode(source), indent=1)
    (folder / pyfunc_model.SOURCE_FILE).write_bytes(described)


def _pip_requirements(source: Source) -> tuple[str, ...]:
    names = (*_SERVING_PACKAGES, *packages_of(source))
    return tuple(f"{name}=={installed(name)}" for name in names)


def _params(report: TrainingReport, training: Training) -> dict[str, Any]:
    manifest = training.bundle.manifest
    return {
        "source": report.source,
        "schema_hash": manifest.schema_hash,
        "detector": report.detector,
        "seed": report.seed,
        "history": report.history,
        "first_event_time": report.first_event_time,
        "last_event_time": report.last_event_time,
        "window_records": training.window_records,
        **_parameters(manifest.detectors),
    }


def _parameters(described: Sequence[Described]) -> dict[str, Any]:
    """Name every parameter after its detector, where there are several."""
    if len(described) == 1:
        return dict(described[0].parameters)
    return {
        f"{one.detector}.{name}": value
        for one in described
        for name, value in one.parameters.items()
    }
