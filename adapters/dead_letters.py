"""The topic of dead letters, read as it stands, in whatever memory one batch takes."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from confluent_kafka import KafkaException

from adapters.message_headers import headers_of
from adapters.topic_reading import MissingTopicError, Span, TopicReading
from streamscore.dead_letters import (
    STATUSES,
    DeadLetter,
    LaterLetter,
    Place,
    Positions,
    Selection,
    Status,
    marked_position,
    read_letter,
)
from streamscore.errors import BrokerError, UsageError
from streamscore.runs import check_run_name
from streamscore.settings import Kafka, Settings
from streamscore.sources import Source, source_argument
from streamscore.topics import topic_name

_MOST_DIGITS = 19
"""Of an offset."""

Found = DeadLetter | LaterLetter | str | None
"""A letter; one of a later format; the position that a mark is for; None for none of these."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on the topic.

    Attributes
    ----------
    by_status : dict of Status to dict of str to int
        Letters of each status, by reason.
    latest : list of (DeadLetter, Status)
        The last ones, the latest first, and what a redrive does with each; without values and
        headers.
    later : int
        Letters of a later format, whatever was selected.
    why_later : str
        What to do about these; empty where there are none.
    foreign : int
        Messages that no scorer wrote.
    """

    by_status: dict[Status, dict[str, int]]
    latest: list[tuple[DeadLetter, Status]]
    later: int
    why_later: str
    foreign: int


class DeadLetters:
    """The dead letters of a source, or of one of its runs.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    source : Source
        The source.
    run : str, optional
        The run, open or closed; none for the live stream.

    Raises
    ------
    BrokerError
        From every method, when Kafka does not answer.
    UsageError
        When there is no such topic, or the name of the run breaks its rule.
    """

    def __init__(self, settings: Settings, source: Source, run: str | None = None) -> None:
        if run is not None:
            check_run_name(run)
        self.topic = topic_name("deadletters", source, prefix=settings.topics.prefix, run=run)
        self._run = run
        self._kafka: Kafka = settings.kafka
        self._source = source

    def ends(self) -> dict[int, Span]:
        """Return how far each partition reaches now, open transactions included."""
        with self._errors(), self._reading(committed=False) as reading:
            return reading.spans()

    def read(self, ends: Mapping[int, Span]) -> Iterator[Found]:
        """Yield what is committed before the ends, waiting for transactions that are open there."""
        for message in self._messages(ends):
            yield self._found(message)

    def sent(self, ends: Mapping[int, Span]) -> Positions:
        """Return the positions of all letters that were sent back."""
        positions = Positions()
        for found in self.read(ends):
            if isinstance(found, str):
                positions.add(found)
        return positions

    def counts(self, selection: Selection, latest: int) -> Counts:
        """Count the letters of a selection, and return the `latest` ones."""
        ends = self.ends()
        return count_letters(self.read(ends), self.sent(ends), selection, latest)

    def one(self, wanted: str) -> tuple[DeadLetter, bool]:
        """Return one letter, and whether it was sent.

        Parameters
        ----------
        wanted : str
            Its number, its record's position, or its record's `topic/partition/offset`.

        Raises
        ------
        UsageError
            When there is none, or it is of a later format.
        """
        ends = self.ends()
        place = _place(wanted)
        letter: DeadLetter | None = None
        is_sent = False
        for found in self.read(ends):
            if isinstance(found, DeadLetter):
                if found.place == place or wanted in (found.position, found.record):
                    letter, is_sent = found, False
            elif isinstance(found, LaterLetter):
                if found.place == place:
                    raise UsageError(found.why)
            elif letter is not None and found == letter.position:
                is_sent = True
        if letter is None:
            raise UsageError(
                "a dead letter is named by its number, by its record's position, or by "
                f"TOPIC/PARTITION/OFFSET of its record; {self.topic} has no {wanted}. "
                f"`streamscore deadletters list {self._argument()}` shows some"
            )
        return letter, is_sent

    def _found(self, message: Any) -> Found:
        own = headers_of(message)
        place = Place(message.partition(), message.offset())
        key, value = message.key(), message.value()
        mark = marked_position(key, value, own)
        return mark or read_letter(place, message.timestamp()[1], key, value, own)

    def _advice(self) -> str:
        name = self._source.name
        if self._run is None:
            create = f"`streamscore topics create --source {source_argument(name)}`"
            return f"A scorer of {name} creates it, or {create}"
        return f"`streamscore runs list {name}` shows the runs of {name}"

    def _argument(self) -> str:
        named = source_argument(self._source.name)
        return f"{named} --run {self._run}" if self._run else named

    def _messages(self, ends: Mapping[int, Span]) -> Iterator[Any]:
        with self._errors(), self._reading(committed=True) as reading:
            yield from reading.messages(ends)

    def _reading(self, *, committed: bool) -> TopicReading:
        return TopicReading(
            self._kafka, self.topic, group="streamscore-deadletters", committed=committed
        )

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except MissingTopicError as error:
            raise UsageError(
                f"dead letters are read from an existing topic; there is no {self.topic}. "
                f"{self._advice()}"
            ) from error
        except KafkaException as error:
            raise BrokerError(
                f"Kafka at {self._kafka.bootstrap_servers} must let {self.topic} be read; received "
                f"{error.args[0]}. Check that it runs, and the settings of [kafka]"
            ) from error


def count_letters(
    found: Iterable[Found], sent: Positions, selection: Selection, latest: int
) -> Counts:
    """Count what was found on a topic of dead letters.

    Parameters
    ----------
    found : iterable of Found
        Its messages, in their order.
    sent : Positions
        Of the letters that were sent back.
    selection : Selection
        Which letters are counted.
    latest : int
        How many of the last ones are returned, at least 0.
    """
    foreign, later, why = 0, 0, ""
    by_status: dict[Status, Counter[str]] = {status: Counter() for status in STATUSES}
    last: deque[tuple[DeadLetter, Status]] = deque(maxlen=latest)
    for one in found:
        foreign += one is None
        if isinstance(one, LaterLetter):
            later, why = later + 1, one.why
        if not isinstance(one, DeadLetter) or not selection.holds(one):
            continue
        # The status is told by value and headers, which are not kept: a letter may be large.
        status = one.status(is_sent=one.position in sent)
        by_status[status][one.reason] += 1
        last.append((msgspec.structs.replace(one, value=None, headers=()), status))
    return Counts(
        by_status={status: dict(counts.most_common()) for status, counts in by_status.items()},
        latest=list(last)[::-1],
        later=later,
        why_later=why,
        foreign=foreign,
    )


def _place(wanted: str) -> Place | None:
    partition, _, offset = wanted.rpartition("/")
    numbers = (partition or "0", offset)
    if not all(one.isdecimal() and len(one) <= _MOST_DIGITS for one in numbers):
        return None
    return Place(int(partition or 0), int(offset))
