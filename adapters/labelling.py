"""Gives labels: finds what a person names among events and records, and writes the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from adapters.flagged_events import Outlet, find_events, outlets
from adapters.labels_topic import GROUP, read_labels, write_labels
from adapters.record_places import Place, PlacedRecords, records_at
from adapters.topic_admin import TopicAdmin
from adapters.topic_reading import Span, readable
from streamscore.errors import UsageError
from streamscore.events import Anomaly, AnomalyEvent, iso_utc
from streamscore.labels import Label, RecordName, check_words, record_name
from streamscore.quantities import counted
from streamscore.settings import Settings
from streamscore.sources import Source


class GivenLabel(msgspec.Struct, frozen=True, kw_only=True):
    """A label as it was written, and what it is about.

    Attributes
    ----------
    label : Label
        The label.
    anomaly : Anomaly or None
        What the record's event says; None where there is none, or none any more.
    previous : Label or None
        The label whose place it took.
    """

    label: Label
    anomaly: Anomaly | None
    previous: Label | None


class _Sought(msgspec.Struct, frozen=True):
    """A record that a person names, and where it may be found.

    Attributes
    ----------
    name : RecordName
        The name.
    home : Outlet or None
        The outlet of the topic that is named; None where that is none of ours.
    key : str
        What its event is found by: an id, where one is known.
    """

    name: RecordName
    home: Outlet | None
    key: str


class _Found(msgspec.Struct, frozen=True):
    """Where a record is, and its event, if it was flagged."""

    event: str
    subject: str
    outlet: Outlet
    anomaly: Anomaly | None


def give_labels(
    settings: Settings,
    names: Sequence[str],
    verdict: bool,
    *,
    given_at_ms: int,
    source: Source | None = None,
    note: str | None = None,
    by: str | None = None,
) -> list[GivenLabel]:
    """Label records: all that are named, or none where one of them is not found.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    names : sequence of str
        Each the `id` or the `subject` of an anomaly event, or of one that is missing.
    verdict : bool
        Whether they are anomalies.
    given_at_ms : int
        The time, in milliseconds since the epoch.
    source : Source, optional
        Whose records they are. Without it every topic of anomaly events is looked through; a
        record that was not flagged is then known by a topic that is named as ours are.
    note, by : str, optional
        Why, and who says so.

    Raises
    ------
    UsageError
        When a record is named wrongly or not found, or a note or a name is too long.
    BrokerError
        When Kafka does not answer, or refuses.
    """
    check_words(note, by)
    wanted = [record_name(name) for name in names]
    with TopicAdmin(settings.kafka) as admin:
        there = outlets(admin, settings, source)
        found = _find(settings, there, [_sought(there, name) for name in wanted])
        before = read_labels(settings).newest
        given = []
        for event, one in {one.event: one for one in found}.items():
            previous = before.get(event)
            label = _label(one, previous, verdict, iso_utc(given_at_ms), note, by)
            given.append(GivenLabel(label=label, anomaly=one.anomaly, previous=previous))
        write_labels(settings, admin, [one.label for one in given])
    return given


def _label(
    found: _Found,
    previous: Label | None,
    verdict: bool,
    given_at: str,
    note: str | None,
    by: str | None,
) -> Label:
    version: str | UnsetType = UNSET
    if found.anomaly is not None:
        version = found.anomaly.model.version
    elif previous is not None:  # the event may be gone since
        version = previous.model_version
    return Label(
        event=found.event,
        subject=found.subject,
        source=found.outlet.source,
        run=found.outlet.run or UNSET,
        verdict=verdict,
        flagged=version is not UNSET,
        model_version=version,
        note=note or UNSET,
        by=by or UNSET,
        given_at=given_at,
    )


def _sought(there: Sequence[Outlet], name: RecordName) -> _Sought:
    if name.log is not None:
        home = next((one for one in there if one.log == name.log), None)
        return _Sought(name, home, name.identity(name.log))
    # A topic's name stands for the one that has it now, whatever had it before.
    home = next((one for one in there if one.records == name.topic), None)
    is_known = home is not None and home.log is not None
    return _Sought(name, home, name.identity(home.log) if home and is_known else name.subject)


def _find(settings: Settings, there: Sequence[Outlet], sought: Sequence[_Sought]) -> list[_Found]:
    events: dict[str, tuple[Outlet, AnomalyEvent]] = {}
    for outlet in there:
        keys = {one.key for one in sought if one.home in (None, outlet)}
        for key, event in find_events(settings, outlet.anomalies, keys).items():
            events[key] = (outlet, event)
    unflagged = _unflagged(settings, [one for one in sought if one.key not in events])
    found = []
    for one in sought:
        if one.key in events:
            outlet, event = events[one.key]
            found.append(_Found(event.id, event.subject, outlet, event.data))
        else:
            found.append(_checked(one, there, unflagged, settings))
    return found


def _unflagged(settings: Settings, sought: Sequence[_Sought]) -> dict[str, PlacedRecords]:
    """Read the records that have no event, by topic."""
    places: dict[str, list[Place]] = {}
    for one in sought:
        if one.home is not None and one.home.log is not None:
            places.setdefault(one.home.records, []).append((one.name.partition, one.name.offset))
    read = {}
    for topic, wanted in places.items():
        with readable(settings.kafka, topic):
            read[topic] = records_at(settings.kafka, topic, wanted, group=GROUP)
    return read


def _checked(
    one: _Sought, there: Sequence[Outlet], read: Mapping[str, PlacedRecords], settings: Settings
) -> _Found:
    """Return a record that has no event; refuse where there is none."""
    home, name = one.home, one.name
    if home is None or home.log is None:
        looked = ", ".join(outlet.anomalies for outlet in there) or "no topic of anomaly events"
        raise UsageError(
            f"a label is for a record that has an event, or is in a topic of ours; {name.text} has "
            f"none in {looked} at {settings.kafka.bootstrap_servers}, and its topic is none of "
            "theirs. Copy the `id` or the `subject` of an event; name a source that reads a topic "
            "of its own with --source FILE.toml"
        )
    records = read[home.records]
    if (name.partition, name.offset) not in records.found:
        raise UsageError(
            f"a label is for a record; {name.text} has no event in {home.anomalies}, and "
            f"{home.records} has no record there: {_what_is_there(records.spans, name.partition)}. "
            "Copy the `id` or the `subject` of an event, or take partition and offset of a record "
            "that is still there"
        )
    place = f"{name.partition}/{name.offset}"
    return _Found(name.identity(home.log), f"{home.records}/{place}", home, None)


def _what_is_there(spans: Mapping[int, Span], partition: int) -> str:
    if partition not in spans:
        numbers = "0" if len(spans) == 1 else f"0 to {len(spans) - 1}"
        return f"it has {counted(len(spans), 'partition')}, {numbers}, and no {partition}"
    span = spans[partition]
    if span.low == span.high:
        return f"its partition {partition} is empty"
    held = f"its partition {partition} holds offsets {span.low} to before {span.high}"
    return f"{held}, some of them marks"
