"""Creates the topics that are missing, and tells what is there. Never alters a topic."""

from __future__ import annotations

import base64
import contextlib
import socket
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, for_code

from adapters.kafka_clients import kafka_python_config, servers
from streamscore.errors import BrokerError
from streamscore.settings import Kafka, Settings
from streamscore.sources import Source, source_argument
from streamscore.topics import KINDS, Kind, TopicPlan, planned_topics, topic, topic_name

ANSWER_TIMEOUT_SECONDS = 15.0
"""How long a broker may take to answer; a new topic takes well under a second."""

_UNKNOWN_TOPIC, _TOPIC_FORBIDDEN, _CLUSTER_FORBIDDEN, _ALREADY_EXISTS = 3, 29, 31, 36
_CREATION_FORBIDDEN = (_TOPIC_FORBIDDEN, _CLUSTER_FORBIDDEN)


class TopicDescription(msgspec.Struct, frozen=True):
    """A topic as it is.

    Attributes
    ----------
    name : str
        Its name.
    topic_id : str
        Kafka's id in its usual text form; a topic that is created again has another.
    partitions, replication_factor : int
        How many.
    """

    name: str
    topic_id: str
    partitions: int
    replication_factor: int


class LookedUp(NamedTuple):
    """What was found of some topics.

    Attributes
    ----------
    found : dict of str to TopicDescription
        Those that exist, by name.
    hidden : frozenset of str
        Those that this user may not see, whether or not they exist.
    """

    found: dict[str, TopicDescription]
    hidden: frozenset[str]


class _ClosingClient(KafkaAdminClient):  # type: ignore[misc]  # kafka-python carries no types
    def __init__(self, **config: Any) -> None:
        try:
            super().__init__(**config)
        except BaseException:
            # It leaves its thread and its sockets behind when a broker refuses it.
            self._closed = False
            self.close()
            raise


