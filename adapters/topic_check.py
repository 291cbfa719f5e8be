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
        What only differs from how it would have been created, or was not to be seen.
    is_hidden : bool
        Whether this user may not see it, and so not tell whether it is there.
    """

    name: str
    kind: Kind
    exists: bool
    faults: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    is_hidden: bool = False

    @property
    def is_usable(self) -> bool:
        """Whether it exists without a fault."""
        return self.exists and not self.faults

    @property
    def is_in_the_way(self) -> bool:
        """Whether its absence or its faults keep the source from being served."""
        return self.exists or topic(self.kind).is_needed


def check_topics(admin: TopicAdmin, settings: Settings, source: Source) -> list[TopicCheck]:
    """Compare every topic of a source with what it should be.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    plans = plan_against(admin, settings, source)
    found, hidden = admin.look_up(plan.name for plan in plans)
    configs = admin.configs(found)
    return [
        compare(plan, found[plan.name], configs.get(plan.name))
        if plan.name in found
        else _absent(plan, plan.name in hidden)
        for plan in plans
    ]


def _absent(plan: TopicPlan, is_hidden: bool) -> TopicCheck:
    wanted = f"to be created: {plan.request()}"
    unseen = ("it is there for those with the right Describe on it, if it is",) if is_hidden else ()
    return TopicCheck(
        plan.name,
        plan.kind,
        exists=False,
        differences=(*unseen, wanted),
        is_hidden=is_hidden,
    )


def compare(
    plan: TopicPlan, found: TopicDescription, configs: Mapping[str, str] | None
) -> TopicCheck:
    """Compare a topic that exists with its plan.

    Parameters
    ----------
    plan : TopicPlan
        What it should be.
    found : TopicDescription
        What it is.
    configs : Mapping[str, str] or None
        Its configuration; None where this user may not see it.
    """
    faults = tuple(_faults(plan, found, configs or {}))
    differences = [
        f"{name} is {configs.get(name)}, created would be {value}"
        for name, value in plan.configs.items()
        if configs is not None and configs.get(name) != value
    ]
    if configs is None:
        differences.append("its configuration is seen with the right DescribeConfigs on it alone")
    if found.partitions != plan.partitions:
        differences.append(f"partitions are {found.partitions}, created would be {plan.partitions}")
    return TopicCheck(plan.name, plan.kind, True, faults, tuple(differences))


def _faults(plan: TopicPlan, found: TopicDescription, configs: Mapping[str, str]) -> Iterator[str]:
    policy = configs.get("cleanup.policy", plan.configs["cleanup.policy"])
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
