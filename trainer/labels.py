"""Labelled records: what people said of a source's records, with the records themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from adapters.flagged_events import Outlet, find_events, outlet_of
from adapters.labels_topic import GROUP, read_labels
from adapters.record_places import Place, records_at
from adapters.topic_admin import TopicAdmin
from adapters.topic_reading import readable
from streamscore.events import AnomalyEvent
from streamscore.labels import Label, Labels
from streamscore.settings import Settings
from streamscore.sources import Source


class LabelledRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of which a person said whether it is an anomaly.

    Attributes
    ----------
    value : bytes
        As it lies on its topic, or as its event quotes it.
    is_anomaly : bool
        The newest verdict.
    is_flagged : bool
        Whether the scorer had flagged it.
    event : str
        The record's position, which is the id of its event.
    """

    value: bytes
    is_anomaly: bool
    is_flagged: bool
    event: str


class LabelledRecords(msgspec.Struct, frozen=True, kw_only=True):
    """The labelled records of a stream.

    Attributes
    ----------
    records : sequence of LabelledRecord
        In the order in which they were labelled.
    unusable : dict of str to int
        Labels without a record, by why: `gone`, nothing holds it any more; `masked`, only its event
        does, where private fields are masked; `later_format`, of all sources together.
    """

    records: Sequence[LabelledRecord]
    unusable: dict[str, int]


def labelled_records(settings: Settings, source: Source, run: str | None = None) -> LabelledRecords:
    """Return the labelled records of a source's live stream, or of one of its runs.

    They are read from the records topic. One that is no longer there, or was in a topic that was
    made anew since, is taken from its anomaly event, which quotes it.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    source : Source
        The source.
    run : str, optional
        The run; the live stream by default.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or a topic may not be read.
    UsageError
        When an event that must be read is of a later format.
    """
    read = read_labels(settings)
    labels = _of_stream(read, source, run)
    outlet = _outlet(settings, source, run) if labels else None
    lying = _lying_records(settings, outlet, labels) if outlet else {}
    gone = {one.event for one in labels if one.event not in lying and one.flagged}
    is_masked = bool(source.private_paths())
    events = find_events(settings, outlet.anomalies, gone) if outlet and not is_masked else {}
    records, unusable = [], Counter({"later_format": read.later})
    for label in labels:
        value = lying.get(label.event) or _quoted(events.get(label.event))
        if value is None:
            unusable["masked" if is_masked and label.flagged else "gone"] += 1
        else:
            records.append(
                LabelledRecord(
                    value=value,
                    is_anomaly=label.verdict,
                    is_flagged=label.flagged,
                    event=label.event,
                )
            )
    return LabelledRecords(records=records, unusable=dict(+unusable))


def labelled_anomalies(
    settings: Settings, source: Source, run: str | None = None
) -> frozenset[Place]:
    """Return partition and offset of the records that were labelled as anomalies.

    Only of the records topic as it is: of one that was made anew, what was labelled before is gone.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    source : Source
        The source.
    run : str, optional
        The run; the live stream by default.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or the topic of labels may not be read.
    """
    true = [one for one in _of_stream(read_labels(settings), source, run) if one.verdict]
    log = _outlet(settings, source, run).log if true else None
    return frozenset(one.place for one in true if log is not None and one.is_of(log))


def _of_stream(labels: Labels, source: Source, run: str | None) -> list[Label]:
    return [
        label
        for label in labels.newest.values()
        if label.source == source.name and (label.run or None) == run
    ]


def _outlet(settings: Settings, source: Source, run: str | None) -> Outlet:
    with TopicAdmin(settings.kafka) as admin:
        return outlet_of(admin, settings, source, run)


def _lying_records(settings: Settings, outlet: Outlet, labels: Sequence[Label]) -> dict[str, bytes]:
    """Return the labelled records that lie on the topic, by their position."""
    if outlet.log is None:
        return {}
    places = {one.place: one.event for one in labels if one.is_of(outlet.log)}
    with readable(settings.kafka, outlet.records):
        found = records_at(settings.kafka, outlet.records, places, group=GROUP).found
    return {places[place]: value for place, value in found.items()}


def _quoted(event: AnomalyEvent | None) -> bytes | None:
    if event is None or event.data.record_sha256 is not None:
        return None
    return bytes(event.data.record)
