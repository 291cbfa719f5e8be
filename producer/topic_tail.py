"""The end of a topic, read without a group."""

import logging
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.fresh_topics import ask_when_led
from adapters.kafka_clients import librdkafka_config
from streamscore.settings import Kafka

_ANSWER_TIMEOUT_SECONDS = 15.0


class Span(NamedTuple):
    """The first offset of a partition, and the one behind the last."""

    low: int
    high: int


class TopicTail:
    """Reads stretches of a topic's partitions; closed at the end of its `with` block.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topic : str
        The topic; it must exist.
    committed : bool
        Whether only committed messages are seen. Those of a producer without transactions always
        are, but lie hidden behind a transaction that is still open.

    Raises
    ------
    KafkaException
        From the methods, when Kafka does not answer or refuses.
    """

    def __init__(self, kafka: Kafka, topic: str, *, committed: bool) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {
                **librdkafka_config(kafka),
                "group.id": "streamscore-producer",  # never joined: partitions are given by hand
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",  # where retention overtakes
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,  # the end of an idle partition is told at once
                "isolation.level": "read_committed" if committed else "read_uncommitted",
            },
            logger=logging.getLogger("streamscore.producer"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._consumer.close()

    def spans(self) -> dict[int, Span]:
        """Return where each partition begins and ends now."""
        found = self._consumer.list_topics(self._topic, timeout=_ANSWER_TIMEOUT_SECONDS)
        metadata = found.topics[self._topic]
        if metadata.error is not None:
            raise KafkaException(metadata.error)
        return {number: self._span(number) for number in metadata.partitions}

    def _span(self, number: int) -> Span:
        partition = TopicPartition(self._topic, number)
        offsets = ask_when_led(
            lambda: self._consumer.get_watermark_offsets(partition, _ANSWER_TIMEOUT_SECONDS)
        )
        if offsets is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return Span(*offsets)

    def messages(self, stretches: Mapping[int, Span]) -> Iterator[Message]:
        """Yield what partitions hold between two offsets each, the first of them included."""
        wanted = {number: span for number, span in stretches.items() if span.low < span.high}
        self._consumer.assign(
            [TopicPartition(self._topic, number, span.low) for number, span in wanted.items()]
        )
        while wanted:
            message = self._consumer.poll(_ANSWER_TIMEOUT_SECONDS)
            if message is None:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
            number, failure = message.partition() or 0, message.error()
            if failure is None:
                offset = message.offset() or 0
                if number in wanted and offset < wanted[number].high:
                    yield message
                if number in wanted and offset >= wanted[number].high - 1:
                    del wanted[number]
            elif failure.code() == KafkaError._PARTITION_EOF:
                wanted.pop(number, None)
            elif not failure.retriable():
                raise KafkaException(failure)