class TopicAdmin:
    """An administrative connection to Kafka, closed at the end of its ``with`` block.

    Parameters
    ----------
    kafka : Kafka
        The checked settings section.
    timeout_seconds : float
        How long a broker may take to answer.

    Raises
    ------
    BrokerError
        When no broker answers, or the broker refuses; from the methods too.
    """

    def __init__(self, kafka: Kafka, timeout_seconds: float = ANSWER_TIMEOUT_SECONDS) -> None:
        self._servers = kafka.bootstrap_servers
        timeout_ms = int(timeout_seconds * 1000)
        config = kafka_python_config(kafka)
        self._raise_unless_reachable(servers(kafka), timeout_seconds)
        with self._errors("let this client in"):
            self._client = _ClosingClient(
                **config, bootstrap_timeout_ms=timeout_ms, request_timeout_ms=timeout_ms
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def cluster_id(self) -> str:
        """Return the id of the cluster."""
        with self._errors("tell its cluster id"):
            return str(self._client.describe_cluster()["cluster_id"])

    def names(self) -> list[str]:
        """Return the names of all topics that this user may see."""
        with self._errors("list its topics"):
            return sorted(self._client.list_topics())

    def describe(self, names: Iterable[str]) -> dict[str, TopicDescription]:
        """Return the topics of some names that exist and may be seen, by name."""
        return self.look_up(names).found

    def look_up(self, names: Iterable[str]) -> LookedUp:
        """Tell which topics of some names there are, and which are not this user's to see."""
        wanted = sorted(set(names))
        if not wanted:
            return LookedUp({}, frozenset())
        with self._errors(f"describe {', '.join(wanted)}"):
            answers = self._client.describe_topics(wanted)
        found, hidden = {}, set()
        for answer in answers:
            if answer["error_code"] == _UNKNOWN_TOPIC:
                continue
            if answer["error_code"] == _TOPIC_FORBIDDEN:
                hidden.add(answer["name"])
                continue
            self._raise_for(answer, f"describe {answer['name']}")
            found[answer["name"]] = _description(answer)
        return LookedUp(found, frozenset(hidden))

    def configs(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return every configuration of some existing topics, by name.

        Those for which this user has not the right DescribeConfigs are left out.
        """
        wanted = sorted(set(names))
        if not wanted:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted]
        with self._errors(f"describe the configuration of {', '.join(wanted)}"):
            answer = self._client.describe_configs(resources, config_filter="all")
        return {
            name: {key: str(entry["value"]) for key, entry in answer["topic"][name].items()}
            for name in wanted
            if answer["topic"].get(name)
        }

    def create(self, plans: Sequence[TopicPlan]) -> list[str]:
        """Create topics and wait until they can be used.

        Returns
        -------
        list of str
            The names of those that were created; one that exists is left as it is.
        """
        if not plans:
            return []
        names = [plan.name for plan in plans]
        wanted = {
            plan.name: {
                "num_partitions": plan.partitions,
                "replication_factor": plan.replication_factor,
                "configs": dict(plan.configs),
            }
            for plan in plans
        }
        with self._errors(f"create {', '.join(names)}"):
            answer = self._client.create_topics(wanted, raise_errors=False)
        forbidden = [one for one in answer["topics"] if one["error_code"] in _CREATION_FORBIDDEN]
        if forbidden:
            refused = {one["name"] for one in forbidden}
            raise BrokerError(
                f"Kafka at {self._servers} does not let this user create topics. "
                + request_for([plan for plan in plans if plan.name in refused])
            )
        created = []
        for one in answer["topics"]:
            if one["error_code"] != _ALREADY_EXISTS:
                self._raise_for(one, f"create {one['name']}")
                created.append(one["name"])
        with self._errors(f"make {', '.join(names)} ready"):
            self._client.wait_for_topics(names)
        return created

    def _raise_unless_reachable(self, addresses: list[str], timeout_seconds: float) -> None:
        # kafka-python leaks a socket for every refused connection and tries until the timeout.
        refused: OSError | None = None
        for address in addresses:
            host, _, port = address.rpartition(":")
            try:
                with socket.create_connection((host.strip("[]"), int(port)), timeout_seconds):
                    return
            except OSError as error:
                refused = error
        raise self._refusal("be reachable", f"{refused}") from refused

    def _raise_for(self, answer: dict[str, Any], wish: str) -> None:
        if answer["error_code"]:
            error = for_code(answer["error_code"])
            detail = answer.get("error_message") or error.description
            raise self._refusal(wish, f"{error.__name__}: {detail}")

    @contextlib.contextmanager
    def _errors(self, wish: str) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise self._refusal(wish, f"{type(error).__name__}: {error}") from error

    def _refusal(self, wish: str, reason: str) -> BrokerError:
        return BrokerError(
            f"Kafka at {self._servers} must {wish}; received {reason}. Check that it runs, the "
            "settings of [kafka], and the rights that `streamscore topics check` lists."
        )


def ensure_topics(
    admin: TopicAdmin,
    settings: Settings,
    source: Source,
    *,
    run: str | None = None,
    kinds: Sequence[Kind] = KINDS,
) -> dict[str, TopicDescription]:
    """Create the topics of a source that are missing, and describe all of them.

    Parameters
    ----------
    admin : TopicAdmin
        The connection.
    settings : Settings
        ``topics.create`` says whether anything is created.
    source : Source
        The source.
    run : str, optional
        The run, for a replay beside the live stream.
    kinds : sequence of Kind, optional
        Those of the source's topics that the service uses; all of them by default.

    Returns
    -------
    dict of str to TopicDescription
        The source's topics by kind; one that is not needed may be missing.

    Raises
    ------
    BrokerError
        When a topic is missing and may not be created, may not be seen, or has fewer partitions
        than the records topic that it must follow.
    """
    planned = plan_against(admin, settings, source, run=run)
    plans = [plan for plan in planned if plan.kind in kinds]
    found, hidden = admin.look_up(plan.name for plan in plans)
    missing = [plan for plan in plans if plan.name not in found]
    needed = [plan for plan in missing if topic(plan.kind).is_needed]
    unseen = {plan.name for plan in needed} & set(hidden)
    if needed and (unseen or not settings.topics.create):
        raise _not_there(source, needed, unseen)
    if missing and settings.topics.create:
        admin.create(needed)
        with contextlib.suppress(BrokerError):  # a right that was never needed may be missing
            admin.create([plan for plan in missing if plan not in needed])
        found |= admin.describe(plan.name for plan in missing)
    plans = [plan for plan in plans if plan.name in found or plan in needed]
    for plan in plans:
        if found[plan.name].partitions < plan.partitions and topic(plan.kind).as_records:
            raise BrokerError(
                f"{plan.name} must have as many partitions as the records topic, "
                f"{plan.partitions}; received {found[plan.name].partitions}. Add partitions to it."
            )
    return {plan.kind: found[plan.name] for plan in plans}


def request_for(plans: Sequence[TopicPlan]) -> str:
    """Say what to ask of whoever runs a cluster where topics are missing."""
    return (
        f"Ask whoever runs the cluster to create {'; '.join(plan.request() for plan in plans)}; "
        "and to grant the rights that `streamscore topics check` lists."
    )


def _not_there(
    source: Source, missing: Sequence[TopicPlan], hidden: Collection[str]
) -> BrokerError:
    if not hidden:
        names = ", ".join(plan.name for plan in missing)
        rule = (
            f"The topics of {source.name} must exist when topics.create is false; missing: "
            f"{names}. Create them with `streamscore topics create --source "
            f"{source_argument(source.name)}`, where you may."
        )
    else:
        rule = (
            f"The topics of {source.name} must be there for this user to see; not seen, whether "
            f"they exist or not: {', '.join(sorted(hidden))}."
        )
    to_be_made = [plan for plan in missing if plan.name != source.topic]
    if len(to_be_made) < len(missing):
        rule += f" {source.topic} is somebody's stream: check its name, and the right to read it."
    return BrokerError(f"{rule} {request_for(to_be_made)}" if to_be_made else rule)


def plan_against(
    admin: TopicAdmin, settings: Settings, source: Source, *, run: str | None = None
) -> list[TopicPlan]:
    """Return the topics that a source needs, following its records topic where it exists."""
    records = topic_name("records", source, prefix=settings.topics.prefix, run=run)
    existing = admin.describe([records]).get(records)
    partitions = existing.partitions if existing else None
    return planned_topics(settings, source, records_partitions=partitions, run=run)


def _description(answer: dict[str, Any]) -> TopicDescription:
    identity = base64.urlsafe_b64encode(uuid.UUID(answer["topic_id"]).bytes).decode().rstrip("=")
    partitions = answer["partitions"]
    replicas = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
    return TopicDescription(answer["name"], identity, len(partitions), replicas)
