"""The `models` topic: each announcement wakes the model source of its source."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from confluent_kafka import Consumer, Message

from scorer.topic_listener import TopicListener
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
    make_consumer : callable
        Makes the consumer of a configuration.
    first_pause_seconds : float
        As for `TopicListener`.
    """

    def __init__(
        self,
        connection: Mapping[str, str],
        topic: str,
        wake: Callable[[str], None],
        make_consumer: Callable[[dict[str, Any]], Consumer] = Consumer,
        first_pause_seconds: float = 1.0,
    ) -> None:
        self._topic = topic
        self._wake = wake
        self._listener = TopicListener(
            connection,
            topic,
            self._heard,
            what="announcements",
            group="streamscore-announcements",
            make_consumer=make_consumer,
            first_pause_seconds=first_pause_seconds,
        )

    def stop(self) -> None:
        """End `run`."""
        self._listener.stop()

    def run(self) -> None:
        """Listen until told to stop."""
        self._listener.run()

    def _heard(self, message: Message) -> None:
        try:
            announced = msgspec.json.decode(message.value() or b"", type=Announcement)
        except msgspec.DecodeError as error:
            log.warning("an announcement on %s cannot be read: %s", self._topic, error)
            return
        self._wake(announced.source)
