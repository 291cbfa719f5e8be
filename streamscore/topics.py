"""The one list of every topic: what it carries, how it is kept, who writes and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from streamscore.errors import UsageError
from streamscore.settings import Settings
from streamscore.sources import Source

Kind = Literal[
    "records", "anomalies", "scores", "deadletters", "state", "models", "runs", "commands", "labels"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Service = Literal["producer", "scorer", "trainer", "operator", "users"]

BROKER_MAX_BYTES = 1_048_588
"""What a broker accepts by default (``message.max.bytes``), in bytes."""

ENVELOPE_BYTES = 65_536
"""Room for the key, the headers and the batch around a record of the largest size, in bytes."""

STATE_MAX_BYTES = 8 * 1024**2
"""Room for the state of a partition: 100,000 float64 scores, the widest window, are 0.8 MB."""

COMPACT_SEGMENT_BYTES = 4 * 1024**2
"""The active segment is never compacted, so its size bounds what a reader must skip."""


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of topic.

    Attributes
    ----------
    kind : Kind
        Its name in this list.
    pattern : str
        Its name in Kafka, with ``{source}`` where there is one topic for each source.
    as_records : bool
        Whether it has as many partitions as the records topic; otherwise it has one.
    cleanup : {"bytes", "time", "compact"}
        What is removed: beyond a size, beyond an age, or all but the last value of a key.
    key, value : str
        What they hold.
    writers, readers : tuple of Service
        Who needs the right to write and to read.
    meaning : str
        What it is for.
    is_needed : bool
        Whether a source cannot be served without it.
    """

    kind: Kind
    pattern: str
    as_records: bool = False
    cleanup: Literal["bytes", "time", "compact"] = "time"
    key: str
    value: str
    writers: tuple[Service, ...]
    readers: tuple[Service, ...]
    meaning: str
    is_needed: bool = True


TOPICS: tuple[Topic, ...] = (
    Topic(
        kind="records",
        pattern="records.{source}",
        as_records=True,
        cleanup="bytes",
        key="the source's key field, or none",
        value="one record as a JSON object",
        writers=("producer", "operator"),
        readers=("producer", "scorer", "trainer", "operator"),
        meaning="The stream itself. Anyone may write it.",
    ),
    Topic(
        kind="anomalies",
        pattern="anomalies.{source}",
        key="the record's key",
        value="an anomaly event (CloudEvents JSON)",
        writers=("scorer",),
        readers=("trainer", "operator", "users"),
        meaning="Every record that was flagged, with the reasons.",
    ),
    Topic(
        kind="scores",
        pattern="scores.{source}",
        as_records=True,
        key="the record's key",
        value="score and p-value of one record (JSON)",
        writers=("scorer",),
        readers=("users",),
        meaning="Every score, where the source asks for them.",
    ),
    Topic(
        kind="deadletters",
        pattern="deadletters.{source}",
        key="as received",
        value="the bytes as received; headers say why and from where",
        writers=("scorer", "operator"),
        readers=("operator", "users"),
        meaning="Records that break a rule of the source, and marks of those that were sent back.",
    ),
    Topic(
        kind="state",
        pattern="state.{source}",
        as_records=True,
        cleanup="compact",
        key="the partition's number",
        value="the state of the partition at an offset (binary)",
        writers=("scorer",),
        readers=("scorer",),
        meaning="Where whoever takes a partition over goes on.",
    ),
    Topic(
        kind="models",
        pattern="models",
        cleanup="compact",
        key="the source's name",
        value="source, model, version and alias (JSON)",
        writers=("trainer",),
        readers=("scorer",),
        meaning="Wakes workers up when a version is promoted; the alias in MLflow is the truth.",
    ),
    Topic(
        kind="runs",
        pattern="runs",
        cleanup="compact",
        key="source/run",
        value="a run: open or closed, its model version and partitions (JSON)",
        writers=("producer",),
        readers=("producer", "scorer", "operator"),
        meaning="Which runs there are. Without it there are none; nothing else needs it.",
        is_needed=False,
    ),
    Topic(
        kind="commands",
        pattern="commands",
        key="the source's name",
        value="a command (JSON)",
        writers=("operator",),
        readers=("scorer",),
        meaning="What a person tells all workers of a source, such as to end a pause.",
        is_needed=False,
    ),
    Topic(
        kind="labels",
        pattern="labels",
        cleanup="compact",
        key="cluster/topic id/partition/offset of the record",
        value="a label: an anomaly or none, by whom and why (JSON)",
        writers=("operator",),
        readers=("trainer", "operator"),
        meaning="What people said of records, the newest of each counts. Nothing else needs it.",
        is_needed=False,
    ),
)


