"""Listening to a topic of one partition, without a group: from its end, or from its beginning."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 30.0


def _ignore() -> None:
    """Do nothing."""


class TopicListener:
    """Passes on what a topic says, until told to stop.

    What goes wrong with Kafka is logged and never raised; after it the topic is listened to anew,
    with longer and longer pauses.

    Parameters
    ----------
    connection : mapping
        How librdkafka connects.
    topic : str
        The topic.
    heard : callable
        Called with each message.
    what : str
        What the topic says, for the log.
    group : str
        A name for librdkafka; no group is joined.
    make_consumer : callable
        Makes the consumer of a configuration.
    first_pause_seconds : float
        How long it waits after a first failure; twice as long after each further one, 30 s at most.
    is_whole : bool
        Whether it begins with the first message of the topic, and not at its end.
    began : callable
        Called each time it begins to listen.
    caught_up : callable
        With `is_whole`: called whenever the end of the topic is reached.
    """

    def __init__(
        self,
        connection: Mapping[str, str],
        topic: str,
        heard: Callable[[Message], None],
        *,
        what: str,
        group: str,
        make_consumer: Callable[[dict[str, Any]], Consumer] = Consumer,
        first_pause_seconds: float = 1.0,
        is_whole: bool = False,
        began: Callable[[], None] = _ignore,
        caught_up: Callable[[], None] = _ignore,
    ) -> None:
        self._config: dict[str, Any] = {
            **connection,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.partition.eof": is_whole,
            "auto.offset.reset": "earliest" if is_whole else "latest",
            "isolation.level": "read_committed",
        }
        self._topic = topic
        self._heard = heard
        self._what = what
        self._make_consumer = make_consumer
        self._first_pause_seconds = first_pause_seconds
        self._pause_seconds = first_pause_seconds
        self._is_whole = is_whole
        self._began = began
        self._caught_up = caught_up
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
                    log.warning(
                        "%s of %s are not heard for now: %s", self._what, self._topic, error
                    )
                self._stopping.wait(self._pause_seconds)
                self._pause_seconds = min(2 * self._pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _listen(self) -> None:
        consumer = self._make_consumer(self._config)
        try:
            _, end = consumer.get_watermark_offsets(TopicPartition(self._topic, 0), 10.0)
            start = OFFSET_BEGINNING if self._is_whole else end
            consumer.assign([TopicPartition(self._topic, 0, start)])
            self._note_heard()
            self._began()
            while not self._stopping.is_set():
                message = consumer.poll(0.2)
                if message is not None:
                    self._take(message)
        finally:
            consumer.close()

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._heard(message)
        elif error.code() == KafkaError._PARTITION_EOF:
            self._caught_up()

    def _note_heard(self) -> None:
        if self._pause_seconds != self._first_pause_seconds:
            log.info("%s of %s are heard again", self._what, self._topic)
        self._pause_seconds = self._first_pause_seconds
