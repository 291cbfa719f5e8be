"""The machinery of every processor: consume, process and produce in one Kafka transaction.

A processor reads committed records, folds them with its step, and commits outputs, state and
offsets together. A batch is a transaction; after an abort every owned partition is sought back to
its committed offset and its state loaded again. Rebalances happen only between transactions.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from scorer.positions import Found, Start, start_at
from scorer.state_log import StateLog
from scorer.step import Message, Output, Step
from scorer.wiring import Wiring, consumer_config, producer_config
from streamscore.errors import BrokerError, OffsetError

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 30.0
_LAG_EVERY_SECONDS = 1.0

Point = Callable[[str, Producer], None]
"""Called at named points of each transaction, for tests that crash there."""


def pass_by(_name: str, _producer: Producer) -> None:
    """Do nothing at a named point."""


class _Owned:
    """A partition this worker owns."""

    def __init__(self, start: Start, now_seconds: float) -> None:
        self.next_offset = start.read_from
        self.emit_from = start.emit_from
        self.since_checkpoint = 0
        self.checkpoint_seconds = now_seconds


class Processor:
    """Runs one step over one topic until told to stop.

    Parameters
    ----------
    wiring : Wiring
        Topics, group, slot, settings.
    step : Step
        What is done with the records.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    wall_clock : callable
        Returns seconds since the epoch.
    at_point : callable
        Called at named points of each transaction.
    """

    def __init__(
        self,
        wiring: Wiring,
        step: Step,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        at_point: Point = pass_by,
    ) -> None:
        self._wiring = wiring
        self._settings = wiring.settings
        self._step = step
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._at_point = at_point
        self._stopping = threading.Event()
        self._owned: dict[int, _Owned] = {}
        self._failure: Exception | None = None
        self._next_lag_seconds = 0.0
        self.progress_seconds = monotonic()
        self.waiting_records = 0

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions owned at this moment."""
        return tuple(self._owned)

    def stop(self) -> None:
        """Ask the processor to end after the batch in hand."""
        self._stopping.set()

    def run(self) -> None:
        """Process until `stop` is called.

        Raises
        ------
        BrokerError, OffsetError
            When it cannot go on.
        """
        while not self._step.is_ready():
            if self._stopping.wait(0.05):
                return
        self._connect()
        try:
            while not self._stopping.is_set():
                self._turn()
        except KafkaException as error:
            raise BrokerError(f"{self._wiring.name} cannot go on: {error}") from error
        finally:
            self._consumer.close()
            self._states.close()

    def _connect(self) -> None:
        wiring, settings = self._wiring, self._settings
        self._states = StateLog(wiring.connection, wiring.state_topic)
        self._producer = Producer(producer_config(wiring))
        self._consumer = Consumer(consumer_config(wiring))
        try:
            self._producer.init_transactions(_TIMEOUT_SECONDS * 2)
        except KafkaException as error:
            self._consumer.close()
            raise BrokerError(f"{wiring.name} cannot start a transaction: {error}") from error
        self._poll_seconds = settings.poll_ms / 1000
        self._consumer.subscribe(
            [wiring.input_topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_revoke,
        )

    # Rebalances: called inside consume(), so never within a transaction.

    def _on_assign(self, consumer: Consumer, assigned: list[TopicPartition]) -> None:
        try:
            self._take_over([at.partition for at in assigned])
        except Exception as error:  # noqa: BLE001  # the next turn raises it, librdkafka would not
            consumer.assign([])
            self._failure = error

    def _on_revoke(self, consumer: Consumer, revoked: list[TopicPartition]) -> None:
        for at in revoked:
            if self._owned.pop(at.partition, None) is not None:
                self._step.close(at.partition)

    def _take_over(self, partitions: Sequence[int]) -> None:
        topic = self._wiring.input_topic
        wanted = [TopicPartition(topic, partition) for partition in partitions]
        committed = self._consumer.committed(wanted, _TIMEOUT_SECONDS)
        offsets = {at.partition: at.offset if at.offset >= 0 else None for at in committed}
        for partition in partitions:
            self._open(partition, offsets[partition])
        self._consumer.assign(
            [TopicPartition(topic, p, self._owned[p].next_offset) for p in partitions]
        )
        log.info("%s owns partitions %s of %s", self._wiring.name, list(partitions), topic)

    def _open(self, partition: int, committed: int | None) -> None:
        step, settings, topic = self._step, self._settings, self._wiring.input_topic
        state = self._states.newest(
            partition, lambda s: committed is None or step.state_offset(s) <= committed
        )
        low, high = self._consumer.get_watermark_offsets(
            TopicPartition(topic, partition), _TIMEOUT_SECONDS
        )
        state_at = None if state is None else step.state_offset(state)
        found = Found(partition, low, high, committed, state_at)
        start = start_at(found, topic, settings.start, settings.expired_offsets)
        if start.lost:
            step.lost(start.lost)
        step.open(partition, state, start.read_from)
        self._owned[partition] = _Owned(start, self._monotonic())

    # One turn: at most one batch, in one transaction.

    def _turn(self) -> None:
        messages = self._consumer.consume(self._settings.batch_records, self._poll_seconds)
        if self._failure is not None:
            raise self._failure
        batches = self._by_partition(messages)
        now_seconds = self._monotonic()
        due = [p for p, owned in self._owned.items() if self._is_due(owned, now_seconds)]
        if batches or due:
            try:
                self._transact(batches, due)
            except KafkaException as error:
                self._recover(error)
        self._report_lag()

    def _by_partition(
        self, consumed: Sequence[confluent_kafka.Message]
    ) -> dict[int, list[Message]]:
        batches: dict[int, list[Message]] = {}
        for one in consumed:
            error = one.error()
            if error is not None:
                self._raise_unless_passing(error)
                continue
            message = cast(Message, one)
            partition = message.partition()
            if partition in batches:
                batches[partition].append(message)
            elif partition in self._owned:
                batches[partition] = [message]
        return batches

    def _raise_unless_passing(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise OffsetError(
                f"the position to go on from must still exist; {error.str()}. Nothing was "
                "skipped; start once with --set scorer.expired_offsets=continue to go on with "
                "the oldest record that is left"
            )
        if error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise BrokerError(f"{self._wiring.input_topic} cannot be read: {error.str()}")
        log.warning("%s: %s", self._wiring.name, error.str())

    def _is_due(self, owned: _Owned, now_seconds: float) -> bool:
        aged = now_seconds - owned.checkpoint_seconds >= self._settings.checkpoint_seconds
        return aged and owned.since_checkpoint > 0 and owned.next_offset >= owned.emit_from

    def _transact(self, batches: Mapping[int, list[Message]], due: Sequence[int]) -> None:
        began_seconds = self._wall_clock()
        producer = self._producer
        keep = set(due)
        outputs: list[Output] = []
        for partition, messages in batches.items():
            made, keep_state = self._fold(partition, messages)
            outputs += made
            owned = self._owned[partition]
            if keep_state or owned.since_checkpoint >= self._settings.checkpoint_records:
                keep.add(partition)
        offsets = self._offsets(batches)
        keep = {p for p in keep if self._owned[p].next_offset >= self._owned[p].emit_from}
        if not (outputs or offsets or keep):
            return
        producer.begin_transaction()
        self._produce(outputs)
        self._at_point("after_produce", producer)
        self._produce([self._state_output(partition) for partition in sorted(keep)])
        self._at_point("after_state", producer)
        if offsets:
            producer.send_offsets_to_transaction(
                offsets, self._consumer.consumer_group_metadata(), _TIMEOUT_SECONDS
            )
        self._at_point("after_offsets", producer)
        self._at_point("before_commit", producer)
        self._commit()
        self._at_point("after_commit", producer)
        now_seconds = self._monotonic()
        for partition in keep:
            self._owned[partition].since_checkpoint = 0
            self._owned[partition].checkpoint_seconds = now_seconds
        self.progress_seconds = now_seconds
        self._step.committed(began_seconds, self._wall_clock())

    def _fold(self, partition: int, messages: Sequence[Message]) -> tuple[list[Output], bool]:
        owned = self._owned[partition]
        made, keep_state = self._step.process(partition, messages, owned.emit_from)
        owned.next_offset = messages[-1].offset() + 1
        owned.since_checkpoint += len(messages)
        return made, keep_state

    def _offsets(self, batches: Mapping[int, list[Message]]) -> list[TopicPartition]:
        topic = self._wiring.input_topic
        return [
            TopicPartition(topic, partition, self._owned[partition].next_offset)
            for partition in batches
            if self._owned[partition].next_offset > self._owned[partition].emit_from
        ]

    def _state_output(self, partition: int) -> Output:
        state = self._step.checkpoint(partition)
        key = str(partition).encode()
        return Output(self._wiring.state_topic, state, key, partition=partition)

    def _produce(self, outputs: Sequence[Output]) -> None:
        produce = self._producer.produce
        for output in outputs:
            while True:
                try:
                    produce(
                        output.topic,
                        output.value,
                        output.key,
                        output.partition,
                        headers=list(output.headers),
                    )
                    break
                except BufferError:
                    self._producer.poll(0.01)

    def _commit(self) -> None:
        while True:
            try:
                self._producer.commit_transaction(_TIMEOUT_SECONDS)
                return
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                log.warning("%s: commit is tried again: %s", self._wiring.name, error)

    def _recover(self, error: KafkaException) -> None:
        """Abort, and go back to what is committed."""
        cause = error.args[0]
        if cause.fatal():
            raise error
        log.warning("%s: transaction aborted: %s", self._wiring.name, cause.str())
        self._producer.abort_transaction(_TIMEOUT_SECONDS)
        self._step.aborted()
        partitions = list(self._owned)
        for partition in partitions:
            self._step.close(partition)
        self._owned.clear()
        if partitions:
            self._take_over(partitions)

    def _report_lag(self) -> None:
        now_seconds = self._monotonic()
        if now_seconds < self._next_lag_seconds:
            return
        self._next_lag_seconds = now_seconds + _LAG_EVERY_SECONDS
        lag = {}
        for partition, owned in self._owned.items():
            at = TopicPartition(self._wiring.input_topic, partition)
            _, high = self._consumer.get_watermark_offsets(at, cached=True)
            lag[partition] = max(0, high - owned.next_offset) if high >= 0 else 0
        self.waiting_records = sum(lag.values())
        if not self.waiting_records:
            self.progress_seconds = now_seconds
        self._step.lag(lag)