def topic(kind: Kind) -> Topic:
    """Return the declaration of one kind."""
    return next(declared for declared in TOPICS if declared.kind == kind)


def topic_name(
    kind: Kind, source: Source | None = None, *, prefix: str = "", run: str | None = None
) -> str:
    """Return the name that a topic has in Kafka.

    Parameters
    ----------
    kind : Kind
        Which topic.
    source : Source, optional
        Whose topic; needed for every kind but ``models``, ``runs``, ``commands`` and ``labels``. A
        source that names its own records topic has it taken as it is, without the prefix.
    prefix : str, optional
        ``settings.topics.prefix``.
    run : str, optional
        The run, for a replay beside the live stream.

    Raises
    ------
    ValueError
        When the kind is one for each source and no source is given.

    Examples
    --------
    >>> topic_name("models", prefix="team1.")
    'team1.models'
    """
    pattern = topic(kind).pattern
    if "{source}" not in pattern:
        return prefix + pattern
    if source is None:
        raise ValueError(f"a source must be given for the topic kind {kind!r}; received none")
    if kind == "records" and source.topic and run is None:
        return source.topic
    return name_of_source(kind, source.name, prefix=prefix, run=run)


def name_of_source(
    kind: Kind, source_name: str, *, prefix: str = "", run: str | None = None
) -> str:
    """Return the name of a topic of a source that names none of its own, as for a run.

    Parameters
    ----------
    kind : Kind
        Which topic; one that each source has.
    source_name : str
        The source.
    prefix, run : str, optional
        As for `topic_name`.

    Examples
    --------
    >>> name_of_source("state", "accidents", run="june")
    'state.accidents.june'
    """
    return prefix + topic(kind).pattern.format(source=source_name) + (f".{run}" if run else "")


def input_max_bytes(record_max_bytes: int) -> int:
    """Return the ``max.message.bytes`` of a created records topic, in bytes.

    At least what a broker takes by default, so that a record a little beyond
    ``scorer.record_max_bytes`` arrives and becomes a dead letter.
    """
    return max(BROKER_MAX_BYTES, record_max_bytes + ENVELOPE_BYTES)


def output_max_bytes(record_max_bytes: int) -> int:
    """Return the ``max.message.bytes`` of topics that carry a record and more, in bytes.

    Twice the input's: an event holds the record, its reasons and its headers.

    Examples
    --------
    >>> output_max_bytes(1_000_000) >= 2 * input_max_bytes(1_000_000)
    True
    """
    return 2 * input_max_bytes(record_max_bytes)


def largest_message_bytes(record_max_bytes: int) -> int:
    """Return what a scorer's Kafka producer must be able to send, in bytes."""
    return max(output_max_bytes(record_max_bytes), STATE_MAX_BYTES)


class TopicPlan(msgspec.Struct, frozen=True):
    """A topic as it is created: name, kind, partitions, replication and configuration."""

    name: str
    kind: Kind
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]

    def request(self) -> str:
        """Say what to ask of whoever may create it.

        Examples
        --------
        >>> TopicPlan("state.x", "state", 2, 3, {"cleanup.policy": "compact"}).request()
        'state.x (partitions=2, replication=3, cleanup.policy=compact)'
        """
        asked = {"partitions": self.partitions, "replication": self.replication_factor}
        listed = ", ".join(f"{name}={value}" for name, value in {**asked, **self.configs}.items())
        return f"{self.name} ({listed})"


