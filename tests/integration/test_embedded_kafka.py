import os
import random
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded.jars import ensure_jars, user_cache_dir
from embedded.kafka import Kafka

pytestmark = pytest.mark.integration


@pytest.fixture
def broker(tmp_path: Path) -> Kafka:
    jars = ensure_jars(user_cache_dir(os.environ))
    log_path = tmp_path / "kafka.log"
    return Kafka(tmp_path / "data", log_path, jars, environ=os.environ, rng=random.SystemRandom())


def write(bootstrap_servers: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all"})
    producer.produce(topic, value)
    assert producer.flush(20) == 0


def read(bootstrap_servers: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        messages: list[Message] = consumer.consume(count, timeout=20)
        return [message.value() for message in messages]
    finally:
        consumer.close()


def test_records_survive_an_orderly_restart_and_a_kill(broker: Kafka) -> None:
    """The broker comes back with its data at the same address."""
    broker.start()
    address = broker.bootstrap_servers
    try:
        admin = AdminClient({"bootstrap.servers": address})
        admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(20)
        write(address, "kept", b"one")
        broker.restart()
        write(address, "kept", b"two")
        broker.kill()
        write(address, "kept", b"three")
        assert broker.bootstrap_servers == address
        assert read(address, "kept", 3) == [b"one", b"two", b"three"]
    finally:
        broker.stop()
