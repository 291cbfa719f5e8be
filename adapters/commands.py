"""Tells all workers of a source what a person wants of them."""

from __future__ import annotations

import msgspec

from adapters.few_messages import send_few
from streamscore.events import Command
from streamscore.settings import Settings
from streamscore.topics import topic_name


def send_command(settings: Settings, command: Command, delivery_seconds: float = 15.0) -> None:
    """Write a command, and wait until Kafka has it.

    Workers hear it from then on; one that starts later does not.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    command : Command
        What is to be done, by the workers of which source.
    delivery_seconds : float
        How long Kafka may take.

    Raises
    ------
    BrokerError
        When Kafka did not take it.
    """
    send_few(
        settings.kafka,
        topic_name("commands", prefix=settings.topics.prefix),
        [(command.source, msgspec.json.encode(command))],
        advice="Nothing was told to the workers: check the settings of [kafka], and that "
        "`streamscore topics check` finds the topic.",
        delivery_seconds=delivery_seconds,
    )
