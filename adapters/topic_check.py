"""Compares the topics of a source with what they should be. Needs no right to create."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from adapters.topic_admin import TopicAdmin, TopicDescription, plan_against
from streamscore.settings import Settings
from streamscore.sources import Source
from streamscore.topics import Kind, TopicPlan, topic


class TopicCheck(msgspec.Struct, frozen=True):
    """What a comparison of one topic found.

    Attributes
    ----------
    name : str
        The topic's name.
    kind : Kind
        Its kind.
    exists : bool
        Whether it is there.
    faults : tuple of str
        What breaks a promise of the project.
    differences : tuple of str
        What only differs from how it would have been created.
    """

    name: str
    kind: Kind
    exists: bool
    faults: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether it exists without a fault."""
        return self.exists and not self.faults


def check_topics(admin: TopicAdmin, settings: Settings, source: Source) -> list[TopicCheck]:
    """Compare every topic of a source with what it should be.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or the right DescribeConfigs is missing.
    """
    plans = plan_against(admin, settings, source)
    found = admin.describe(plan.name for plan in plans)
    configs = admin.configs(found)
    return [
        compare(plan, found[plan.name], configs[plan.name])
        if plan.name in found
        else TopicCheck(plan.name, plan.kind, exists=False)
        for plan in plans
    ]


def compare(plan: TopicPlan, found: TopicDescription, configs: Mapping[str, str]) -> TopicCheck:
    """Compare a topic that exists with its plan.

    Parameters
    ----------
    plan : TopicPlan
        What it should be.
    found : TopicDescription
        What it is.
    configs : Mapping[str, str]
        Its configuration.
    """
    faults = tuple(_faults(plan, found, configs))
    differences = [
        f"{name} is {configs.get(name)}, created would be {value}"
        for name, value in plan.configs.items()
        if configs.get(name) != value
    ]
    if found.partitions != plan.partitions:
        differences.append(f"partitions are {found.partitions}, created would be {plan.partitions}")
    return TopicCheck(plan.name, plan.kind, True, faults, tuple(differences))


def _faults(plan: TopicPlan, found: TopicDescription, configs: Mapping[str, str]) -> Iterator[str]:
    policy = configs.get("cleanup.policy", "")
    if topic(plan.kind).cleanup == "compact":
        if policy != "compact":
            yield f"cleanup.policy must be compact, or a value would expire; received {policy}"
    elif "compact" in policy:
        yield f"cleanup.policy must be delete, or equal keys would vanish; received {policy}"
    if topic(plan.kind).as_records and found.partitions < plan.partitions:
        yield (
            f"partitions must be as many as the records topic has, {plan.partitions}; "
            f"received {found.partitions}"
        )
    least = int(plan.configs["max.message.bytes"])
    received = int(configs.get("max.message.bytes", least))
    if plan.kind != "records" and received < least:
        yield f"max.message.bytes must be at least {least} for events to fit; received {received}"
