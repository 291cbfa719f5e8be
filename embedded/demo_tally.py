"""What was seen on the topics of a demo, counted record by record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from streamscore import headers
from streamscore.events import Attribution

Headers = Sequence[tuple[str, bytes | None]]

_FIRST_REASONS = 3


class Place(NamedTuple):
    """Where a record lies in its topic."""

    partition: int
    offset: int


class Sent(NamedTuple):
    """A record on its topic.

    Attributes
    ----------
    produced_ms : int
        Its Kafka timestamp, milliseconds since 1970.
    injected : str or None
        The kind of anomaly that was put into it.
    """

    produced_ms: int
    injected: str | None


class Tally:
    """Counts records, anomalies and dead letters as they are read.

    A repeat is counted apart and nowhere else: exactly once means that there is none.

    Attributes
    ----------
    records : dict of Place to Sent
        The records; control records are none.
    anomalies, dead_letters : dict of Place to int
        When the event of a record was read, milliseconds since 1970.
    explained : set of Place
        Of the anomalies, those whose first reasons name a field that was changed on purpose.
    reasons : Counter of str
        Dead letters by reason.
    repeats : int
        Anomalies and dead letters of a record that already had one.
    """

    def __init__(self) -> None:
        self.records: dict[Place, Sent] = {}
        self.anomalies: dict[Place, int] = {}
        self.dead_letters: dict[Place, int] = {}
        self.explained: set[Place] = set()
        self.reasons: Counter[str] = Counter()
        self.repeats = 0

    def take_record(
        self, place: Place, value: bytes | None, own: Headers, produced_ms: int
    ) -> None:
        """Count a message of the records topic, unless it is a control record."""
        if not value and header(own, headers.CONTROL) is not None:
            return
        self.records[place] = Sent(produced_ms, header(own, headers.INJECTED))

    def take_anomaly(self, place: Place, read_ms: int, *, is_explained: bool = False) -> None:
        """Count the anomaly event of a record, and whether it names a field that was changed."""
        self._take(self.anomalies, place, read_ms)
        if is_explained:
            self.explained.add(place)

    def take_dead_letter(self, own: Headers, read_ms: int) -> None:
        """Count a dead letter, whose headers say what record it was."""
        *_, partition, offset = (header(own, headers.POSITION) or "0/0").split("/")
        self._take(self.dead_letters, Place(int(partition), int(offset)), read_ms)
        self.reasons[header(own, headers.REASON) or ""] += 1

    def injected(self) -> Counter[str]:
        """Count the injected records by kind."""
        return self._injected_at(self.records)

    def found(self) -> Counter[str]:
        """Count the injected records that were flagged, by kind."""
        return self._injected_at(self.anomalies)

    def found_by_a_changed_field(self) -> Counter[str]:
        """Count those of them whose first reasons name a field that was changed, by kind."""
        return self._injected_at(self.explained)

    def _injected_at(self, places: Iterable[Place]) -> Counter[str]:
        found = (self.records[place].injected for place in places if place in self.records)
        return Counter(kind for kind in found if kind)

    def latencies_ms(self) -> list[int]:
        """Return, for each event, the time from producing its record to reading the event."""
        events = {**self.anomalies, **self.dead_letters}
        return [
            read_ms - self.records[place].produced_ms
            for place, read_ms in events.items()
            if place in self.records
        ]

    def strangers(self) -> int:
        """Count the events of records that were never on the topic."""
        return sum(
            place not in self.records
            for seen in (self.anomalies, self.dead_letters)
            for place in seen
        )

    def _take(self, seen: dict[Place, int], place: Place, read_ms: int) -> None:
        if place in self.anomalies or place in self.dead_letters:
            self.repeats += 1
        else:
            seen[place] = read_ms


def header(own: Headers, name: str) -> str | None:
    """Return the last header of a name as text, None where there is none.

    Examples
    --------
    >>> header([("streamscore-injected", b"sum")], "streamscore-injected")
    'sum'
    """
    for key, value in reversed(own):
        if key == name:
            return (value or b"").decode("utf-8", "replace")
    return None


def names_a_changed_field(attribution: Sequence[Attribution], own: Headers) -> bool:
    """Say whether one of the first three reasons names a field that a header says was changed.

    Examples
    --------
    >>> own = [("streamscore-injected-fields", b'["rating"]')]
    >>> reasons = [Attribution("text", 0.7, "Soft"), Attribution("rating", 0.3, 1)]
    >>> names_a_changed_field(reasons, own)
    True
    """
    changed = msgspec.json.decode(header(own, headers.INJECTED_FIELDS) or "[]", type=set[str])
    first = attribution[:_FIRST_REASONS]
    return any(not changed.isdisjoint((one.field, *(one.also or ()))) for one in first)
