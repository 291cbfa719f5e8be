"""History from a records topic: all that is committed when the reading starts, by event time."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException

from adapters.message_headers import headers_of
from adapters.record_places import Place
from adapters.topic_reading import MissingTopicError, TopicReading
from streamscore.errors import BrokerError, HistoryError
from streamscore.headers import CONTROL, INJECTED
from streamscore.settings import Kafka
from streamscore.sources import Codec
from streamscore.sources.time_range import TimeRange
from trainer.history import History, HistoryBuilder

if TYPE_CHECKING:
    from confluent_kafka import Message

_GROUP = "streamscore-history"


def history_from_topic(
    codec: Codec,
    kafka: Kafka,
    topic: str,
    most_records: int,
    time_range: TimeRange,
    anomalies: Collection[Place] = frozenset(),
) -> History:
    """Read history from a topic, from its earliest record to the end at the start.

    Only committed records are read. Control records, injected ones, which their writer knows to be
    anomalies, those that people labelled so, and bad ones are counted and not learned from. Records
    of the same event time are ordered by partition and offset, so that the same topic always gives
    the same history.

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
    anomalies : collection of (int, int), optional
        Partition and offset of records that were labelled as anomalies.

    Raises
    ------
    HistoryError
        When there is no such topic.
    BrokerError
        When Kafka does not answer.
    """
    builder = HistoryBuilder(codec, most_records, time_range)
    try:
        with TopicReading(kafka, topic, group=_GROUP, committed=True) as reading:
            for message in reading.messages(reading.spans()):
                _take(builder, message, anomalies)
    except MissingTopicError as error:
        raise HistoryError(
            f"history is read from an existing topic; Kafka at {kafka.bootstrap_servers} has no "
            f"{topic}. Replay records first, or name files in the place of `topic`"
        ) from error
    except KafkaException as error:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} must let {topic} be read; received "
            f"{_reason(error)}. Check that it runs, and the settings of [kafka]."
        ) from error
    return builder.history(topic)


def _take(builder: HistoryBuilder, message: Message, anomalies: Collection[Place]) -> None:
    names = {name for name, _ in headers_of(message)}
    place = (message.partition() or 0, message.offset() or 0)
    if CONTROL in names:
        builder.skip("control")
    elif INJECTED in names:
        builder.skip("injected")
    elif place in anomalies:
        builder.skip("labelled_anomaly")
    else:
        value: Any = message.value()
        builder.take(value, *place)


def _reason(error: KafkaException) -> str:
    inner: Any = error.args[0]
    return str(inner.str()) if isinstance(inner, KafkaError) else str(error)
