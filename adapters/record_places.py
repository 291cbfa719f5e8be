"""Single records of a topic, found by partition and offset."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from adapters.message_headers import headers_of
from adapters.topic_reading import Span, TopicReading
from streamscore.headers import CONTROL
from streamscore.settings import Kafka

Place = tuple[int, int]
"""Partition and offset."""

_WIDEST_GAP = 1000
"""Records between two wanted ones that are read and not used: cheaper than to seek anew."""


class PlacedRecords(NamedTuple):
    """What was found.

    Attributes
    ----------
    found : dict of Place to bytes
        The values that are there. No control record, tombstone or aborted record is.
    spans : dict of int to Span
        How far each partition reaches.
    """

    found: dict[Place, bytes]
    spans: dict[int, Span]


def records_at(kafka: Kafka, topic: str, places: Collection[Place], *, group: str) -> PlacedRecords:
    """Read the committed records at some places.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topic : str
        The topic.
    places : collection of Place
        Which; those outside the topic are passed over.
    group : str
        A name for librdkafka, which the reader needs the right to.

    Raises
    ------
    MissingTopicError
        When there is no such topic.
    KafkaException
        When Kafka does not answer or refuses.
    """
    wanted: set[Place] = set(places)
    found: dict[Place, bytes] = {}
    with TopicReading(kafka, topic, group=group, committed=True) as reading:
        spans = reading.spans()
        for stretches in stretches_of(wanted, spans):
            for message in reading.messages(stretches):
                place = (message.partition() or 0, message.offset() or 0)
                value = _value(message) if place in wanted else None
                if value is not None:
                    found[place] = value
    return PlacedRecords(found, spans)


def stretches_of(places: Collection[Place], spans: Mapping[int, Span]) -> Iterator[dict[int, Span]]:
    """Yield what to read, one stretch of each partition at a time, to pass by every place.

    Examples
    --------
    >>> spans = {0: Span(5, 9000), 1: Span(0, 3)}
    >>> list(stretches_of([(0, 4), (0, 7), (0, 9), (0, 8000), (1, 2), (1, 3), (2, 0)], spans))
    [{0: Span(low=7, high=10), 1: Span(low=2, high=3)}, {0: Span(low=8000, high=8001)}]
    """
    of_partition: dict[int, list[Span]] = {}
    for number, offset in sorted(places):
        low, high = spans.get(number, Span(0, 0))
        if not low <= offset < high:
            continue
        stretches = of_partition.setdefault(number, [])
        if stretches and offset - stretches[-1].high < _WIDEST_GAP:
            stretches[-1] = Span(stretches[-1].low, offset + 1)
        else:
            stretches.append(Span(offset, offset + 1))
    rounds = max(map(len, of_partition.values()), default=0)
    for i in range(rounds):
        yield {number: found[i] for number, found in of_partition.items() if i < len(found)}


def _value(message: Any) -> bytes | None:
    is_control = any(name == CONTROL for name, _ in headers_of(message))
    value: bytes | None = message.value()
    return None if is_control else value