def planned_topics(
    settings: Settings,
    source: Source,
    *,
    records_partitions: int | None = None,
    run: str | None = None,
) -> list[TopicPlan]:
    """Return the topics that a source needs.

    Parameters
    ----------
    settings : Settings
        Sections ``topics`` and ``scorer`` are read.
    source : Source
        The source.
    records_partitions : int, optional
        How many partitions the records topic has where it exists already; state and scores
        follow it. ``settings.topics.records_partitions`` by default.
    run : str, optional
        The run, for a replay beside the live stream.

    Returns
    -------
    list of TopicPlan
        In the order of the list; ``scores`` only where the source asks for them.

    Raises
    ------
    UsageError
        When the source reads a topic that is written for it.
    """
    partitions = records_partitions or settings.topics.records_partitions
    plans = [
        _plan(
            declared,
            settings,
            topic_name(declared.kind, source, prefix=settings.topics.prefix, run=run),
            partitions if declared.as_records else 1,
        )
        for declared in TOPICS
        if declared.kind != "scores" or source.scores
    ]
    for plan in plans:
        if plan.kind != "records" and plan.name == source.topic:
            raise UsageError(
                f"a source's topic holds records; {source.name} names {source.topic}, where its "
                f"{plan.kind} are written. Give it another topic"
            )
    return plans


def planned_shared_topic(settings: Settings, kind: Kind) -> TopicPlan:
    """Return one of the topics that all sources share, as it is created.

    Examples
    --------
    >>> planned_shared_topic(Settings(), "labels").configs["cleanup.policy"]
    'compact'
    """
    return _plan(topic(kind), settings, topic_name(kind, prefix=settings.topics.prefix), 1)


def _plan(declared: Topic, settings: Settings, name: str, partitions: int) -> TopicPlan:
    factor, configs = settings.topics.replication_factor, _configs(declared, settings)
    return TopicPlan(name, declared.kind, partitions, factor, configs)


def _configs(declared: Topic, settings: Settings) -> dict[str, str]:
    record_max_bytes = settings.scorer.record_max_bytes
    if declared.cleanup == "bytes":
        return {
            "cleanup.policy": "delete",
            "retention.ms": "-1",
            "retention.bytes": str(settings.topics.records_retention_bytes),
            "max.message.bytes": str(input_max_bytes(record_max_bytes)),
        }
    if declared.cleanup == "time":
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(settings.topics.outputs_retention_hours * 3_600_000),
            "max.message.bytes": str(output_max_bytes(record_max_bytes)),
        }
    return {
        "cleanup.policy": "compact",
        "segment.bytes": str(COMPACT_SEGMENT_BYTES),
        "min.cleanable.dirty.ratio": "0.01",
        "max.message.bytes": str(STATE_MAX_BYTES),
    }


def topics_markdown() -> str:
    """Return the page of the documentation that lists every topic."""
    lines = [
        "# Topics",
        "",
        "`topics.prefix` goes before each name; a source may name its own records topic with",
        "`topic =`, which is taken as it is. Services create what is missing unless",
        "`topics.create` is false; nothing that exists is ever altered. `streamscore topics check`",
        "compares and lists the access rights that each service needs. A",
        "[run](how-it-works.md#runs) has those of a source once more, with `.NAME` behind.",
        "",
        "| topic | partitions | removed | key | value | writers | readers | meaning |",
        "|---|---|---|---|---|---|---|---|",
    ]
    removed = {"bytes": "beyond a size", "time": "beyond an age", "compact": "all but the last"}
    for declared in TOPICS:
        cells = [
            f"`{declared.pattern.format(source='SOURCE')}`",
            "as records" if declared.as_records else "1",
            removed[declared.cleanup],
            declared.key,
            declared.value,
            ", ".join(declared.writers),
            ", ".join(declared.readers),
            declared.meaning,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
