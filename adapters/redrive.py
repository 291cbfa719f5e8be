"""Sends dead letters back to where their records came from, in one transaction with its marks.

The transactional id is that of the source, or of its run: of two redrives the later one fences the
earlier and ends what it left open; only then does it look for what was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from confluent_kafka import KafkaException, Producer

from adapters.dead_letters import DeadLetters
from adapters.kafka_clients import librdkafka_config
from adapters.patient_commit import commit
from adapters.runs_topic import read_runs
from streamscore.dead_letters import DeadLetter, LaterLetter, Selection
from streamscore.errors import BrokerError
from streamscore.headers import REDRIVEN
from streamscore.runs import check_open
from streamscore.settings import Settings
from streamscore.sources import Source
from streamscore.topics import largest_message_bytes, topic_name

_TIMEOUT_SECONDS = 30.0
_TRANSACTION_TIMEOUT_MS = 300_000
_MOST_QUEUED = 10_000
_UNCERTAIN = "The records may have been sent. Ask again: a second redrive repeats nothing"

Point = Callable[[str, Producer], None]
"""Called between the last message and the commit, for tests that crash there."""


def _keep_quiet(_line: str) -> None:
    """Say nothing."""


class Sent(msgspec.Struct):
    """What was sent to one partition: how many, and their first and last offset."""

    records: int = 0
    first_offset: int = -1
    last_offset: int = -1


class Redriven(msgspec.Struct, frozen=True, kw_only=True):
    """What a redrive did, or would do.

    Attributes
    ----------
    topic : str
        Where the records went.
    records : int
        How many.
    by_reason : dict of str to int
        The reasons of their letters.
    partitions : dict of int to Sent
        Where they lie now; empty where nothing was sent.
    left : dict of str to int
        Letters of the selection that were left: `redriven` before, `returned`, `tombstone`,
        `incomplete`, `beyond_limit`; and of all, those of a `later_format`.
    why_later : str
        What to do about letters of a later format; empty where there are none.
    foreign : int
        Messages on the topic that no scorer wrote.
    is_dry : bool
        Whether nothing was sent because that was asked for.
    """

    topic: str
    records: int
    by_reason: dict[str, int]
    partitions: dict[int, Sent]
    left: dict[str, int]
    why_later: str
    foreign: int
    is_dry: bool


class Redrive:
    """One redrive of the dead letters of a source, or of one of its open runs.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka``, ``topics`` and ``scorer`` are read.
    source : Source
        The source.
    selection : Selection
        Which letters are meant.
    again : bool
        Whether records that were sent back before and are bad still are sent once more.
    limit : int or None
        How many are sent at most, the oldest first.
    run : str or None
        The run; none for the live stream.
    tell : callable
        Called with a line when Kafka makes wait.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        selection: Selection,
        *,
        again: bool = False,
        limit: int | None = None,
        run: str | None = None,
        tell: Callable[[str], None] = _keep_quiet,
    ) -> None:
        self._settings = settings
        self._source = source
        self._selection = selection
        self._again = again
        self._limit = limit
        self._run = run
        self._tell = tell
        self._letters = DeadLetters(settings, source, run)
        self._topic = topic_name("records", source, prefix=settings.topics.prefix, run=run)
        self._by_reason: Counter[str] = Counter()
        self._left: Counter[str] = Counter()
        self._partitions: dict[int, Sent] = {}
        self._foreign = 0
        self._why_later = ""

    def plan(self) -> Redriven:
        """Return what would be sent, and send nothing.

        Raises
        ------
        UsageError
            When there are no such letters, or the run is not open.
        """
        self._check_run()
        for letter in self._wanted():
            self._by_reason[letter.reason] += 1
        return self._result(is_dry=True)

    def run(self, at_point: Point = lambda _name, _producer: None) -> Redriven:
        """Send the letters back.

        Parameters
        ----------
        at_point : callable
            Called before the commit.

        Raises
        ------
        UsageError
            When there are no such letters, or the run is not open.
        BrokerError
            When Kafka refused, or another redrive took this one's place: nothing was sent. Also
            when Kafka did not answer to the commit: the message says that some may have been sent.
        """
        self._check_run()
        self._letters.ends()  # there must be some, before anything is made
        with self._errors():
            producer = Producer(self._config())
            known = producer.list_topics(self._topic, _TIMEOUT_SECONDS).topics[self._topic]
            producer.init_transactions(_TIMEOUT_SECONDS)
            producer.begin_transaction()
            try:
                for letter in self._wanted():
                    self._send(producer, letter, len(known.partitions))
                at_point("before_commit", producer)
            except BaseException:
                _abort(producer)
                raise
            self._commit(producer)
        return self._result(is_dry=False)

    def _check_run(self) -> None:
        if self._run is not None:
            check_open(read_runs(self._settings), self._source.name, self._run)

    def _commit(self, producer: Producer) -> None:
        try:
            commit(producer, _UNCERTAIN, self._tell)
        except KafkaException:
            _abort(producer)
            raise

    def _wanted(self) -> Iterator[DeadLetter]:
        ends = self._letters.ends()
        sent, wanted = self._letters.sent(ends), 0
        for found in self._letters.read(ends):
            self._foreign += found is None
            if isinstance(found, LaterLetter):
                self._left["later_format"] += 1
                self._why_later = found.why
            if not isinstance(found, DeadLetter) or not self._selection.holds(found):
                continue
            obstacle = "redriven" if found.position in sent else found.obstacle
            if obstacle is not None and not (obstacle == "returned" and self._again):
                self._left[obstacle] += 1
            elif wanted == self._limit:
                self._left["beyond_limit"] += 1
            else:
                # Offsets that were set back by hand give a record two letters.
                sent.add(found.position)
                wanted += 1
                yield found

    def _send(self, producer: Producer, letter: DeadLetter, partitions: int) -> None:
        self._by_reason[letter.reason] += 1
        _produce(
            producer,
            self._topic,
            value=letter.value,
            key=letter.key,
            # One that is gone, as where a topic was made anew, leaves the choice to the key.
            partition=letter.partition if letter.partition < partitions else -1,
            headers=letter.original(),
            on_delivery=self._delivered,
        )
        mark = [(REDRIVEN, letter.position.encode())]
        _produce(producer, self._letters.topic, value=None, headers=mark)

    def _delivered(self, error: Any, message: Any) -> None:
        if error is not None:
            return  # the commit fails
        sent = self._partitions.setdefault(message.partition(), Sent(0, message.offset()))
        sent.records += 1
        sent.first_offset = min(sent.first_offset, message.offset())
        sent.last_offset = max(sent.last_offset, message.offset())

    def _result(self, *, is_dry: bool) -> Redriven:
        return Redriven(
            topic=self._topic,
            records=self._by_reason.total(),
            by_reason=dict(self._by_reason.most_common()),
            partitions=dict(sorted(self._partitions.items())),
            left=dict(self._left.most_common()),
            why_later=self._why_later,
            foreign=self._foreign,
            is_dry=is_dry,
        )

    def _config(self) -> dict[str, Any]:
        settings = self._settings
        group = settings.topics.prefix + settings.scorer.group
        run = f".{self._run}" if self._run else ""
        return {
            **librdkafka_config(settings.kafka),
            "transactional.id": f"{group}.redrive.{self._source.name}{run}",
            "transaction.timeout.ms": _TRANSACTION_TIMEOUT_MS,
            "message.max.bytes": largest_message_bytes(settings.scorer.record_max_bytes),
            "queue.buffering.max.messages": _MOST_QUEUED,
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "linger.ms": 5,
            "log_level": "2",
        }

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            cause = error.args[0]
            if "fenced" in cause.str().lower() or "epoch" in cause.str().lower():
                raise BrokerError(
                    f"one redrive of {self._source.name} runs at a time; another one took the "
                    "place of this one. Nothing was sent by this one"
                ) from error
            raise BrokerError(
                f"Kafka at {self._settings.kafka.bootstrap_servers} must take what is sent back to "
                f"{self._topic}; received {cause.str()}. Nothing was sent. Ask again; where there "
                "are very many, send some at a time with --limit"
            ) from error


def _produce(producer: Producer, topic: str, **message: Any) -> None:
    while True:
        try:
            producer.produce(topic, **message)
            break
        except BufferError:
            producer.poll(0.05)
    producer.poll(0)


def _abort(producer: Producer) -> None:
    try:
        producer.abort_transaction(_TIMEOUT_SECONDS)
    except KafkaException:
        return  # fenced: whoever came later has aborted it
