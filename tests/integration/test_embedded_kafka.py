import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded.kafka import Kafka

pytestmark = pytest.mark.integration


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


def test_records_survive_an_orderly_restart_and_a_kill(embedded_kafka: Kafka) -> None:
    """The broker comes back with its data at the same address."""
    address, topic = embedded_kafka.bootstrap_servers, "embedded-kafka-restarts"
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    write(address, topic, b"one")
    embedded_kafka.restart()
    write(address, topic, b"two")
    killed = embedded_kafka.child.pid
    embedded_kafka.kill()
    assert embedded_kafka.child.pid != killed
    write(address, topic, b"three")
    assert embedded_kafka.bootstrap_servers == address
    assert read(address, topic, 3) == [b"one", b"two", b"three"]


def test_a_topic_is_not_made_by_asking_for_it(kafka: str) -> None:
    """A producer's request for a topic, which makes it where the broker allows, does not."""
    topic = "embedded-kafka-absent"
    producer = Producer({"bootstrap.servers": kafka})
    for _ in range(2):
        error = producer.list_topics(topic, timeout=20).topics[topic].error
        assert error is not None
        assert error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
