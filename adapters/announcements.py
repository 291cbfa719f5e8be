"""Wakes the workers up when a model version is promoted."""

from __future__ import annotations

import msgspec

from adapters.few_messages import send_few
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
    send_few(
        settings.kafka,
        topic_name("models", prefix=settings.topics.prefix),
        [(announcement.source, msgspec.json.encode(announcement))],
        advice="The version is promoted, and workers find it when they next ask MLflow.",
        delivery_seconds=delivery_seconds,
    )
