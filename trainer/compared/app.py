"""A compared detector, wired: from settings and history to a run in MLflow, and no model."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from adapters.evaluation_log import LoggedEvaluation, log_evaluation
from adapters.registry import model_name
from streamscore.settings import Settings
from trainer.app import TrainingPlan, codec_of, read_history
from trainer.compared.limits import limits_of
from trainer.compared.names import compared_named
from trainer.compared.process import check_installed
from trainer.compared.training import train_compared
from trainer.flag_rate import FLAG_RATE_TAG
from trainer.plots import write_plots
from trainer.report import ComparedRun, TrainingReport, report_of
from trainer.top_anomalies import top_without_reasons
from trainer.training import Clock

COMPARED_TAG = "streamscore.compared"
"""Tag of a run whose detector is compared and not promoted."""


def run_compared(settings: Settings, plan: TrainingPlan, name: str, clock: Clock) -> TrainingReport:
    """Train a compared detector, judge it as a model is judged, and log the run to MLflow.

    Parameters
    ----------
    settings : Settings
        Where Kafka and MLflow are; the `trainer` section.
    plan : TrainingPlan
        What to learn from; its own detector is not looked at.
    name : str
        Name of the compared detector.
    clock : callable
        Seconds from any fixed moment.

    Raises
    ------
    HistoryError
        When there are too few records.
    UsageError
        When a file cannot be read, there is no such detector, or an extra is not installed.
    DetectorError
        When the detector fails, or takes too much.
    BrokerError
        When history is to be read from a topic and Kafka does not answer.
    RegistryError
        When MLflow does not take the run.
    """
    started = clock()
    # History may take minutes to read.
    check_installed(compared_named(name))
    codec, given = codec_of(settings, plan.source), settings.trainer
    history = read_history(settings, codec, plan)
    limits = limits_of(settings)
    training = train_compared(codec, history, name, given.seed, clock, limits)
    report = report_of(plan.source, history, training, detector=name, seed=given.seed, seconds=0.0)
    with tempfile.TemporaryDirectory() as folder:
        plots = Path(folder)
        top = top_without_reasons(history, training)
        write_plots(plots, training, top, plan.source.title or plan.source.name)
        logged = LoggedEvaluation(
            experiment=model_name(plan.source.name),
            name=name,
            params=_params(report),
            metrics=report.metrics,
            folder=plots,
            folder_name="plots",
            tags={COMPARED_TAG: "true", FLAG_RATE_TAG: report.flag_rate.verdict},
        )
        address = log_evaluation(settings.mlflow.tracking_uri, logged)
    run = ComparedRun(run_id=address.rpartition("/")[2], address=address)
    return msgspec.structs.replace(report, compared=run, seconds=clock() - started)


def _params(report: TrainingReport) -> dict[str, str]:
    return {
        "source": report.source,
        "detector": report.detector,
        "seed": str(report.seed),
        "history": report.history,
        "first_event_time": report.first_event_time,
        "last_event_time": report.last_event_time,
        **{name: str(given) for name, given in compared_named(report.detector).parameters.items()},
    }
