"""How far the group of a run has come, and the end of what only an open run needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # OffsetSpec is documented
    AdminClient,
    OffsetSpec,
)

from adapters.fresh_topics import ask_when_led
from adapters.kafka_clients import librdkafka_config
from streamscore.errors import BrokerError
from streamscore.runs import Progress, Run, Tally, group_of, scoring_processor
from streamscore.settings import Settings
from streamscore.topics import name_of_source

_ANSWER_SECONDS = 15.0
_PAUSE_SECONDS = 0.2


def progress_of(settings: Settings, run: Run) -> Progress:
    """Return how far an open run has come; what it kept when it was closed for a closed one.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka``, ``topics`` and ``scorer`` are read.
    run : Run
        The run.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or the run's records topic is gone.
    """
    if run.status == "closed":
        return run.progress or Progress()
    topic = name_of_source("records", run.source, prefix=settings.topics.prefix, run=run.run)
    places = [TopicPartition(topic, partition) for partition in range(run.partitions)]
    with _errors(settings, f"tell how far the run {run.key} is"):
        admin = _admin(settings)
        committed = _committed(admin, _group(settings, run), places)
        firsts = _offsets(admin, places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        ends = _offsets(admin, places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    tally, left = Tally(), 0
    for partition, end in ends.items():
        at, note = committed.get(partition, (-1, ""))
        tally = tally.plus(Tally.of_note(note))
        left += end - (at if at >= 0 else firsts[partition])
    return Progress(tally=tally, left=max(0, left))


def drop_state(
    settings: Settings,
    run: Run,
    *,
    limit_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Delete the group of a closed run, once its workers have left, and then its state topic.

    What is gone already stays so: asking again is harmless.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka``, ``topics`` and ``scorer`` are read.
    run : Run
        The run.
    limit_seconds : float
        How long workers may take to leave.
    sleep, monotonic : callable
        Time.

    Raises
    ------
    BrokerError
        When a worker does not leave in time, or Kafka refuses.
    """
    admin, group = _admin(settings), _group(settings, run)
    deadline_seconds = monotonic() + limit_seconds
    while not _is_deleted(settings, admin, group):
        if monotonic() >= deadline_seconds:
            raise BrokerError(
                f"the group of a closed run is deleted when its workers have left; {group} still "
                f"has members after {limit_seconds:g} s. A worker that was killed leaves after "
                f"scorer.session_timeout_ms: close the run again"
            )
        sleep(_PAUSE_SECONDS)
    state = name_of_source("state", run.source, prefix=settings.topics.prefix, run=run.run)
    with _errors(settings, f"delete {state}"):
        deleted = admin.delete_topics([state], request_timeout=_ANSWER_SECONDS)[state]
        _result(deleted, but=KafkaError.UNKNOWN_TOPIC_OR_PART)


def _is_deleted(settings: Settings, admin: AdminClient, group: str) -> bool:
    with _errors(settings, f"delete the group {group}"):
        deleted = admin.delete_consumer_groups([group], request_timeout=_ANSWER_SECONDS)[group]
        try:
            _result(deleted, but=KafkaError.GROUP_ID_NOT_FOUND)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.NON_EMPTY_GROUP:
                raise
            return False
    return True


def _result(future: Any, but: int) -> None:
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() != but:
            raise


def _committed(
    admin: AdminClient, group: str, places: list[TopicPartition]
) -> dict[int, tuple[int, str]]:
    asked = ConsumerGroupTopicPartitions(group, places)
    try:
        answer = admin.list_consumer_group_offsets([asked], request_timeout=_ANSWER_SECONDS)
        found = answer[group].result().topic_partitions or []
    except KafkaException as error:
        if error.args[0].code() != KafkaError.GROUP_ID_NOT_FOUND:
            raise
        return {}  # no worker has begun it
    return {at.partition: (at.offset, at.metadata or "") for at in found}


def _offsets(admin: AdminClient, places: list[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
    return ask_when_led(lambda: _offsets_now(admin, places, spec))


def _offsets_now(
    admin: AdminClient, places: list[TopicPartition], spec: OffsetSpec
) -> dict[int, int]:
    asked = dict.fromkeys(places, spec)
    answers = admin.list_offsets(asked, request_timeout=_ANSWER_SECONDS)
    return {at.partition: answer.result().offset for at, answer in answers.items()}


def _admin(settings: Settings) -> AdminClient:
    return AdminClient({**librdkafka_config(settings.kafka), "log_level": "2"})


def _group(settings: Settings, run: Run) -> str:
    return group_of(settings, scoring_processor(run.source, run.run))


@contextmanager
def _errors(settings: Settings, wish: str) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise BrokerError(
            f"Kafka at {settings.kafka.bootstrap_servers} must {wish}; received "
            f"{error.args[0]}. Check that it runs, and the rights that `streamscore topics check` "
            "lists."
        ) from error
