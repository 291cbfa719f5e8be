"""Takes labels back: finds those that a person names, and writes that they are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.flagged_events import Outlet, outlets
from adapters.labels_topic import read_labels, remove_labels
from adapters.topic_admin import TopicAdmin
from streamscore.errors import UsageError
from streamscore.labels import Label, RecordName, record_name
from streamscore.settings import Settings
from streamscore.sources import Source


def take_back_labels(
    settings: Settings, names: Sequence[str], *, source: Source | None = None
) -> list[Label]:
    """Take back the labels of records: of all that are named, or of none where one has none.

    The records need not be there any more.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    names : sequence of str
        Each the `id` or the `subject` of an event, as for a label that is given.
    source : Source, optional
        Whose records they are; as for a label that is given.

    Returns
    -------
    list of Label
        What the records were labelled as.

    Raises
    ------
    UsageError
        When a record is named wrongly, or has no label.
    BrokerError
        When Kafka does not answer, or refuses.
    """
    wanted = [record_name(name) for name in names]
    newest = read_labels(settings).newest
    with TopicAdmin(settings.kafka) as admin:
        there = outlets(admin, settings, source)
        taken = {one.event: one for one in (_label_of(newest, there, name) for name in wanted)}
        remove_labels(settings, list(taken))
    return list(taken.values())


def _label_of(newest: Mapping[str, Label], there: Sequence[Outlet], name: RecordName) -> Label:
    found = _labels_like(newest, there, name)
    if not found:
        raise UsageError(
            f"a label is taken back where there is one; {name.text} has none. `streamscore labels` "
            "lists the latest"
        )
    if len(found) > 1:
        events = " or ".join(label.event for label in found)
        raise UsageError(
            f"{name.text} has labels of topics that had that name one after the other. Name the "
            f"record by its id, {events}"
        )
    return found[0]


def _labels_like(
    newest: Mapping[str, Label], there: Sequence[Outlet], name: RecordName
) -> list[Label]:
    # A topic's name stands for the one that has it now, as where a label is given.
    logs = [one.log for one in there if one.records == name.topic and one.log is not None]
    log = name.log or next(iter(logs), None)
    if log is None:  # the topic is gone, or of a name of its own
        return [label for label in newest.values() if label.subject == name.subject]
    label = newest.get(name.identity(log))
    return [] if label is None else [label]
