"""Wakes the workers up when a model version is promoted."""

from __future__ import annotations

import msgspec
from confluent_kafka import KafkaException, Producer

from adapters.kafka_clients import librdkafka_config
from streamscore.errors import BrokerError
from streamscore.events import Announcement
from streamscore.settings import Settings
from streamscore.topics import topic_name


def announce(
    settings: Settings, announcement: Announcement, delivery_seconds: float = 15.0
) -> None:
    """Write an announcement, and wait until Kafka has it.

    A wake-up only: the alias in MLflow is the truth, and every worker also polls it.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    announcement : Announcement
        Which alias moved to which version.
    delivery_seconds : float
        How long Kafka may take.

    Raises
    ------
    BrokerError
        When Kafka did not take it; the promotion itself stands.
    """
    refused: list[str] = []
    topic = topic_name("models", prefix=settings.topics.prefix)
    config = librdkafka_config(settings.kafka) | {
        "delivery.timeout.ms": str(int(delivery_seconds * 1000)),
        "enable.idempotence": "true",
        "log_level": "2",  # what fails is in the error; librdkafka would print it as well
    }
    try:
        producer = Producer(config)
        producer.produce(
            topic,
            key=announcement.source.encode(),
            value=msgspec.json.encode(announcement),
            on_delivery=lambda error, _: refused.append(str(error)) if error else None,
        )
        waiting = producer.flush(delivery_seconds + 1)
    except KafkaException as error:
        refused, waiting = [str(error)], 0
    if refused or waiting:
        raise BrokerError(
            f"Kafka at {settings.kafka.bootstrap_servers} must take the announcement on {topic}; "
            f"received {', '.join(refused) or 'no answer'}. The version is promoted, and workers "
            "find it when they next ask MLflow."
        )
