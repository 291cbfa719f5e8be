"""Reading a demo's topics as any user would: committed messages only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import msgspec
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from adapters.kafka_clients import librdkafka_config
from adapters.message_headers import headers_of
from adapters.topic_admin import TopicDescription
from embedded.demo_tally import Place, Tally, header, names_a_changed_field
from streamscore import headers
from streamscore.errors import BrokerError
from streamscore.events import AnomalyEvent
from streamscore.settings import Kafka

_READ_AT_ONCE = 500
_READ_SECONDS = 0.02
_CLOSE_SECONDS = 10.0

WATCHED = ("records", "anomalies", "deadletters")
"""The kinds of topics that are read."""


class Onlooker(Protocol):
    """Who is told what happens, in the thread that reads."""

    def anomaly(self, event: AnomalyEvent, injected: str | None) -> None:
        """Show an anomaly, and the kind that was put into its record if one was."""
        ...

    def dead_letter(self, reason: str, detail: str) -> None:
        """Show a dead letter."""
        ...


class Watch:
    """Follows records, anomalies and dead letters of one source.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topics : Mapping[str, TopicDescription]
        The source's topics by kind.
    tally : Tally
        Counts what is read.
    onlooker : Onlooker
        Is told of events.
    wall_clock : callable
        Returns seconds since 1970, as the timestamps of records do.
    """

    def __init__(
        self,
        kafka: Kafka,
        topics: Mapping[str, TopicDescription],
        tally: Tally,
        onlooker: Onlooker,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.tally = tally
        self._onlooker = onlooker
        self._wall_clock = wall_clock
        self._decoder = msgspec.json.Decoder(AnomalyEvent)
        self._kinds = {topics[kind].name: kind for kind in WATCHED}
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._consumer = Consumer(
            {
                **librdkafka_config(kafka),
                "group.id": "streamscore-demo",  # never joined: partitions are assigned by hand
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 10,
                "fetch.queue.backoff.ms": 5,
                "log_level": 2,
            }
        )
        self._consumer.assign(
            [
                TopicPartition(topics[kind].name, partition, 0)
                for kind in WATCHED
                for partition in range(topics[kind].partitions)
            ]
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Read in a thread for as long as the block."""
        thread = threading.Thread(target=self._guarded, name="demo watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(_CLOSE_SECONDS)

    def check(self) -> None:
        """Do nothing while it reads.

        Raises
        ------
        BrokerError
            Reading has failed.
        """
        if self._failure is not None:
            raise BrokerError(f"the topics of the demo must be readable; {self._failure}")

    def _guarded(self) -> None:
        try:
            while not self._stopping.is_set():
                for message in self._consumer.consume(_READ_AT_ONCE, _READ_SECONDS):
                    self._take(message)
        except Exception as error:  # noqa: BLE001  # told by `check`, in the thread that waits
            self._failure = error
        finally:
            self._consumer.close()

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        read_ms = int(self._wall_clock() * 1000)
        kind = self._kinds[message.topic() or ""]
        value, own = message.value(), headers_of(message)
        if kind == "records":
            place = Place(message.partition() or 0, message.offset() or 0)
            self.tally.take_record(place, value, own, message.timestamp()[1])
        elif kind == "anomalies":
            event = self._decoder.decode(value or b"")
            position = event.data.position
            self.tally.take_anomaly(
                Place(position.partition, position.offset),
                read_ms,
                is_explained=names_a_changed_field(event.data.attribution, own),
            )
            self._onlooker.anomaly(event, header(own, headers.INJECTED))
        else:
            self.tally.take_dead_letter(own, read_ms)
            reason = header(own, headers.REASON) or ""
            self._onlooker.dead_letter(reason, header(own, headers.DETAIL) or "")
