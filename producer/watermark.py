"""How far a stream has come: the latest event time of what its topic ends with."""

import logging
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.kafka_clients import librdkafka_config
from streamscore.errors import BrokerError
from streamscore.headers import CONTROL
from streamscore.settings import Kafka
from streamscore.sources import Codec, RecordFault, Source

LOOKED_AT = 300
"""Messages at the end of each partition that are looked at."""

_ANSWER_TIMEOUT_SECONDS = 15.0
# librdkafka's RD_KAFKA_OFFSET_TAIL: so many messages before the end, looked up by the client.
_FROM_END = -2000 - LOOKED_AT


def topic_watermark(kafka: Kafka, source: Source, topic: str) -> int | None:
    """Return the latest event time among the last records of each partition.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    source : Source
        The source whose records the topic holds.
    topic : str
        The topic; it must exist.

    Returns
    -------
    int or None
        Milliseconds since 1970-01-01T00:00Z; None where there is no readable record.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or refuses to let the topic be read.
    """
    consumer = Consumer(
        {
            **librdkafka_config(kafka),
            "group.id": "streamscore-producer",  # never joined: partitions are assigned by hand
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",  # where a partition has fewer than are looked at
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,  # the end of an idle partition is told at once
            "isolation.level": "read_committed",
        },
        logger=logging.getLogger("streamscore.producer"),
    )
    codec = Codec(source)
    try:
        times = (_event_time(codec, message) for message in _last_messages(consumer, topic))
        return max((time for time in times if time is not None), default=None)
    except KafkaException as error:
        reason = error.args[0]
        raise BrokerError(
            f"The end of {topic} must be readable, so that a replay cannot go behind it; Kafka "
            f"answered {reason.name()}: {reason.str()}. --allow-behind replays without looking."
        ) from None
    finally:
        consumer.close()


def _last_messages(consumer: Consumer, topic: str) -> Iterator[Message]:
    metadata = consumer.list_topics(topic, timeout=_ANSWER_TIMEOUT_SECONDS).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    open_partitions = set(metadata.partitions)
    consumer.assign([TopicPartition(topic, number, _FROM_END) for number in open_partitions])
    while open_partitions:
        message = consumer.poll(_ANSWER_TIMEOUT_SECONDS)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        failure = message.error()
        if failure is None:
            yield message
        elif failure.code() == KafkaError._PARTITION_EOF:
            open_partitions.discard(message.partition() or 0)
        elif not failure.retriable():
            raise KafkaException(failure)


def _event_time(codec: Codec, message: Message) -> int | None:
    if CONTROL in dict(message.headers() or ()):
        return None
    try:
        return codec.event_time(codec.decode(message.value())).utc_ms
    except RecordFault:
        return None
