"""Announcements: heard from the end of their topic, and again after Kafka was away."""

from typing import Any

import msgspec
import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

from scorer.announcements import announcements
from scorer.topic_listener import TopicListener
from streamscore.events import Announcement

ANNOUNCED = msgspec.json.encode(
    Announcement(source="accidents", model="streamscore-accidents", version="2", alias="production")
)


class Said:
    """A message that says something."""

    def __init__(self, said: bytes) -> None:
        self._said = said

    def error(self) -> None:
        """Return no error."""

    def value(self) -> bytes:
        """Return what is said."""
        return self._said


class Broker:
    """Away for the first questions; then it has one announcement for each who listens."""

    def __init__(self, away_for: int, said: bytes) -> None:
        self.away_for = away_for
        self.said = said
        self.listeners: list[Listener] = []

    def listener(self, config: dict[str, Any]) -> Any:
        """Make a consumer."""
        self.listeners.append(Listener(self))
        return self.listeners[-1]


class Listener:
    """A consumer of that broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._begins = -1
        self.is_closed = False

    def get_watermark_offsets(self, at: TopicPartition, timeout: float) -> tuple[int, int]:
        """Return the ends of the topic."""
        if len(self._broker.listeners) <= self._broker.away_for:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return 0, 7

    def assign(self, at: list[TopicPartition]) -> None:
        """Take the partition."""
        self._begins = at[0].offset

    def poll(self, timeout: float) -> Said:
        """Return what is said."""
        assert self._begins == 7
        return Said(self._broker.said)

    def close(self) -> None:
        """End."""
        self.is_closed = True


def test_announcements_are_heard_again_after_kafka_was_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    broker, woken = Broker(3, ANNOUNCED), []

    def wake(source: str) -> None:
        woken.append(source)
        listening.stop()

    hear = announcements(wake)
    listening = TopicListener(
        {},
        "models",
        lambda message: hear(message.value()),
        what="models",
        group="g",
        make_consumer=broker.listener,
        first_pause_seconds=0.001,
    )
    listening.run()
    assert woken == ["accidents"]
    assert [listener.is_closed for listener in broker.listeners] == [True] * 4
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


class WholeTopic:
    """A consumer of a topic of two messages, and its end."""

    def __init__(self, config: dict[str, Any]) -> None:
        assert config["enable.partition.eof"]
        self._left: list[Any] = [Said(b"one"), Said(b"two"), End()]

    def get_watermark_offsets(self, at: TopicPartition, timeout: float) -> tuple[int, int]:
        """Return the ends of the topic."""
        return 0, 2

    def assign(self, at: list[TopicPartition]) -> None:
        """Take the partition from its beginning."""
        assert at[0].offset == OFFSET_BEGINNING

    def poll(self, timeout: float) -> Any:
        """Return the next."""
        return self._left.pop(0) if self._left else None

    def close(self) -> None:
        """End."""


class End:
    """What stands for the end of a partition."""

    def error(self) -> KafkaError:
        """Return that it is the end."""
        return KafkaError(KafkaError._PARTITION_EOF)


def test_a_topic_that_is_heard_whole_tells_when_its_end_is_reached() -> None:
    told: list[object] = []

    def caught_up() -> None:
        told.append("end")
        listener.stop()

    listener = TopicListener(
        {},
        "runs",
        lambda message: told.append(message.value()),
        what="runs",
        group="g",
        make_consumer=WholeTopic,  # type: ignore[arg-type]  # all that is asked of a consumer
        is_whole=True,
        began=lambda: told.append("began"),
        caught_up=caught_up,
    )
    listener.run()
    assert told == ["began", b"one", b"two", "end"]
