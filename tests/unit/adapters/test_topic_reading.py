"""A topic is read up to the ends that were asked for, past what mends itself and no other error."""

from typing import Any, NamedTuple

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from adapters.topic_reading import MissingTopicError, Span, TopicReading
from streamscore.settings import Kafka

END = KafkaError._PARTITION_EOF


class Heard(NamedTuple):
    """What a consumer gives: a message, or an error with its code."""

    number: int | None
    at: int | None
    code: int | None = None

    def partition(self) -> int | None:
        return self.number

    def offset(self) -> int | None:
        return self.at

    def error(self) -> KafkaError | None:
        return None if self.code is None else KafkaError(self.code)


class Topic(NamedTuple):
    """The metadata of a topic of one partition."""

    error: KafkaError | None = None
    partitions: tuple[int, ...] = (0,)


class SimulatedKafka:
    """A consumer that was told what it gives; a second passes with each look at the clock."""

    def __init__(self, *heard: Heard, topic: Topic | None = None, unled: int = 0) -> None:
        self.heard = list(heard)
        self.topics = {"t": topic or Topic()}
        self.unled = unled
        self.seconds = 0.0
        self.assigned: list[tuple[int, int]] = []
        self.is_closed = False

    def reading(self) -> TopicReading:
        return TopicReading(
            Kafka(),
            "t",
            group="g",
            committed=True,
            monotonic=self.clock,
            make_consumer=self.consumer,
        )

    def consumer(self, _config: dict[str, Any]) -> Any:
        return self

    def clock(self) -> float:
        self.seconds += 1.0
        return self.seconds

    def list_topics(self, _topic: str, timeout: float) -> "SimulatedKafka":
        assert timeout > 0
        return self

    def get_watermark_offsets(self, _at: TopicPartition, _timeout: float) -> tuple[int, int]:
        if self.unled:
            self.unled -= 1
            raise KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION))
        return 2, 5

    def assign(self, places: list[TopicPartition]) -> None:
        self.assigned = [(place.partition, place.offset) for place in places]

    def poll(self, _seconds: float) -> Heard | None:
        return self.heard.pop(0) if self.heard else None

    def consume(self, most: int, _seconds: float) -> list[Heard]:
        taken, self.heard = self.heard[:most], self.heard[most:]
        return taken

    def close(self) -> None:
        self.is_closed = True


def read(kafka: SimulatedKafka, stretches: dict[int, Span]) -> list[Any]:
    with kafka.reading() as reading:
        return list(reading.messages(stretches))


def test_each_partition_is_read_to_its_own_end() -> None:
    """By a message at the end, by one behind it, or by the end of a partition; empty ones not."""
    heard = [Heard(0, 3), Heard(1, 7), Heard(0, 4), Heard(0, 5), Heard(1, 9), Heard(2, 6, END)]
    kafka = SimulatedKafka(*heard)
    stretches = {0: Span(3, 5), 1: Span(7, 9), 2: Span(0, 6), 3: Span(4, 4)}
    assert read(kafka, stretches) == [Heard(0, 3), Heard(1, 7), Heard(0, 4)]
    assert kafka.assigned == [(0, 3), (1, 7), (2, 0)]
    assert kafka.is_closed


def test_an_end_before_the_one_that_was_asked_for_is_that_of_an_open_transaction() -> None:
    kafka = SimulatedKafka(Heard(0, 1), Heard(0, 2, END), Heard(0, 3), Heard(0, 5, END))
    assert read(kafka, {0: Span(0, 5)}) == [Heard(0, 1), Heard(0, 3)]


@pytest.mark.parametrize("code", [KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN])
def test_a_connection_that_is_lost_for_a_moment_loses_nothing(code: int) -> None:
    kafka = SimulatedKafka(Heard(0, 0), Heard(None, None, code), Heard(0, 1))
    assert read(kafka, {0: Span(0, 2)}) == [Heard(0, 0), Heard(0, 1)]


@pytest.mark.parametrize(
    "code", [KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError._AUTHENTICATION]
)
def test_a_refusal_is_told_at_once(code: int) -> None:
    kafka = SimulatedKafka(Heard(None, None, code))
    with pytest.raises(KafkaException) as refused:
        read(kafka, {0: Span(0, 2)})
    assert refused.value.args[0].code() == code
    assert kafka.seconds < 10
    assert kafka.is_closed


def test_silence_is_told_after_its_limit() -> None:
    kafka = SimulatedKafka(Heard(0, 0))
    with pytest.raises(KafkaException, match="t gave nothing for 60 s"):
        read(kafka, {0: Span(0, 2)})
    assert 60 <= kafka.seconds < 70


def test_the_time_that_a_message_is_used_is_no_silence() -> None:
    kafka = SimulatedKafka(Heard(0, 0))
    with kafka.reading() as reading:
        messages: Any = reading.messages({0: Span(0, 2)})
        assert next(messages) == Heard(0, 0)
        kafka.seconds += 1000
        kafka.heard.append(Heard(0, 1))
        assert list(messages) == [Heard(0, 1)]


def test_the_ends_are_asked_for_until_a_leader_knows_them() -> None:
    with SimulatedKafka(unled=2).reading() as reading:
        assert reading.spans() == {0: Span(2, 5)}


@pytest.mark.parametrize(
    ("code", "is_missing"),
    [(KafkaError.UNKNOWN_TOPIC_OR_PART, True), (KafkaError.TOPIC_AUTHORIZATION_FAILED, False)],
)
def test_a_topic_that_is_not_there_is_told_from_one_that_may_not_be_seen(
    code: int, is_missing: bool
) -> None:
    kafka = SimulatedKafka(topic=Topic(KafkaError(code)))
    with kafka.reading() as reading, pytest.raises(KafkaException) as refused:
        reading.spans()
    assert isinstance(refused.value, MissingTopicError) == is_missing
