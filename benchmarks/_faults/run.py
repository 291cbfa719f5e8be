"""One faulty run and one undisturbed run over the same records, and what they wrote."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition
from msgspec import Struct

from adapters.topic_admin import TopicAdmin, TopicDescription, ensure_topics
from benchmarks._faults.campaign import Campaign, Life
from benchmarks._faults.models import FolderRegistry, add_version
from benchmarks._faults.outcome import (
    Outcome,
    Verdict,
    differences,
    judge,
    outcome_of,
    reasons_of,
    records_on,
)
from benchmarks._faults.processes import WorkerProcess
from benchmarks._faults.producing import Producing
from benchmarks._faults.records import RECORD_MAX_BYTES, Row
from benchmarks._faults.worker import WorkerPlan
from streamscore.settings import Kafka, Scorer, Settings, Topics, Worker
from streamscore.sources import Source
from streamscore.topics import Kind, topic_name

_POLL_SECONDS = 0.2


class Conditions(Struct, frozen=True, kw_only=True):
    """What is run.

    Attributes
    ----------
    bootstrap_servers : str
        The broker.
    source : Source
        The source, with scores and a records topic of its own.
    partitions : int
        Partitions of the records topic.
    rows : sequence of Row
        What is produced.
    per_second : float
        Records a second while faults happen.
    history : sequence of bytes
        What the model is trained on.
    lives : sequence of sequences of Life
        Lives of each slot.
    scorer : Scorer
        Settings of the section.
    detector : str
        Name of the recipe.
    """

    bootstrap_servers: str
    source: Source
    partitions: int
    rows: Sequence[Row]
    per_second: float
    history: Sequence[bytes]
    lives: Sequence[Sequence[Life]]
    scorer: Scorer
    detector: str = "isolation-forest"


class Result(Struct, frozen=True, kw_only=True):
    """What came out.

    Attributes
    ----------
    verdict : Verdict
        Of the faulty run.
    unequal : mapping of str to int
        Places whose outcome is not that of the undisturbed run, by kind.
    kills : Counter of str
        Kills by point.
    left_open : int
        Kills at a named point that left a transaction open.
    leaves : dict of int to int
        Clean ends by slot; the worker joins again after each.
    held_up_seconds : list of float
        How long readers waited for each abandoned transaction, ascending.
    unexpected : list of str
        What no fault explains.
    outlasted : bool
        Whether records were still being produced when the last fault was over.
    scored, events, dead : int
        Places with a score, an event, a dead letter.
    reasons : Counter of str
        Dead letters by reason.
    seconds : float
        Duration of the faulty run.
    """

    verdict: Verdict
    unequal: Mapping[str, int]
    kills: Counter[str]
    left_open: int
    leaves: dict[int, int]
    held_up_seconds: list[float]
    unexpected: list[str]
    outlasted: bool
    scored: int
    events: int
    dead: int
    reasons: Counter[str]
    seconds: float


def run(conditions: Conditions, folder: Path, midway: Callable[[], None] | None = None) -> Result:
    """Produce under faults, run once more undisturbed, compare.

    Parameters
    ----------
    conditions : Conditions
        What is run.
    folder : Path
        Model, plans and logs.
    midway : callable or None
        Called once a third of the records is sent, as to restart the broker.
    """
    registry = FolderRegistry(folder / "models")
    add_version(registry, conditions.source, conditions.history, "1", 11, conditions.detector)
    registry.promote("1")
    faulty, topics = _prepare(conditions, registry, "faulty")
    calm, _ = _prepare(conditions, registry, "calm")
    records_topic = topics["records"]
    campaign = Campaign(faulty, folder / "workers", conditions.lives)
    began = time.monotonic()
    unexpected, outlasted = _run_faulty(conditions, campaign, faulty, records_topic.name, midway)
    seconds = time.monotonic() - began
    unexpected += _run_calm(calm, folder, conditions.partitions)
    records = records_on(conditions.bootstrap_servers, records_topic.name, conditions.partitions)
    outcome = _outcome(faulty, records_topic.topic_id, conditions.partitions)
    undisturbed = _outcome(calm, records_topic.topic_id, conditions.partitions)
    row_ids = Counter(row.row_id.encode() for row in conditions.rows)
    return Result(
        verdict=judge(outcome, records, records_topic.topic_id, row_ids),
        unequal=differences(outcome, undisturbed),
        kills=campaign.kills,
        left_open=campaign.left_open,
        leaves=dict(campaign.leaves),
        held_up_seconds=campaign.hold_ups.finish(),
        unexpected=unexpected,
        outlasted=outlasted,
        scored=len(outcome.scores),
        events=len(outcome.events),
        dead=len(outcome.dead),
        reasons=reasons_of(outcome),
        seconds=seconds,
    )


def wait_until_read(
    plan: WorkerPlan, partitions: int, check: Callable[[], None], limit_seconds: float = 300.0
) -> None:
    """Wait until a group has committed the ends of its records topic.

    Parameters
    ----------
    plan : WorkerPlan
        Says which group and topic.
    partitions : int
        Partitions of the topic.
    check : callable
        Called again and again; raises when it is of no use to wait on.
    limit_seconds : float
        How long it may take.

    Raises
    ------
    TimeoutError
        When it does not in time.
    """
    topic = topic_name("records", plan.source, prefix=plan.settings.topics.prefix)
    wanted = [TopicPartition(topic, partition) for partition in range(partitions)]
    consumer = Consumer(
        {
            "bootstrap.servers": plan.settings.kafka.bootstrap_servers,
            "group.id": plan.group,
            "log_level": 2,
        }
    )
    deadline = time.monotonic() + limit_seconds
    ends: list[int] = []
    committed: list[int] = []
    try:
        while time.monotonic() < deadline:
            check()
            try:
                ends = [consumer.get_watermark_offsets(at, 5.0)[1] for at in wanted]
                committed = [at.offset for at in consumer.committed(wanted, 5.0)]
            except KafkaException:  # the broker restarts, or a transaction is not settled
                continue
            if committed == ends:
                return
            time.sleep(_POLL_SECONDS)
    finally:
        consumer.close()
    raise TimeoutError(f"all of {topic} must be read in time; committed {committed} of {ends}")


def _prepare(
    conditions: Conditions, registry: FolderRegistry, name: str
) -> tuple[WorkerPlan, dict[str, TopicDescription]]:
    scorer = msgspec.structs.replace(
        conditions.scorer,
        group=f"{name}.{conditions.source.topic}",
        record_max_bytes=RECORD_MAX_BYTES,
    )
    settings = Settings(
        kafka=Kafka(bootstrap_servers=conditions.bootstrap_servers),
        topics=Topics(
            prefix=f"{name}.{conditions.source.topic}.", records_partitions=conditions.partitions
        ),
        worker=Worker(port=0),
        scorer=scorer,
    )
    with TopicAdmin(settings.kafka) as admin:
        topics = ensure_topics(admin, settings, conditions.source)
    models = str(registry.folder)
    return WorkerPlan(settings=settings, source=conditions.source, models=models), topics


def _run_faulty(
    conditions: Conditions,
    campaign: Campaign,
    plan: WorkerPlan,
    records_topic: str,
    midway: Callable[[], None] | None,
) -> tuple[list[str], bool]:
    producing = Producing(
        conditions.bootstrap_servers,
        records_topic,
        conditions.partitions,
        conditions.rows,
        conditions.per_second,
    )
    campaign.start()
    producing.start()
    try:
        _wait_while(lambda: producing.sent < len(conditions.rows) // 3 and producing.is_alive())
        if midway is not None:
            midway()
        _wait_while(lambda: not campaign.is_over)
        campaign.check()
        outlasted = producing.is_alive()
        producing.hurry()
        producing.join()
        wait_until_read(plan, conditions.partitions, campaign.check)
        codes = campaign.stop()
    finally:
        producing.stop()
        campaign.kill()
    failed = [*campaign.unexpected, *producing.failed]
    return failed + [f"a last worker ended with {code}" for code in codes if code], outlasted


def _run_calm(plan: WorkerPlan, folder: Path, partitions: int) -> list[str]:
    worker = WorkerProcess(plan, folder / "workers", "calm")
    try:
        wait_until_read(plan, partitions, worker.check)
        code = worker.leave()
    finally:
        worker.kill()
    return [f"the undisturbed worker ended with {code}: {worker.tail()}"] if code else []


def _outcome(plan: WorkerPlan, topic_id: str, partitions: int) -> Outcome:
    kinds: tuple[Kind, ...] = ("scores", "anomalies", "deadletters")
    prefix = plan.settings.topics.prefix
    topics = {str(kind): topic_name(kind, plan.source, prefix=prefix) for kind in kinds}
    return outcome_of(plan.settings.kafka.bootstrap_servers, topics, topic_id, partitions)


def _wait_while(condition: Callable[[], bool]) -> None:
    while condition():
        time.sleep(_POLL_SECONDS)
