"""The `labels` topic: read to its end as it stands, and written to."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import msgspec

from adapters.few_messages import send_few
from adapters.topic_admin import TopicAdmin, request_for
from adapters.topic_reading import MissingTopicError, TopicReading, readable
from streamscore.errors import BrokerError
from streamscore.labels import Label, LabelFolding, Labels
from streamscore.settings import Settings
from streamscore.topics import planned_shared_topic, topic_name

GROUP = "streamscore-labels"
"""A name for whoever reads labels and what was labelled; the group is never joined."""


def read_labels(settings: Settings) -> Labels:
    """Return the newest label of each record; none where there is no such topic.

    What is no label is left out.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or the topic may not be read.
    """
    topic = topic_name("labels", prefix=settings.topics.prefix)
    folding = LabelFolding()
    with (
        contextlib.suppress(MissingTopicError),
        readable(settings.kafka, topic),
        TopicReading(settings.kafka, topic, group=GROUP, committed=True) as reading,
    ):
        for message in reading.messages(reading.spans()):
            # Anybody may have written what is no label at all.
            with contextlib.suppress(msgspec.DecodeError):
                folding.take(message.key(), message.value())
    return folding.labels()


def write_labels(settings: Settings, admin: TopicAdmin, labels: Sequence[Label]) -> None:
    """Write labels, and wait until Kafka has them. To write them once more does no harm.

    The topic is created where it is missing and ``topics.create`` is on.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    admin : TopicAdmin
        The connection.
    labels : sequence of Label
        The labels.

    Raises
    ------
    BrokerError
        When Kafka did not take them, or there is no such topic and none may be created.
    """
    plan = planned_shared_topic(settings, "labels")
    if plan.name not in admin.describe([plan.name]):
        if not settings.topics.create:
            raise BrokerError(
                f"labels are written to {plan.name}, which must exist when topics.create is false. "
                + request_for([plan])
            )
        admin.create([plan])
    send_few(
        settings.kafka,
        plan.name,
        [(label.event, msgspec.json.encode(label)) for label in labels],
        advice="Some may not have been labelled. Check the settings of [kafka], and ask again: a "
        "label that is written twice is one.",
    )


def remove_labels(settings: Settings, events: Sequence[str]) -> None:
    """Write that records have no label, and wait until Kafka has it.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    events : sequence of str
        The positions of the records, which are the keys of their labels.

    Raises
    ------
    BrokerError
        When Kafka did not take all of it.
    """
    send_few(
        settings.kafka,
        topic_name("labels", prefix=settings.topics.prefix),
        [(event, None) for event in events],
        advice="Some labels may still be there. Check the settings of [kafka], and ask again",
    )
