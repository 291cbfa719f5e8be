"""An evaluation, wired: from settings and history to tables, pictures and a run in MLflow."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan
from pathlib import Path

import msgspec
from msgspec import Struct

from adapters.evaluation_log import LoggedEvaluation, log_evaluation
from adapters.registry import Registry, model_name
from streamscore.detectors.default_recipe import default_recipe
from streamscore.detectors.detector import Matrix
from streamscore.detectors.recipes import recipe_named
from streamscore.errors import UsageError
from streamscore.evaluation.contender import Clock, Contender
from streamscore.evaluation.recipe_contender import RecipeContender
from streamscore.evaluation.task import Task
from streamscore.features import Column
from streamscore.settings import Settings
from streamscore.sources import Codec, Source
from trainer.app import TrainingPlan, read_history
from trainer.compared.limits import limits_of
from trainer.compared.names import compared_named
from trainer.compared.preparation import PLAN
from trainer.compared.process import Scored, check_installed
from trainer.compared.process import fit_and_score as compared_scores
from trainer.comparison import Compared, Comparison, compare, task_of
from trainer.comparison_files import write_comparison
from trainer.detector_names import is_compared
from trainer.labels import LabelledRecords, labelled_records
from trainer.matrix_contender import MatrixContender
from trainer.usual_forest import usual_forest

_MOST_SEEDS = 100


class EvaluationPlan(Struct, frozen=True, kw_only=True):
    """What to evaluate.

    Attributes
    ----------
    history : TrainingPlan
        The source and where its history is. Where it asks for labels, what people said of records
        is measured too.
    detectors : tuple of str
        Further detectors, beside the default of the source and the usual design.
    trials : int
        How many trials, each with anomalies of its own, 1 to 100.
    prevalence : float
        The share that anomalies stand for, in (0, 0.5].
    """

    history: TrainingPlan
    detectors: tuple[str, ...] = ()
    trials: int = 3
    prevalence: float = 0.01


def contender_named(settings: Settings, name: str) -> Contender:
    """Return the detector of a name, of the stream or one that can only be compared.

    Parameters
    ----------
    settings : Settings
        `trainer.compared_timeout_seconds`, `trainer.compared_memory_bytes`.
    name : str
        Its name.

    Raises
    ------
    UsageError
        When there is no such detector, or an extra is not installed.
    """
    if not is_compared(name):
        return RecipeContender(recipe_named(name))
    check_installed(compared_named(name))
    limits = limits_of(settings)

    def fit_and_score(
        train: Matrix, test: Matrix, columns: Sequence[Column], seed: int, _clock: Clock
    ) -> Scored:
        return compared_scores(
            name,
            train,
            test,
            columns,
            seed=seed,
            timeout_seconds=limits.timeout_seconds,
            memory_bytes=limits.memory_bytes,
        )

    return MatrixContender(name, PLAN, fit_and_score)


def contenders_of(source: Source, first: Contender, named: Sequence[Contender]) -> list[Contender]:
    """Return the detectors that are compared: the first, the usual designs, those that are named.

    Parameters
    ----------
    source : Source
        The source.
    first : Contender
        That of the source's default.
    named : sequence of Contender
        Further ones; the first is not repeated.
    """
    usual: list[Contender] = [usual_forest("one-hot")]
    if source.with_role("category"):
        usual.append(usual_forest("ordinal"))
    further = {one.name: one for one in named if one.name != first.name}
    return [first, *usual, *further.values()]


def run_evaluation(
    settings: Settings,
    plan: EvaluationPlan,
    clock: Clock,
    told: Callable[[str], None] = lambda _name: None,
) -> Compared:
    """Compare detectors on a history.

    Parameters
    ----------
    settings : Settings
        Where Kafka is; `trainer.seed`, `trainer.history_records`.
    plan : EvaluationPlan
        What to evaluate.
    clock : callable
        Seconds from any fixed moment.
    told : callable
        Told each detector's name before it begins.

    Raises
    ------
    HistoryError
        When there are too few records.
    UsageError
        When the plan breaks a rule, a file cannot be read, or there is no such detector.
    BrokerError
        When history or labels are to be read from Kafka and it does not answer.
    """
    _check(plan)
    source = plan.history.source
    named = [contender_named(settings, name) for name in plan.detectors]
    codec = Codec(source, settings.scorer.record_max_bytes)
    history = read_history(settings, codec, plan.history)
    labels = LabelledRecords(records=(), unusable={})
    if plan.history.labels:
        labels = labelled_records(settings, source, plan.history.run)
    seeds = [settings.trainer.seed + number for number in range(plan.trials)]
    task = task_of(codec, history, seeds, plan.prevalence, labels.records)
    first = default_recipe(codec, task.train.records)
    contenders = contenders_of(source, RecipeContender(first), named)
    compared = compare(task, history, contenders, seeds, plan.prevalence, clock, told)
    comparison = msgspec.structs.replace(compared.comparison, labels=labels_used(task, labels))
    return msgspec.structs.replace(compared, comparison=comparison)


def publish_evaluation(
    settings: Settings, compared: Compared, folder: Path, environ: Mapping[str, str]
) -> Comparison:
    """Write the pictures and tables of a comparison into a folder, and log them to MLflow.

    Parameters
    ----------
    settings : Settings
        Where MLflow is.
    compared : Compared
        What was found.
    folder : Path
        Where pictures and tables go.
    environ : mapping of str to str
        MLflow's own credentials are read from it.

    Raises
    ------
    RegistryError
        When MLflow does not take it.
    """
    comparison = compared.comparison
    mlflow, name = settings.mlflow, model_name(comparison.source)
    # Told at once where nothing answers; mlflow itself asks for minutes.
    Registry(mlflow.tracking_uri, environ, mlflow.timeout_seconds).resolve_alias(name)
    write_comparison(folder, compared)
    address = log_evaluation(
        mlflow.tracking_uri,
        LoggedEvaluation(
            experiment=name,
            params=_params(comparison),
            metrics=logged_metrics(comparison),
            folder=folder,
        ),
    )
    return msgspec.structs.replace(comparison, address=address)


def labels_used(task: Task, labels: LabelledRecords) -> dict[str, int]:
    """Count what became of labels: see `Comparison`."""
    judged = 0 if task.labelled is None else len(task.labelled.judged)
    counts = {"judged": judged, "untested": len(labels.records) - judged, **labels.unusable}
    return {what: count for what, count in counts.items() if count}


def _check(plan: EvaluationPlan) -> None:
    if not 1 <= plan.trials <= _MOST_SEEDS:
        raise UsageError(f"--seeds is a number from 1 to {_MOST_SEEDS}, got {plan.trials}")
    if not 0 < plan.prevalence <= 0.5:
        raise UsageError(f"--prevalence is a share above 0, to 0.5, got {plan.prevalence:g}")


def _params(comparison: Comparison) -> dict[str, str]:
    return {
        "source": comparison.source,
        "history": comparison.history,
        "first_event_time": comparison.first_event_time,
        "test_from": comparison.test_from,
        "last_event_time": comparison.last_event_time,
        "detectors": ", ".join(one.name for one in comparison.detectors),
        "kinds": ", ".join(comparison.kinds),
        "prevalence": f"{comparison.prevalence:g}",
        "seeds": ", ".join(map(str, comparison.seeds)),
    }


def logged_metrics(comparison: Comparison) -> dict[str, float]:
    """Name each figure after its detector; those of the kinds are in the table of kinds.

    MLflow takes no plus sign in a name: `categorical+text` is `categorical and text` there.
    """
    figures: dict[str, float] = {"test_rows": float(comparison.test_rows)}
    for one in comparison.detectors:
        own = one.measures._asdict() | {
            "flag_rate": one.flag_rate,
            "microseconds": one.microseconds,
        }
        if one.size_bytes:
            own["size_bytes"] = float(one.size_bytes)
        if one.labelled is not None:
            judged = {"precision": one.labelled.precision, "recall": one.labelled.recall}
            own |= {f"labelled_{n}": share for n, share in judged.items() if not isnan(share)}
        detector = one.name.replace("+", " and ")
        figures |= {f"{detector}/{name}": float(value) for name, value in own.items()}
    return figures
