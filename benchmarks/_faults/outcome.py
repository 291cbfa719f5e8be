"""What a run wrote, as a read-committed reader sees it, and what must hold of it."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from msgspec import Struct

from adapters.message_headers import headers_of
from streamscore import headers

_PATIENCE_SECONDS = 60.0

Place = tuple[str, int, int]
"""Topic id, partition, offset of a record."""


class Records(NamedTuple):
    """What lies on the records topic: places of records, and how often each row id occurs."""

    places: frozenset[tuple[int, int]]
    row_ids: Counter[bytes]


class Outcome(Struct, frozen=True):
    """What was written, each as a list by the place of its record.

    Attributes
    ----------
    scores, events : dict of Place to list of dict
        Score lines; events without their time of processing, with their headers and keys.
    dead : dict of Place to list
        Dead letters: reason, detail, body, key.
    """

    scores: dict[Place, list[Any]]
    events: dict[Place, list[Any]]
    dead: dict[Place, list[Any]]


class Verdict(Struct, frozen=True, kw_only=True):
    """What is wrong; each a count of records, and 0 where all is well.

    Attributes
    ----------
    missing : int
        Records in neither scores nor dead letters.
    repeated : int
        Records that are there more than once, or in both.
    strange : int
        Outputs of places that hold no record.
    repeated_events : int
        Records with more than one event.
    unflagged_events : int
        Flagged records without an event, and events of records that are not flagged.
    row_ids_missing, row_ids_repeated : int
        Row ids that are not on the records topic, or more than once.
    """

    missing: int
    repeated: int
    strange: int
    repeated_events: int
    unflagged_events: int
    row_ids_missing: int
    row_ids_repeated: int


def read_topic(bootstrap_servers: str, topic: str, partitions: int) -> Iterator[Message]:
    """Yield every committed message of a topic, up to its end.

    Raises
    ------
    TimeoutError
        When the broker does not answer.
    """
    config: dict[str, Any] = {
        "bootstrap.servers": bootstrap_servers,
        "group.id": "faults-reader",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "fetch.queue.backoff.ms": 5,
        "log_level": 2,
    }
    consumer = Consumer(config)
    try:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        open_partitions = set(range(partitions))
        while open_partitions:
            messages = consumer.consume(10_000, 0.1)
            if messages:
                deadline = time.monotonic() + _PATIENCE_SECONDS
            elif time.monotonic() > deadline:
                raise TimeoutError(f"{topic} gave nothing for {_PATIENCE_SECONDS:.0f} s")
            for message in messages:
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_partitions.discard(message.partition() or 0)
                elif not error.retriable():
                    raise KafkaException(error)
    finally:
        consumer.close()


def records_on(bootstrap_servers: str, topic: str, partitions: int) -> Records:
    """Read the records topic."""
    places: list[tuple[int, int]] = []
    row_ids: list[bytes] = []
    for message in read_topic(bootstrap_servers, topic, partitions):
        own = headers_of(message)
        if not any(name == headers.CONTROL for name, _ in own):
            places.append(_at(message))
            row_ids.append(_header(own, headers.ROW))
    return Records(frozenset(places), Counter(row_ids))


def outcome_of(
    bootstrap_servers: str, topics: Mapping[str, str], topic_id: str, partitions: int
) -> Outcome:
    """Read what a run wrote.

    Parameters
    ----------
    bootstrap_servers : str
        The broker.
    topics : mapping of str to str
        Names of the output topics by kind.
    topic_id : str
        Id of the records topic; score lines do not name it.
    partitions : int
        Partitions of the scores topic.
    """
    outcome = Outcome({}, {}, {})
    for message in read_topic(bootstrap_servers, topics["scores"], partitions):
        line = msgspec.json.decode(message.value() or b"")
        _add(outcome.scores, (topic_id, line["partition"], line["offset"]), line)
    for message in read_topic(bootstrap_servers, topics["anomalies"], 1):
        event = msgspec.json.decode(message.value() or b"")
        del event["time"]
        _, own_id, partition, offset = event["id"].split("/")
        kept = (event, message.key(), headers_of(message))
        _add(outcome.events, (own_id, int(partition), int(offset)), kept)
    for message in read_topic(bootstrap_servers, topics["deadletters"], 1):
        own = headers_of(message)
        _, own_id, partition, offset = _header(own, headers.POSITION).decode().split("/")
        kept_dead = (message.value(), message.key(), own)
        _add(outcome.dead, (own_id, int(partition), int(offset)), kept_dead)
    return outcome


def judge(outcome: Outcome, records: Records, topic_id: str, row_ids: Counter[bytes]) -> Verdict:
    """Compare what was written with what was to be read."""
    expected = {(topic_id, *at) for at in records.places}
    times = Counter({place: len(found) for place, found in outcome.scores.items()})
    times.update({place: len(found) for place, found in outcome.dead.items()})
    flagged = {place for place, lines in outcome.scores.items() if lines[0]["flagged"]}
    return Verdict(
        missing=len(expected - set(times)),
        repeated=sum(count > 1 for count in times.values()),
        strange=len((set(times) | set(outcome.events)) - expected),
        repeated_events=sum(len(found) > 1 for found in outcome.events.values()),
        unflagged_events=len(flagged ^ set(outcome.events)),
        row_ids_missing=len(row_ids - records.row_ids),
        row_ids_repeated=sum((records.row_ids - row_ids).values()),
    )


def differences(one: Outcome, other: Outcome) -> dict[str, int]:
    """Count the places whose scores, p-values, events or dead letters are not equal."""
    return {
        "scores": _unequal(one.scores, other.scores),
        "events": _unequal(one.events, other.events),
        "dead_letters": _unequal(one.dead, other.dead),
    }


def reasons_of(outcome: Outcome) -> Counter[str]:
    """Count dead letters by reason."""
    return Counter(
        _header(own, headers.REASON).decode()
        for found in outcome.dead.values()
        for _, _, own in found
    )


def _unequal(one: dict[Place, list[Any]], other: dict[Place, list[Any]]) -> int:
    return sum(one.get(place) != other.get(place) for place in one.keys() | other.keys())


def _at(message: Message) -> tuple[int, int]:
    return message.partition() or 0, message.offset() or 0


def _add(found: dict[Place, list[Any]], place: Place, what: Any) -> None:
    found.setdefault(place, []).append(what)


def _header(own: list[Any], wanted: str) -> bytes:
    return next(bytes(value) for name, value in own if name == wanted)
