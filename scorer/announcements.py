"""The `models` topic: each announcement wakes the model source of its source."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from streamscore.events import Announcement

log = logging.getLogger(__name__)


class Announcements:
    """Reads announcements from the end of their topic, without a group.

    An announcement is a wake-up and no more: one that is lost costs a wait of
    `scorer.model_poll_seconds`, so errors here are logged and never end a worker.

    Parameters
    ----------
    connection : mapping
        How librdkafka connects.
    topic : str
        The announcements' topic.
    wake : callable
        Called with the name of the source.
    """

    def __init__(
        self, connection: Mapping[str, str], topic: str, wake: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._wake = wake
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    def run(self) -> None:
        """Listen until told to stop."""
        config: dict[str, Any] = {
            **self._connection,
            "group.id": "streamscore-announcements",
            "enable.auto.commit": False,
            "auto.offset.reset": "latest",
            "isolation.level": "read_committed",
        }
        consumer = Consumer(config)
        try:
            _, end = consumer.get_watermark_offsets(TopicPartition(self._topic, 0), 10.0)
            consumer.assign([TopicPartition(self._topic, 0, end)])
            while not self._stopping.is_set():
                message = consumer.poll(0.2)
                if message is not None and message.error() is None:
                    self._read(message.value())
        except KafkaException as error:
            log.warning("announcements of %s are not heard: %s", self._topic, error)
        finally:
            consumer.close()

    def _read(self, value: bytes | None) -> None:
        try:
            announced = msgspec.json.decode(value or b"", type=Announcement)
        except msgspec.DecodeError as error:
            log.warning("an announcement on %s cannot be read: %s", self._topic, error)
            return
        self._wake(announced.source)
