"""A topic read without a group: how far its partitions reach, and what they hold up to there."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.fresh_topics import ask_when_led
from adapters.kafka_clients import librdkafka_config
from streamscore.errors import BrokerError
from streamscore.settings import Kafka

_ANSWER_SECONDS = 15.0
_SILENCE_SECONDS = 60.0
_WAIT_SECONDS = 0.1
_BATCH = 500
# librdkafka mends its connections by itself; when it cannot, the silence ends the reading.
_PASSING = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT}


class Span(NamedTuple):
    """The first offset of a partition, and the one behind the last."""

    low: int
    high: int


class MissingTopicError(KafkaException):
    """There is no such topic."""


class TopicReading:
    """Reads stretches of a topic's partitions; closed at the end of its `with` block.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topic : str
        The topic.
    group : str
        A name for librdkafka, which the reader needs the right to; no group is joined.
    committed : bool
        Whether only committed messages are seen. Those of a producer without transactions always
        are, but lie hidden behind a transaction that is still open.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    make_consumer : callable
        Makes the consumer of a configuration.

    Raises
    ------
    KafkaException
        From the methods, when Kafka does not answer or refuses.
    """

    def __init__(
        self,
        kafka: Kafka,
        topic: str,
        *,
        group: str,
        committed: bool,
        monotonic: Callable[[], float] = time.monotonic,
        make_consumer: Callable[[dict[str, Any]], Consumer] = Consumer,
    ) -> None:
        self._topic = topic
        self._monotonic = monotonic
        self._consumer = make_consumer(
            {
                **librdkafka_config(kafka),
                "group.id": group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",  # where retention overtakes
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,  # the end of an idle partition is told at once
                "fetch.queue.backoff.ms": 5,
                # Read faster than it is used, a topic would be held in memory: 64 MB by default.
                "queued.max.messages.kbytes": 16_384,
                "isolation.level": "read_committed" if committed else "read_uncommitted",
                "log_level": "2",
            }
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
        """Return where each partition begins and ends now.

        The end of what is committed lies before the first transaction that is still open.

        Raises
        ------
        MissingTopicError
            When there is no such topic.
        """
        return {number: self._span(number) for number in ask_when_led(self._partitions)}

    def messages(self, stretches: Mapping[int, Span]) -> Iterator[Message]:
        """Yield what partitions hold between two offsets each, the first of them included.

        Those of each partition come in order. Stretches that reach further than what is committed
        are waited for, until their transactions have ended.
        """
        left = {number: span.high for number, span in stretches.items() if span.low < span.high}
        self._consumer.assign(
            [TopicPartition(self._topic, number, stretches[number].low) for number in left]
        )
        while left:
            for message in self._next(left):
                number, offset = message.partition() or 0, message.offset() or 0
                if number not in left:
                    continue
                is_end = message.error() is not None
                if not is_end and offset < left[number]:
                    yield message
                # Marks of transactions may be all that lies at an end; they come as no message.
                if (offset if is_end else offset + 1) >= left[number]:
                    del left[number]

    def _partitions(self) -> list[int]:
        found = self._consumer.list_topics(self._topic, timeout=_ANSWER_SECONDS)
        metadata = found.topics[self._topic]
        if metadata.error is None:
            return list(metadata.partitions)
        if metadata.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise MissingTopicError(metadata.error)
        raise KafkaException(metadata.error)

    def _span(self, number: int) -> Span:
        partition = TopicPartition(self._topic, number)
        offsets = ask_when_led(
            lambda: self._consumer.get_watermark_offsets(partition, _ANSWER_SECONDS)
        )
        if offsets is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return Span(*offsets)

    def _next(self, numbers: Container[int]) -> list[Message]:
        """Wait for messages and ends of some partitions; only the time that is waited counts."""
        deadline_seconds = self._monotonic() + _SILENCE_SECONDS
        while self._monotonic() < deadline_seconds:
            found = [message for message in self._arrived() if _is_of(message, numbers)]
            if found:
                return found
        raise KafkaException(
            KafkaError(
                KafkaError._TIMED_OUT,
                f"{self._topic} gave nothing for {_SILENCE_SECONDS:g} s. A transaction that a dead "
                "worker left open ends by itself: ask again",
            )
        )

    def _arrived(self) -> list[Message]:
        first = self._consumer.poll(_WAIT_SECONDS)
        # What else is there is taken without waiting for more.
        return [] if first is None else [first, *self._consumer.consume(_BATCH, 0)]


@contextmanager
def readable(kafka: Kafka, topic: str) -> Iterator[None]:
    """Say what to do where a topic that must be read cannot be.

    Raises
    ------
    MissingTopicError
        When there is no such topic: the caller knows what that means.
    BrokerError
        In the place of any other `KafkaException` of the block.
    """
    try:
        yield
    except MissingTopicError:
        raise
    except KafkaException as error:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} must let {topic} be read; received "
            f"{error.args[0]}. Check that it runs, the settings of [kafka], and the rights that "
            "`streamscore topics check` lists."
        ) from error


def _is_of(message: Message, numbers: Container[int]) -> bool:
    error = message.error()
    if error is None or error.code() == KafkaError._PARTITION_EOF:
        return message.partition() in numbers
    if error.code() in _PASSING:
        return False
    raise KafkaException(error)
