"""The `runs` topic: which runs there are, read to its end and changed by one at a time."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable, Mapping

import msgspec
from confluent_kafka import KafkaError, KafkaException, Producer

from adapters.kafka_clients import librdkafka_config
from adapters.topic_reading import MissingTopicError, TopicReading
from streamscore.errors import BrokerError
from streamscore.runs import AnyRun, Run, fold_run, known_run
from streamscore.settings import Settings
from streamscore.topics import topic_name

Change = Callable[[Mapping[str, AnyRun]], Run | None]
"""Tells from what is known what is to be written, or nothing."""

_ANSWER_SECONDS = 15.0
_TRIES = 8
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 4.0
_FENCED = {
    KafkaError._FENCED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
    KafkaError.CONCURRENT_TRANSACTIONS,
    # What a broker says of a commit that another's beginning overtakes.
    KafkaError.UNKNOWN,
}


def read_runs(settings: Settings) -> dict[str, AnyRun]:
    """Return every run, by key; none where there is no such topic.

    Of one that a later version wrote only the name is known. What is no run is left out.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or the topic may not be read.
    """
    topic = topic_name("runs", prefix=settings.topics.prefix)
    try:
        return _read(settings, topic)
    except KafkaException as error:
        raise _refusal(settings, f"let {topic} be read", error) from error


def change_runs(
    settings: Settings,
    change: Change,
    sleep: Callable[[float], None] = time.sleep,
    share: Callable[[], float] = random.random,
) -> Run | None:
    """Write what a change asks for, with nobody else changing runs meanwhile.

    It is one transaction: who begins later ends those before, so that a change that is committed
    has seen all that was committed earlier. The one that was ended is tried again, after a while.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka``, ``topics`` and ``scorer`` are read.
    change : callable
        May be called several times; what it raises is passed on, and nothing is written.
    sleep : callable
        Waits some seconds.
    share : callable
        Returns which share, 0 to 1, of the longest pause is taken, so that those who ended each
        other do not meet again.

    Returns
    -------
    Run or None
        What was written.

    Raises
    ------
    UsageError
        When a later version wrote the run that would be written.
    BrokerError
        When Kafka does not take it.
    """
    topic = topic_name("runs", prefix=settings.topics.prefix)
    for attempt in range(_TRIES):
        try:
            return _change_once(settings, topic, change)
        except KafkaException as error:
            cause = error.args[0]
            if not isinstance(cause, KafkaError) or cause.code() not in _FENCED:
                raise _refusal(settings, f"take a change of {topic}", error) from error
        sleep(min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS) * share())
    raise BrokerError(
        f"runs are changed by one command at a time; another one was faster {_TRIES} times. Ask "
        "again"
    )


def _change_once(settings: Settings, topic: str, change: Change) -> Run | None:
    producer = Producer(
        librdkafka_config(settings.kafka)
        | {
            "transactional.id": f"{settings.topics.prefix}{settings.scorer.group}.runs",
            "transaction.timeout.ms": str(settings.scorer.transaction_timeout_ms),
            "message.timeout.ms": str(settings.scorer.transaction_timeout_ms),
        },
        logger=_silence(),
    )
    producer.init_transactions(_ANSWER_SECONDS)
    runs = _read(settings, topic)
    wanted = change(runs)
    if wanted is None:
        return None
    known_run(runs, wanted.source, wanted.run)  # what is not understood is not written over
    producer.begin_transaction()
    producer.produce(topic, key=wanted.key.encode(), value=msgspec.json.encode(wanted))
    producer.commit_transaction(_ANSWER_SECONDS)
    return wanted


def _read(settings: Settings, topic: str) -> dict[str, AnyRun]:
    runs: dict[str, AnyRun] = {}
    with TopicReading(settings.kafka, topic, group="streamscore-runs", committed=True) as reading:
        try:
            spans = reading.spans()
        except MissingTopicError:
            return {}
        for message in reading.messages(spans):
            # Anybody may have written what is no run at all.
            with contextlib.suppress(msgspec.DecodeError):
                fold_run(runs, message.key(), message.value())
    return runs


def _silence() -> logging.Logger:
    """What librdkafka says of a fence, which is not one for whoever asked."""
    logger = logging.Logger("streamscore.runs")  # noqa: LOG001  # for this client alone
    logger.addHandler(logging.NullHandler())
    return logger


def _refusal(settings: Settings, wish: str, error: KafkaException) -> BrokerError:
    return BrokerError(
        f"Kafka at {settings.kafka.bootstrap_servers} must {wish}; received {error.args[0]}. Check "
        "that it runs, the settings of [kafka], and the rights that `streamscore topics check` "
        "lists."
    )
