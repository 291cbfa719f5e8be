"""The topic of dead letters, read as it stands, in whatever memory one batch takes."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from confluent_kafka import KafkaException

from adapters.message_headers import headers_of
from adapters.topic_reading import MissingTopicError, Span, TopicReading
from streamscore.dead_letters import (
    DeadLetter,
    Place,
    Positions,
    Selection,
    marked_position,
    read_letter,
)
from streamscore.errors import BrokerError, UsageError
from streamscore.settings import Kafka, Settings
from streamscore.sources import Source
from streamscore.topics import topic_name

Found = DeadLetter | str | None
"""A letter; the position that a mark is for; None for what is neither."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on the topic.

    Attributes
    ----------
    pending, redriven : dict of str to int
        Letters by reason: those that were not sent back, and those that were.
    latest : list of (DeadLetter, bool)
        The last ones, the latest first, and whether each was sent back; without their values.
    foreign : int
        Messages that no scorer wrote.
    """

    pending: dict[str, int]
    redriven: dict[str, int]
    latest: list[tuple[DeadLetter, bool]]
    foreign: int


class DeadLetters:
    """The dead letters of a source.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka`` and ``topics`` are read.
    source : Source
        The source.

    Raises
    ------
    BrokerError
        From every method, when Kafka does not answer.
    UsageError
        When there is no such topic.
    """

    def __init__(self, settings: Settings, source: Source) -> None:
        self.topic = topic_name("deadletters", source, prefix=settings.topics.prefix)
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
        sent, foreign = self.sent(ends), 0
        by_status: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        last: deque[tuple[DeadLetter, bool]] = deque(maxlen=latest)
        for found in self.read(ends):
            foreign += found is None
            if not isinstance(found, DeadLetter) or not selection.holds(found):
                continue
            is_sent = found.position in sent
            by_status[is_sent][found.reason] += 1
            last.append((msgspec.structs.replace(found, value=None, headers=()), is_sent))
        return Counts(
            pending=dict(by_status[0].most_common()),
            redriven=dict(by_status[1].most_common()),
            latest=list(last)[::-1],
            foreign=foreign,
        )

    def one(self, wanted: str) -> tuple[DeadLetter, bool]:
        """Return one letter by its number or by its record's position, and whether it was sent.

        Raises
        ------
        UsageError
            When there is none.
        """
        ends = self.ends()
        place = _place(wanted)
        letter: DeadLetter | None = None
        is_sent = False
        for found in self.read(ends):
            if isinstance(found, DeadLetter):
                if found.place == place or found.position == wanted:
                    letter, is_sent = found, False
            elif letter is not None and found == letter.position:
                is_sent = True
        if letter is None:
            raise UsageError(
                f"a dead letter is named by its number or by its record's position; {self.topic} "
                f"has no {wanted}. `streamscore deadletters list {self._source.name}` shows some"
            )
        return letter, is_sent

    def _found(self, message: Any) -> Found:
        own = headers_of(message)
        place = Place(message.partition(), message.offset())
        mark = marked_position(own)
        if mark is not None:
            return mark
        return read_letter(place, message.timestamp()[1], message.key(), message.value(), own)

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
                f"dead letters are read from an existing topic; there is no {self.topic}. A "
                f"scorer of {self._source.name} creates it, or `streamscore topics create`"
            ) from error
        except KafkaException as error:
            raise BrokerError(
                f"Kafka at {self._kafka.bootstrap_servers} must let {self.topic} be read; received "
                f"{error.args[0]}. Check that it runs, and the settings of [kafka]"
            ) from error


def _place(wanted: str) -> Place | None:
    partition, _, offset = wanted.rpartition("/")
    if not offset.isdecimal() or not (partition or "0").isdecimal():
        return None
    return Place(int(partition or 0), int(offset))
