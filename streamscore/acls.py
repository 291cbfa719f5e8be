"""The access rights that each service needs, derived from the list of topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from streamscore.settings import Settings
from streamscore.topics import Service, TopicPlan, topic


class Acl(msgspec.Struct, frozen=True, order=True):
    """One right to be granted to a service.

    Attributes
    ----------
    service : Service
        Who needs it.
    resource : {"topic", "group", "transactional-id"}
        The kind of thing it is about.
    name : str
        The thing's name, or how its name begins.
    pattern : {"literal", "prefixed"}
        Which of the two.
    operation : {"Read", "Write", "Describe", "Create"}
        What is allowed.
    """

    service: Service
    resource: Literal["topic", "group", "transactional-id"]
    name: str
    pattern: Literal["literal", "prefixed"]
    operation: Literal["Read", "Write", "Describe", "Create"]


def needed_acls(settings: Settings, plans: Sequence[TopicPlan]) -> list[Acl]:
    """Return the rights that the services need for some topics.

    Reading and writing imply describing; creating is listed where ``topics.create`` is on. Groups
    and transactional ids of the scorer begin with ``topics.prefix`` and ``scorer.group``; the other
    groups are named, and never joined.

    Parameters
    ----------
    settings : Settings
        Sections ``topics`` and ``scorer`` are read.
    plans : Sequence[TopicPlan]
        The topics of the sources that are served.
    """
    group = settings.topics.prefix + settings.scorer.group
    needed = {acl for plan in plans for acl in _of_topic(plan, create=settings.topics.create)}
    needed |= {
        Acl("producer", "group", "streamscore-producer", "literal", "Read"),
        Acl("trainer", "group", "streamscore-history", "literal", "Read"),
        Acl("scorer", "group", group, "prefixed", "Read"),
        Acl("scorer", "group", "streamscore-announcements", "literal", "Read"),
        Acl("scorer", "group", "streamscore-state-reader", "literal", "Read"),
        Acl("scorer", "transactional-id", group, "prefixed", "Write"),
        Acl("scorer", "transactional-id", group, "prefixed", "Describe"),
    }
    return sorted(needed)


def _of_topic(plan: TopicPlan, *, create: bool) -> Iterator[Acl]:
    declared = topic(plan.kind)
    for reader in declared.readers:
        yield Acl(reader, "topic", plan.name, "literal", "Read")
    for writer in declared.writers:
        yield Acl(writer, "topic", plan.name, "literal", "Write")
        if create:
            yield Acl(writer, "topic", plan.name, "literal", "Create")
