"""Sending records: every delivery confirmed, none twice, and no more in memory than agreed."""

import logging
import time
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Producer

from adapters.kafka_clients import librdkafka_config
from streamscore.errors import BrokerError
from streamscore.headers import CONTROL, REPLAY
from streamscore.settings import Kafka
from streamscore.topics import ENVELOPE_BYTES

BY_KEY = -1
"""As a partition: the one that the key's murmur2 hash names, as for every Java producer."""

_LINGER_MS = 5
_QUEUED_MESSAGES = 50_000
_QUEUED_KIB = 65_536
DELIVERY_TIMEOUT_SECONDS = 120.0
"""How long brokers may confirm nothing while messages wait."""

_ANSWER_TIMEOUT_SECONDS = 15.0
_POLLED_EVERY = 64

Headers = list[tuple[str, str | bytes | None]]


class RecordSender:
    """An idempotent producer for one topic, flushed at the end of its `with` block.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topic : str
        The topic; it must exist.
    max_bytes : int
        The largest value that will be sent, in bytes.
    timeout_seconds : float
        How long brokers may confirm nothing while messages wait.

    Attributes
    ----------
    topic : str
        The topic.
    partitions : int
        How many it has.

    Raises
    ------
    BrokerError
        When no broker answers, or there is no such topic; from the methods when a message could
        not be delivered.
    """

    def __init__(
        self,
        kafka: Kafka,
        topic: str,
        max_bytes: int = 1_000_000,
        timeout_seconds: float = DELIVERY_TIMEOUT_SECONDS,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self.topic = topic
        self._servers = kafka.bootstrap_servers
        self._sent = 0
        self._progress = (0, time.monotonic())
        self._failure: KafkaError | None = None
        self._producer = Producer(
            {
                **librdkafka_config(kafka),
                "enable.idempotence": True,
                # A replay is taken up behind the last message that got in, so none may get in
                # behind one that did not: neither after a refusal nor after a timeout. For the
                # latter the client gives no such guarantee, so `poll` looks at the time itself.
                "enable.gapless.guarantee": True,
                "message.timeout.ms": 0,
                "linger.ms": _LINGER_MS,
                "partitioner": "murmur2_random",
                "message.max.bytes": max_bytes + ENVELOPE_BYTES,
                "queue.buffering.max.messages": _QUEUED_MESSAGES,
                "queue.buffering.max.kbytes": _QUEUED_KIB,
                # What is not reported as failed and is no longer queued has been confirmed.
                "delivery.report.only.error": True,
                "on_delivery": self._on_delivery,
                "error_cb": self._on_error,
            },
            logger=_ClientLog(),
        )
        self.partitions = self._partition_count()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.purge()

    @property
    def delivered(self) -> int:
        """How many messages the brokers have confirmed."""
        return max(0, self._sent - len(self._producer))  # what the client asks itself counts, too

    def send(
        self, value: bytes, key: bytes | None, partition: int, headers: Headers | None
    ) -> None:
        """Queue one message, waiting while the queue is full.

        Raises
        ------
        BrokerError
            When an earlier message could not be delivered.
        """
        while True:
            try:
                self._producer.produce(self.topic, value, key, partition=partition, headers=headers)
                break
            except BufferError:
                self.poll(0.01)
            except KafkaException as error:
                raise self._error(error.args[0]) from None
        self._sent += 1
        if not self._sent % _POLLED_EVERY:
            self.poll()

    def poll(self, seconds: float = 0.0) -> None:
        """Serve reports of deliveries, waiting for one at most so long.

        Raises
        ------
        BrokerError
            When a message could not be delivered.
        """
        try:
            self._producer.poll(seconds)
        except KafkaException as error:
            raise self._error(self._failure or error.args[0]) from None
        except SystemError:  # the client calls back although it is about to raise a fatal error
            raise self._error(self._failure or KafkaError(KafkaError._FATAL)) from None
        now, delivered = time.monotonic(), self.delivered
        if delivered != self._progress[0] or not len(self._producer):
            self._progress = (delivered, now)
        elif now - self._progress[1] > self._timeout_seconds and self._failure is None:
            self._failure = KafkaError(KafkaError._MSG_TIMED_OUT)
        if self._failure is not None:
            raise self._error(self._failure)

    def flush(self) -> None:
        """Wait until every message is confirmed.

        Raises
        ------
        BrokerError
            When one could not be delivered.
        """
        while len(self._producer):
            self.poll(_LINGER_MS / 1000)  # the client's own flush breaks at a fatal error
        self.poll()

    def control(self, kind: bytes, mark: str, *, but: Collection[int] = ()) -> None:
        """Send a control record of a replay to every partition, and wait until all are confirmed.

        Parameters
        ----------
        kind : bytes
            One of the values that the header `streamscore-control` has.
        mark : str
            Of the replay.
        but : collection of int
            Partitions that have it already.

        Raises
        ------
        BrokerError
            When one could not be delivered.
        """
        for partition in range(self.partitions):
            if partition not in but:
                self.send(b"", None, partition, [(CONTROL, kind), (REPLAY, mark)])
        self.flush()

    def _partition_count(self) -> int:
        try:
            metadata = self._producer.list_topics(self.topic, timeout=_ANSWER_TIMEOUT_SECONDS)
        except KafkaException as error:
            raise self._error(error.args[0]) from None
        found = metadata.topics[self.topic]
        if found.error is not None:
            raise self._error(found.error)
        return len(found.partitions)

    def _on_delivery(self, error: KafkaError | None, _message: Any) -> None:
        if error is not None and self._failure is None:
            self._failure = error

    def _on_error(self, error: KafkaError) -> None:
        # Others pass by themselves: the client tries again until the delivery timeout.
        if error.fatal() and self._failure is None:
            self._failure = error

    def _error(self, error: KafkaError) -> BrokerError:
        return BrokerError(
            f"Kafka at {self._servers} must take the records of {self.topic} within "
            f"{self._timeout_seconds:g} s; {self.delivered} are confirmed, then it answered "
            f"{error.name()}: {error.str()}. Check that it runs and the settings of [kafka]."
        )


class _ClientLog:
    """What the client logs, but for its warning of a setting that is used on purpose."""

    def log(self, level: int, message: str, *args: Any) -> None:
        """Take one line."""
        if "CONFWARN" not in args:
            logging.getLogger("streamscore.producer").log(level, message, *args)
