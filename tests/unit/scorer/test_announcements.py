"""Announcements: heard from the end of their topic, and again after Kafka was away."""

from typing import Any

import msgspec
import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from scorer.announcements import Announcements
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

    listening = Announcements({}, "models", wake, broker.listener, 0.001)
    listening.run()
    assert woken == ["accidents"]
    assert [listener.is_closed for listener in broker.listeners] == [True] * 4
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
