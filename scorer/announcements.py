"""The `models` topic: each announcement wakes the model source of its source."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from streamscore.events import Announcement

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 30.0


class Announcements:
    """Reads announcements from the end of their topic, without a group.

    An announcement is a wake-up and no more: one that is lost costs a wait of
    `scorer.model_poll_seconds`, so errors here are logged and never end a worker. After one it
    listens anew, with longer and longer pauses.

    Parameters
    ----------
    connection : mapping
        How librdkafka connects.
    topic : str
        The announcements' topic.
    wake : callable
        Called with the name of the source.
    make_consumer : callable
        Makes the consumer of a configuration.
    first_pause_seconds : float
        How long it waits after a first failure; twice as long after each further one, 30 s at most.
    """

    def __init__(
        self,
        connection: Mapping[str, str],
        topic: str,
        wake: Callable[[str], None],
        make_consumer: Callable[[dict[str, Any]], Consumer] = Consumer,
        first_pause_seconds: float = 1.0,
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._wake = wake
        self._make_consumer = make_consumer
        self._first_pause_seconds = first_pause_seconds
        self._pause_seconds = first_pause_seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    def run(self) -> None:
        """Listen until told to stop."""
        while not self._stopping.is_set():
            try:
                self._listen()
            except KafkaException as error:
                if self._pause_seconds == self._first_pause_seconds:
                    log.warning("announcements of %s are not heard for now: %s", self._topic, error)
                self._stopping.wait(self._pause_seconds)
                self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _listen(self) -> None:
        config: dict[str, Any] = {
            **self._connection,
            "group.id": "streamscore-announcements",
            "enable.auto.commit": False,
            "auto.offset.reset": "latest",
            "isolation.level": "read_committed",
        }
        consumer = self._make_consumer(config)
        try:
            _, end = consumer.get_watermark_offsets(TopicPartition(self._topic, 0), 10.0)
            consumer.assign([TopicPartition(self._topic, 0, end)])
            self._note_heard()
            while not self._stopping.is_set():
                message = consumer.poll(0.2)
                if message is not None and message.error() is None:
                    self._read(message.value())
        finally:
            consumer.close()

    def _note_heard(self) -> None:
        if self._pause_seconds != self._first_pause_seconds:
            log.info("announcements of %s are heard again", self._topic)
        self._pause_seconds = self._first_pause_seconds

    def _read(self, value: bytes | None) -> None:
        try:
            announced = msgspec.json.decode(value or b"", type=Announcement)
        except msgspec.DecodeError as error:
            log.warning("an announcement on %s cannot be read: %s", self._topic, error)
            return
        self._wake(announced.source)
