"""The access rights that each service needs, derived from the list of topics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from streamscore.settings import Settings
from streamscore.topics import TOPICS, Service, TopicPlan, name_of_source, topic

Operation = Literal["Read", "Write", "Describe", "Create", "Delete"]


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
    operation : {"Read", "Write", "Describe", "Create", "Delete"}
        What is allowed.
    """

    service: Service
    resource: Literal["topic", "group", "transactional-id"]
    name: str
    pattern: Literal["literal", "prefixed"]
    operation: Operation


def needed_acls(settings: Settings, plans: Sequence[TopicPlan]) -> list[Acl]:
    """Return the rights that the services need for some topics.

    Reading and writing imply describing; creating is listed where ``topics.create`` is on. Groups
    and transactional ids of the scorer begin with ``topics.prefix`` and ``scorer.group``; the other
    groups are named, and never joined. The operator is whoever runs ``streamscore deadletters`` and
    ``streamscore label``.

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
        Acl("trainer", "group", "streamscore-labels", "literal", "Read"),
        Acl("operator", "group", "streamscore-labels", "literal", "Read"),
        Acl("operator", "group", "streamscore-deadletters", "literal", "Read"),
        Acl("operator", "transactional-id", f"{group}.redrive", "prefixed", "Write"),
        Acl("operator", "transactional-id", f"{group}.redrive", "prefixed", "Describe"),
        Acl("scorer", "group", group, "prefixed", "Read"),
        Acl("scorer", "group", "streamscore-announcements", "literal", "Read"),
        Acl("scorer", "group", "streamscore-runs", "literal", "Read"),
        Acl("scorer", "group", "streamscore-state-reader", "literal", "Read"),
        Acl("scorer", "transactional-id", group, "prefixed", "Write"),
        Acl("scorer", "transactional-id", group, "prefixed", "Describe"),
    }
    return sorted(needed)


def run_acls(settings: Settings, source_names: Sequence[str]) -> list[Acl]:
    """Return what runs of some sources need beyond `needed_acls`: nothing else does.

    The topics of a run have names of their own, so rights are given on how these begin. Who opens
    and closes runs is the producer: it makes their topics, where ``topics.create`` is on, and
    deletes state and group of a closed one.

    Parameters
    ----------
    settings : Settings
        Sections ``topics`` and ``scorer`` are read.
    source_names : sequence of str
        The sources.
    """
    prefix = settings.topics.prefix
    group = prefix + settings.scorer.group
    needed = {
        Acl("producer", "group", "streamscore-runs", "literal", "Read"),
        Acl("operator", "group", "streamscore-runs", "literal", "Read"),
        Acl("producer", "transactional-id", f"{group}.runs", "literal", "Describe"),
        Acl("producer", "transactional-id", f"{group}.runs", "literal", "Write"),
    }
    for name in source_names:
        own = f"{group}.scoring.{name}."
        needed.add(Acl("producer", "group", own, "prefixed", "Describe"))
        needed.add(Acl("producer", "group", own, "prefixed", "Delete"))
        for declared in TOPICS:
            if "{source}" not in declared.pattern:
                continue
            begins = name_of_source(declared.kind, name, prefix=prefix) + "."
            needed |= {_begins(reader, begins, "Read") for reader in declared.readers}
            needed |= {_begins(writer, begins, "Write") for writer in declared.writers}
            if settings.topics.create:
                needed.add(_begins("producer", begins, "Create"))
            if declared.kind == "state":
                needed.add(_begins("producer", begins, "Delete"))
    return sorted(needed)


def _begins(service: Service, begins: str, operation: Operation) -> Acl:
    return Acl(service, "topic", begins, "prefixed", operation)


def _of_topic(plan: TopicPlan, *, create: bool) -> Iterator[Acl]:
    declared = topic(plan.kind)
    for reader in declared.readers:
        yield Acl(reader, "topic", plan.name, "literal", "Read")
    for writer in declared.writers:
        yield Acl(writer, "topic", plan.name, "literal", "Write")
        if create:
            yield Acl(writer, "topic", plan.name, "literal", "Create")
