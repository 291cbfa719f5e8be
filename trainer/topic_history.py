"""History from a records topic: all that is committed when the reading starts, by event time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # OffsetSpec is documented
    AdminClient,
    OffsetSpec,
)

from adapters.kafka_clients import librdkafka_config
from adapters.message_headers import headers_of
from streamscore.errors import BrokerError, HistoryError
from streamscore.headers import CONTROL, INJECTED
from streamscore.settings import Kafka
from streamscore.sources import Codec
from streamscore.sources.time_range import TimeRange
from trainer.history import History, HistoryBuilder

if TYPE_CHECKING:
    from confluent_kafka import Message

_ANSWER_SECONDS = 15.0
_SILENCE_SECONDS = 30.0
_BATCH = 2000
_BATCH_SECONDS = 0.05
"""A batch that is not full waits this long, so the last one costs no more."""


def history_from_topic(
    codec: Codec, kafka: Kafka, topic: str, most_records: int, time_range: TimeRange
) -> History:
    """Read history from a topic, from its earliest record to the end at the start.

    Only committed records are read. Control records, injected ones, which their writer knows to be
    anomalies, and bad ones are counted and not learned from. Records of the same event time are
    ordered by partition and offset, so that the same topic always gives the same history.

    Parameters
    ----------
    codec : Codec
        The source's codec.
    kafka : Kafka
        How to connect.
    topic : str
        Name of the records topic.
    most_records : int
        How many are kept at most, the latest by event time.
    time_range : TimeRange
        Which event times are wanted.

    Raises
    ------
    HistoryError
        When there is no such topic.
    BrokerError
        When Kafka does not answer.
    """
    builder = HistoryBuilder(codec, most_records, time_range)
    try:
        ends = _ends(kafka, topic)
        for message in _messages(kafka, topic, ends):
            _take(builder, message)
    except KafkaException as error:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} must let {topic} be read; received "
            f"{_reason(error)}. Check that it runs, and the settings of [kafka]."
        ) from error
    return builder.history(topic)


def _take(builder: HistoryBuilder, message: Message) -> None:
    names = {name for name, _ in headers_of(message)}
    if CONTROL in names:
        builder.skip("control")
    elif INJECTED in names:
        builder.skip("injected")
    else:
        value: Any = message.value()
        builder.take(value, message.partition() or 0, message.offset() or 0)


def _ends(kafka: Kafka, topic: str) -> dict[int, int]:
    """Where each partition ends now: the first offset that is not committed yet."""
    config: dict[str, Any] = {**librdkafka_config(kafka), "log_level": "2"}
    admin = AdminClient(config)
    described = admin.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic]
    if described.error is not None or not described.partitions:
        raise HistoryError(
            f"history is read from an existing topic; Kafka at {kafka.bootstrap_servers} has no "
            f"{topic}. Replay records first, or train from files with --history FILE"
        )
    partitions = [TopicPartition(topic, number) for number in described.partitions]
    answers = admin.list_offsets(
        {at: OffsetSpec.latest() for at in partitions},  # type: ignore[no-untyped-call]
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=_ANSWER_SECONDS,
    )
    return {at.partition: answer.result().offset for at, answer in answers.items()}


def _messages(kafka: Kafka, topic: str, ends: dict[int, int]) -> Iterator[Message]:
    """Yield the committed messages before the given ends, those of each partition in order."""
    consumer = Consumer(
        librdkafka_config(kafka)
        | {
            # An assigned consumer joins no group; librdkafka wants a name all the same.
            "group.id": "streamscore-history",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 5,
            "log_level": "2",
        }
    )
    with contextlib.closing(consumer):
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
        unread = dict(ends)
        silent_batches = 0
        while unread:
            batch = consumer.consume(_BATCH, _BATCH_SECONDS)
            silent_batches = 0 if batch else silent_batches + 1
            if silent_batches * _BATCH_SECONDS > _SILENCE_SECONDS:
                raise BrokerError(
                    f"Kafka at {kafka.bootstrap_servers} must give the records of {topic}; nothing "
                    f"came for {_SILENCE_SECONDS:g} s. Check that it runs."
                )
            for message in batch:
                if _is_before(message, ends):
                    yield message
                _mark_read(unread, message)


def _is_before(message: Message, ends: dict[int, int]) -> bool:
    error = message.error()
    if error is not None:
        if error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        return False
    return (message.offset() or 0) < ends[message.partition() or 0]


def _mark_read(unread: dict[int, int], message: Message) -> None:
    # The last offsets may be markers of transactions, which come as no message but as the end.
    partition, offset = message.partition() or 0, message.offset() or 0
    if message.error() is not None or offset + 1 >= unread.get(partition, 0):
        unread.pop(partition, None)


def _reason(error: KafkaException) -> str:
    inner: Any = error.args[0]
    return str(inner.str()) if isinstance(inner, KafkaError) else str(error)
