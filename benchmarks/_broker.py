"""A Kafka of the benchmark's own, for as long as a block of code runs."""

import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka import Consumer, Producer

from adapters.topic_admin import TopicAdmin, ensure_topics
from adapters.user_cache import user_cache_dir
from benchmarks._worker import settings_for
from embedded.jars import ensure_jars
from embedded.kafka import Kafka
from streamscore.settings import Scorer
from streamscore.sources import Source

_LIMIT_SECONDS = 120.0
_MOST_BYTES = 100_000_000


@contextmanager
def embedded_broker() -> Iterator[str]:
    """Start a broker on this machine and yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        path, jars = Path(folder), ensure_jars(user_cache_dir(os.environ))
        broker = Kafka(
            path / "kafka", path / "log", jars, environ=os.environ, rng=random.SystemRandom()
        )
        broker.start()
        try:
            yield broker.bootstrap_servers
        finally:
            broker.stop()


class Topic:
    """A records topic of one partition that every side reads.

    Parameters
    ----------
    bootstrap_servers : str
        The broker.
    source : Source
        Whose records it holds; the topic is created.
    size : int
        How many records it is to hold.
    name : str or None
        Its name; made of the source's by default.
    largest_bytes : int or None
        The largest record that is written to it, where that is more than a scorer takes.

    Attributes
    ----------
    source : Source
        The source, with this topic as its records topic whatever a worker's prefix is.
    anomalies : str
        A topic where designs that are compared may write.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        source: Source,
        size: int,
        name: str | None = None,
        largest_bytes: int | None = None,
    ) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.name = name or f"benchmark.{source.name}"
        self.source = msgspec.structs.replace(source, topic=self.name)
        self.size = size
        scorer = Scorer(record_max_bytes=largest_bytes) if largest_bytes else None
        settings = settings_for(bootstrap_servers, "usual", scorer)
        with TopicAdmin(settings.kafka) as admin:
            self.anomalies = ensure_topics(admin, settings, self.source)["anomalies"].name

    def fill(self, values: Sequence[bytes | None]) -> None:
        """Write records."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "linger.ms": 20,
            "compression.type": "lz4",
            "enable.idempotence": True,
            "message.max.bytes": _MOST_BYTES,
        }
        producer = Producer(config)
        for value in values:
            while True:
                try:
                    producer.produce(self.name, value, partition=0)
                    break
                except BufferError:
                    producer.poll(0.1)
        if left := producer.flush(_LIMIT_SECONDS):
            raise TimeoutError(f"{left} records of {self.name} were not delivered")

    def reader(self, group: str, topic: str | None = None, **more: Any) -> Consumer:
        """Return a consumer that starts at the first record of this topic, or of another."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 5,
        }
        consumer = Consumer(config | more)
        consumer.subscribe([topic or self.name])
        return consumer
