"""The machinery of every processor: consume, process and produce in one Kafka transaction.

A processor reads committed records, folds them with its step, and commits outputs, state and
offsets together. A batch is a transaction; after an abort every owned partition is sought back to
its committed offset and its state loaded again. Rebalances happen only between transactions.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from confluent_kafka import KafkaException, TopicPartition

from scorer.collector import spare_batches
from scorer.fencing import end_of
from scorer.patience import Patience, will_fail_again
from scorer.pausing import Pausing
from scorer.positions import Start
from scorer.reader import Reader
from scorer.state_log import StateLog
from scorer.step import Folded, Message, Output, Step
from scorer.takeover import Committed, Takeover
from scorer.transactions import Point, Transactions, pass_by
from scorer.wiring import Wiring, producer_config

log = logging.getLogger(__name__)

_LAG_EVERY_SECONDS = 1.0
_IDLE_SECONDS = 0.05


class _Owned:
    """A partition this worker owns."""

    def __init__(self, start: Start, is_kept: bool, now_seconds: float) -> None:
        self.next_offset = start.read_from
        self.emit_from = start.emit_from
        self.is_kept = is_kept
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
    pausing : Pausing
        When reading pauses. The step tells it of bad records.
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
        pausing: Pausing,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        at_point: Point = pass_by,
    ) -> None:
        self._wiring = wiring
        self._settings = wiring.settings
        self._step = step
        self._pausing = pausing
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._at_point = at_point
        self._stopping = threading.Event()
        self._owned: dict[int, _Owned] = {}
        self._waiting: dict[int, Committed] | None = None
        self._next_lag_seconds = 0.0
        self._is_settled = False
        self._patience = Patience(wiring.name, self._stopping, monotonic)
        self.progress_seconds = monotonic()
        self.waiting_records = 0

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions owned at this moment."""
        return tuple(self._owned)

    @property
    def why_paused(self) -> str:
        """Why it reads nothing for now; empty where it does."""
        return self._pausing.why()

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
        self._connect()
        try:
            self._transactions.start()
            self._reader.join()
            while not self._stopping.is_set():
                self._turn()
        except KafkaException as error:
            if not self._stopping.is_set():
                raise end_of(self._wiring, error.args[0]) from error
            log.warning("%s: stopped while Kafka did not answer: %s", self._wiring.name, error)
        finally:
            self._reader.close()
            self._states.close()

    def _connect(self) -> None:
        wiring = self._wiring
        self._states = StateLog(wiring.connection, wiring.state_topic)
        self._transactions = Transactions(producer_config(wiring), self._patience, self._at_point)
        self._reader = Reader(
            wiring, self._patience, self._monotonic, self._on_assign, self._on_revoke
        )
        self._takeover = Takeover(wiring, self._reader, self._states, self._step, self._patience)
        self._poll_seconds = self._settings.poll_ms / 1000

    # Rebalances: called while the reader reads, so never within a transaction.

    def _on_assign(self, partitions: list[int]) -> None:
        self._takeover.pin(self._takeover.committed(partitions))
        self._waiting = self._takeover.committed(partitions)
        self._take_over_when_ready()

    def _on_revoke(self) -> None:
        self._waiting = None
        self._close_all()

    def _close_all(self) -> None:
        for partition in self._owned:
            self._step.close(partition)
        self._owned.clear()

    def _take_over_when_ready(self) -> None:
        if self._waiting is None or not self._step.is_ready():
            return
        if not self._is_settled:
            spare_batches()
            self._is_settled = True
        self._take_over(list(self._waiting))
        self._waiting = None

    def _take_over(self, partitions: Sequence[int]) -> None:
        for partition, committed in self._takeover.committed(partitions).items():
            state, start = self._takeover.start(partition, committed)
            if start.lost:
                self._step.lost(start.lost)
            is_kept = self._step.open(partition, state, start.read_from, committed.note)
            self._owned[partition] = _Owned(start, is_kept, self._monotonic())
        self._seek()
        topic = self._wiring.input_topic
        log.info("%s owns partitions %s of %s", self._wiring.name, list(partitions), topic)

    def _seek(self) -> None:
        """Read what is owned from where it stands; nothing during a pause, yet as a member."""
        is_paused = self._pausing.is_paused
        self._reader.seek(
            {} if is_paused else {p: owned.next_offset for p, owned in self._owned.items()}
        )

    # One turn: at most one batch, in one transaction.

    def _turn(self) -> None:
        self._take_over_when_ready()
        if self._pausing.ends():
            self.progress_seconds = self._monotonic()
            self._seek()
        is_reading = self._owned and not self._pausing.is_paused
        wait_seconds = self._poll_seconds if is_reading else _IDLE_SECONDS
        batches = self._reader.read(self._settings.batch_records, wait_seconds)
        self._transactions.poll()
        if self._reader.was_rebalanced and batches:
            # Some may have been fetched before; what is owned now is read anew.
            self._seek()
            return
        now_seconds = self._monotonic()
        due = [p for p, owned in self._owned.items() if self._is_due(owned, now_seconds)]
        if batches or due:
            try:
                self._transact(batches, due)
            except KafkaException as error:
                self._recover(error)
        self._report_lag()

    def _is_due(self, owned: _Owned, now_seconds: float) -> bool:
        aged = now_seconds - owned.checkpoint_seconds >= self._settings.checkpoint_seconds
        return aged and owned.since_checkpoint > 0 and owned.next_offset >= owned.emit_from

    def _transact(self, batches: Mapping[int, list[Message]], due: Sequence[int]) -> None:
        began_seconds = self._wall_clock()
        keep = set(due)
        outputs: list[Output] = []
        moved: list[int] = []
        for partition, messages in batches.items():
            folded = self._fold(partition, messages)
            outputs += folded.outputs
            owned = self._owned[partition]
            moved += [partition] if folded.taken else []
            is_due = folded.keep_state or (folded.taken > 0 and not owned.is_kept)
            if is_due or owned.since_checkpoint >= self._settings.checkpoint_records:
                keep.add(partition)
        keep = {p for p in keep if self._is_past(p)}
        offsets = self._offsets({p for p in moved if self._is_past(p)} | keep)
        if not offsets:
            self.progress_seconds = self._monotonic()
            return
        states = [self._state_output(partition) for partition in sorted(keep)]
        self._transactions.run(outputs, states, offsets, self._reader.membership)
        now_seconds = self._monotonic()
        for partition in keep:
            self._owned[partition].is_kept = True
            self._owned[partition].since_checkpoint = 0
            self._owned[partition].checkpoint_seconds = now_seconds
        self.progress_seconds = now_seconds
        self._step.committed(began_seconds, self._wall_clock())
        if self._pausing.committed():
            self._seek()

    def _is_past(self, partition: int) -> bool:
        """Whether a partition's silent fold is over."""
        owned = self._owned[partition]
        return owned.next_offset >= owned.emit_from

    def _fold(self, partition: int, messages: Sequence[Message]) -> Folded:
        owned = self._owned[partition]
        folded = self._step.process(partition, messages, owned.emit_from)
        if folded.taken:
            owned.next_offset = messages[folded.taken - 1].offset() + 1
        owned.since_checkpoint += folded.taken
        return folded

    def _offsets(self, partitions: Collection[int]) -> list[TopicPartition]:
        topic = self._wiring.input_topic
        return [
            TopicPartition(topic, p, self._owned[p].next_offset, self._step.note(p))
            for p in sorted(partitions)
        ]

    def _state_output(self, partition: int) -> Output:
        state = self._step.checkpoint(partition)
        key = str(partition).encode()
        return Output(self._wiring.state_topic, state, key, partition=partition)

    def _recover(self, error: KafkaException) -> None:
        """Abort, and go back to what is committed."""
        cause = error.args[0]
        if will_fail_again(cause):
            raise error
        log.warning("%s: transaction aborted: %s", self._wiring.name, cause.str())
        self._transactions.abort()
        self._step.aborted()
        self._pausing.aborted()
        partitions = list(self._owned)
        self._close_all()
        self._take_over(partitions)

    def _report_lag(self) -> None:
        now_seconds = self._monotonic()
        if now_seconds < self._next_lag_seconds:
            return
        self._next_lag_seconds = now_seconds + _LAG_EVERY_SECONDS
        lag = self._lag()
        self.waiting_records = sum(lag.values())
        if not self.waiting_records:
            self.progress_seconds = now_seconds
        self._step.lag(lag)

    def _lag(self) -> dict[int, int]:
        begun = {p: owned.next_offset for p, owned in self._owned.items()}
        if self._waiting is not None:
            begun = {p: at.offset for p, at in self._waiting.items() if at.offset is not None}
        is_reading = self._waiting is None and not self._pausing.is_paused
        try:
            return self._reader.lag(begun) if is_reading else self._reader.lag_unread(begun)
        except KafkaException:  # asked again in a second
            return {}
