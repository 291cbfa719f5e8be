"""Writes one small message to a topic, and waits until Kafka has it."""

from __future__ import annotations

from confluent_kafka import KafkaException, Producer

from adapters.kafka_clients import librdkafka_config
from streamscore.errors import BrokerError
from streamscore.settings import Kafka


def send_one(
    kafka: Kafka, topic: str, key: str, value: bytes, *, advice: str, delivery_seconds: float = 15.0
) -> None:
    """Write a message.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topic : str
        Where to.
    key : str
        Its key.
    value : bytes
        Its value.
    advice : str
        What to tell when Kafka does not take it.
    delivery_seconds : float
        How long Kafka may take.

    Raises
    ------
    BrokerError
        When Kafka did not take it.
    """
    refused: list[str] = []
    config = librdkafka_config(kafka) | {
        "delivery.timeout.ms": str(int(delivery_seconds * 1000)),
        "enable.idempotence": "true",
        "log_level": "2",  # what fails is in the error; librdkafka would print it as well
    }
    try:
        producer = Producer(config)
        producer.produce(
            topic,
            key=key.encode(),
            value=value,
            on_delivery=lambda error, _: refused.append(str(error)) if error else None,
        )
        waiting = producer.flush(delivery_seconds + 1)
    except KafkaException as error:
        refused, waiting = [str(error)], 0
    if refused or waiting:
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} must take the message on {topic}; received "
            f"{', '.join(refused) or 'no answer'}. {advice}"
        )
