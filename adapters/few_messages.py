"""Writes a few small messages to a topic, and waits until Kafka has them."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from adapters.kafka_clients import librdkafka_config
from streamscore.errors import BrokerError
from streamscore.settings import Kafka


def send_few(
    kafka: Kafka,
    topic: str,
    messages: Sequence[tuple[str, bytes | None]],
    *,
    advice: str,
    delivery_seconds: float = 15.0,
) -> None:
    """Write some messages, in their order.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topic : str
        Where to.
    messages : sequence of (str, bytes or None)
        Keys and values; no more than a few thousand.
    advice : str
        What to tell when Kafka does not take them.
    delivery_seconds : float
        How long Kafka may take.

    Raises
    ------
    BrokerError
        When Kafka did not take all of them.
    """
    refused: list[str] = []
    config = librdkafka_config(kafka) | {
        "delivery.timeout.ms": str(int(delivery_seconds * 1000)),
        "enable.idempotence": "true",
        "log_level": "2",  # what fails is in the error; librdkafka would print it as well
    }
    try:
        producer = Producer(config)
        for key, value in messages:
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
        what = "the message" if len(messages) == 1 else f"{len(messages)} messages"
        raise BrokerError(
            f"Kafka at {kafka.bootstrap_servers} must take {what} on {topic}; received "
            f"{', '.join(dict.fromkeys(refused)) or 'no answer'}. {advice}"
        )
