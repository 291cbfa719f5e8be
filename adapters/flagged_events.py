"""Anomaly events of some records, found among all of a source's or a run's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from adapters.labels_topic import GROUP
from adapters.topic_admin import TopicAdmin, TopicDescription
from adapters.topic_reading import MissingTopicError, TopicReading, readable
from streamscore.errors import UsageError
from streamscore.events import ANOMALY_TYPE, AnomalyEvent
from streamscore.formats import refusal
from streamscore.settings import Settings
from streamscore.sources import Source
from streamscore.topics import name_of_source, topic_name


class _Head(msgspec.Struct):
    """What tells events apart."""

    id: str
    subject: str
    type: str


_head_of = msgspec.json.Decoder(_Head).decode
_event_of = msgspec.json.Decoder(AnomalyEvent).decode


class Outlet(msgspec.Struct, frozen=True, kw_only=True):
    """Where events of a source, or of one of its runs, are.

    Attributes
    ----------
    source : str
        Name of the source.
    run : str or None
        Name of the run; None for the live stream.
    anomalies, records : str
        Its topics.
    log : str or None
        `cluster/topic id` of the records topic; None where there is none, or none to be seen.
    """

    source: str
    run: str | None
    anomalies: str
    records: str
    log: str | None


def outlets(admin: TopicAdmin, settings: Settings, source: Source | None = None) -> list[Outlet]:
    """Return the outlets of a source and its runs, or of all sources that write events.

    A source that is not given is known by the names of its topics.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    pairs = list(_pairs(admin.names(), settings.topics.prefix))
    if source is not None:
        runs = [run for name, run in pairs if name == source.name and run is not None]
        pairs = [(source.name, run) for run in (None, *runs)]
    return _outlets(admin, settings, source, pairs)


def outlet_of(admin: TopicAdmin, settings: Settings, source: Source, run: str | None) -> Outlet:
    """Return the outlet of a source's live stream, or of one of its runs.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    (outlet,) = _outlets(admin, settings, source, [(source.name, run)])
    return outlet


def _outlets(
    admin: TopicAdmin,
    settings: Settings,
    source: Source | None,
    pairs: Iterable[tuple[str, str | None]],
) -> list[Outlet]:
    topics = {pair: _records_topic(settings, source, *pair) for pair in pairs}
    cluster, found = admin.cluster_id(), admin.describe(topics.values())
    return [
        Outlet(
            source=name,
            run=run,
            anomalies=name_of_source("anomalies", name, prefix=settings.topics.prefix, run=run),
            records=records,
            log=_log(cluster, found.get(records)),
        )
        for (name, run), records in topics.items()
    ]


def _pairs(names: Collection[str], prefix: str) -> Iterator[tuple[str, str | None]]:
    begins = name_of_source("anomalies", "", prefix=prefix)
    for name in names:
        if name.startswith(begins):
            source_name, _, run = name.removeprefix(begins).partition(".")
            yield source_name, run or None


def _records_topic(
    settings: Settings, source: Source | None, source_name: str, run: str | None
) -> str:
    prefix = settings.topics.prefix
    if source is None:
        return name_of_source("records", source_name, prefix=prefix, run=run)
    return topic_name("records", source, prefix=prefix, run=run)


def _log(cluster: str, found: TopicDescription | None) -> str | None:
    return None if found is None else f"{cluster}/{found.topic_id}"


def find_events(settings: Settings, topic: str, wanted: Collection[str]) -> dict[str, AnomalyEvent]:
    """Return the latest event of each wanted record, by what was wanted of it.

    Parameters
    ----------
    settings : Settings
        Section ``kafka`` is read.
    topic : str
        A topic of anomaly events; one that does not exist holds none.
    wanted : collection of str
        Ids and subjects of events. One that neither is found by is left out.

    Raises
    ------
    UsageError
        When a wanted event is of a later format, or no scorer wrote it.
    BrokerError
        When Kafka does not answer, or the topic may not be read.
    """
    found: dict[str, bytes] = {}
    if not wanted:
        return {}
    with (
        suppress(MissingTopicError),
        readable(settings.kafka, topic),
        TopicReading(settings.kafka, topic, group=GROUP, committed=True) as reading,
    ):
        for message in reading.messages(reading.spans()):
            value: Any = message.value()
            head = _head(value)
            if head is not None:
                found |= {name: value for name in (head.id, head.subject) if name in wanted}
    return {name: _event(name, value) for name, value in found.items()}


def _head(value: bytes | None) -> _Head | None:
    try:
        return _head_of(value or b"")
    except msgspec.DecodeError:
        return None  # anybody may have written what is no event


def _event(name: str, value: bytes) -> AnomalyEvent:
    head = _head_of(value)
    if head.type != ANOMALY_TYPE:
        version = head.type.rpartition(".v")[2]
        why = refusal("anomaly", int(version) if version.isdecimal() else head.type)
        raise UsageError(f"{name} is the event of a later version: {why}")
    try:
        return _event_of(value)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"an anomaly event is what a scorer wrote; that of {name} is none: {error}. Look who "
            "else writes to the topic"
        ) from error
