"""What a training did, to be printed and logged."""

from msgspec import Struct

from streamscore.events import iso_utc
from streamscore.sources import Source
from trainer.flag_rate import FlagRate, held_out_flag_rate
from trainer.history import History
from trainer.training import JudgedHistory, Training


class Version(Struct, frozen=True, kw_only=True):
    """A version in the registry.

    Attributes
    ----------
    name : str
        Name of the model.
    version, previous_version : int
        Its number, and that of the one it replaced in production; 0 where it is the first.
    alias : str
        What points at it now.
    address : str
        Its page in MLflow.
    announced : bool
        Whether Kafka took the announcement; workers find the version without it, but later.
    """

    name: str
    version: int
    previous_version: int
    alias: str
    address: str
    announced: bool


class ComparedRun(Struct, frozen=True, kw_only=True):
    """The run of a detector that is compared and not promoted.

    Attributes
    ----------
    run_id, address : str
        The run in MLflow, and its page.
    """

    run_id: str
    address: str


class TrainingReport(Struct, frozen=True, kw_only=True):
    """What a training did, to be printed.

    Attributes
    ----------
    source, detector, history : str
        What was trained with what on what.
    seed : int
        Decides every random choice.
    first_event_time, last_event_time : str
        Range of the whole history, ISO 8601 in UTC.
    skipped : dict of str to int
        Records not learned from, by reason.
    metrics : dict of str to float
        What was measured; `realised_flag_rate` is the share of held-out records flagged.
    flag_rate : FlagRate
        That share, beside what chance allows.
    digest : str
        Names the bundle's content; empty where there is none.
    seconds : float
        How long it took.
    registered : Version or None
        The version in MLflow, where it was logged.
    compared : ComparedRun or None
        The run in MLflow, where the detector has no kernel: nothing is registered then.
    bundle : str or None
        The bundle's folder, where it was only written.
    """

    source: str
    detector: str
    history: str
    seed: int
    first_event_time: str
    last_event_time: str
    skipped: dict[str, int]
    metrics: dict[str, float]
    flag_rate: FlagRate
    digest: str
    seconds: float
    registered: Version | None = None
    compared: ComparedRun | None = None
    bundle: str | None = None


def training_report(
    source: Source, history: History, training: Training, seconds: float
) -> TrainingReport:
    """Report a training whose model is neither logged nor written yet.

    Parameters
    ----------
    source : Source
        What was trained.
    history : History
        What it was trained on.
    training : Training
        What came of it.
    seconds : float
        How long it took.
    """
    manifest = training.bundle.manifest
    return report_of(
        source,
        history,
        training,
        detector=manifest.detector,
        seed=manifest.trained.seed,
        digest=manifest.digest,
        seconds=seconds,
    )


def report_of(
    source: Source,
    history: History,
    judged: JudgedHistory,
    *,
    detector: str,
    seed: int,
    seconds: float,
    digest: str = "",
) -> TrainingReport:
    """Report what came of a history, with or without a bundle.

    Parameters
    ----------
    source : Source
        What was trained.
    history : History
        What it was trained on.
    judged : JudgedHistory
        What came of it.
    detector : str
        With what.
    seed : int
        What decided the random choices.
    seconds : float
        How long it took.
    digest : str
        Names the bundle's content.
    """
    return TrainingReport(
        source=source.name,
        detector=detector,
        history=history.origin,
        seed=seed,
        first_event_time=iso_utc(int(history.utc_ms[0])),
        last_event_time=iso_utc(int(history.utc_ms[-1])),
        skipped=history.skipped,
        metrics=judged.metrics,
        flag_rate=held_out_flag_rate(judged.metrics),
        digest=digest,
        seconds=seconds,
    )
