"""The scoring step: records in; anomalies, dead letters, scores and state out."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from adapters.message_headers import headers_of
from scorer.outputs import Outlets, OutputWriter
from scorer.pausing import Pausing
from scorer.report import Done, ScoringReport
from scorer.step import Folded, Message, Output
from streamscore import headers
from streamscore.errors import BundleError, StreamscoreError, UsageError
from streamscore.runs import Tally
from streamscore.scoring import (
    Model,
    ModelVersion,
    PartitionFold,
    PartitionState,
    Scored,
    kept_memory,
)
from streamscore.sources import Source

log = logging.getLogger(__name__)


class Models(Protocol):
    """Where the step gets its models from."""

    def current(self) -> Model | None:
        """Return the production model, warm, or none while there is none."""
        ...

    def version(self, version: ModelVersion) -> Model:
        """Return the model of a version.

        Raises
        ------
        UsageError, BundleError
            When there is none any more.
        RegistryError
            When nobody can tell, however patiently the registry was asked.
        """
        ...


class _Partition:
    """A partition's fold, and where it stands."""

    def __init__(self, fold: PartitionFold, next_offset: int, tally: Tally) -> None:
        self.fold = fold
        self.next_offset = next_offset
        self.tally = tally


class ScoringStep:
    """Scores the records of one source.

    Parameters
    ----------
    source : Source
        The source.
    models : Models
        Where models come from.
    outlets : Outlets
        Where outputs go.
    report : ScoringReport
        What is told of each batch.
    pausing : Pausing
        What is told of bad records, and says up to where a batch may be processed.
    wall_clock : callable
        Returns seconds since the epoch; decides an event's `time` alone.
    """

    def __init__(
        self,
        source: Source,
        models: Models,
        outlets: Outlets,
        report: ScoringReport,
        pausing: Pausing,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._models = models
        self._writer = OutputWriter(source, outlets, wall_clock)
        self._report = report
        self._pausing = pausing
        self._topic_partitions = outlets.partitions
        self._is_run = outlets.run is not None
        self._partitions: dict[int, _Partition] = {}
        self._done = Done()

    def is_ready(self) -> bool:
        """Whether there is a model."""
        return self._models.current() is not None

    def state_offset(self, state: bytes) -> int:
        """Return the first offset that is not in an encoded state."""
        return PartitionState.decode(state).next_offset

    def open(self, partition: int, state: bytes | None, next_offset: int, note: str = "") -> bool:
        """Take a partition over: its state with the model that made it, or a first window.

        Raises
        ------
        RegistryError
            When that model cannot be had for now; the window is not given up for it.
        """
        fold = None if state is None else self._resume(PartitionState.decode(state))
        goes_on = fold is not None
        if fold is None:
            fold = self._fresh(self._production())
        self._partitions[partition] = _Partition(fold, next_offset, Tally.of_note(note))
        self._report.in_force(fold.model.version)
        return goes_on

    def close(self, partition: int) -> None:
        """Give a partition up."""
        self._partitions.pop(partition, None)

    def process(self, partition: int, messages: Sequence[Message], emit_from: int) -> Folded:
        """Score the messages of a partition in their order, up to where a pause begins."""
        owned = self._partitions[partition]
        keep_state = owned.next_offset >= emit_from and self._swap(owned)
        records, values = messages, [message.value() for message in messages]
        if not all(values):  # control records have no value
            kept = [
                at for at, v in enumerate(values) if v or not self._is_passed_over(messages[at])
            ]
            records, values = [messages[at] for at in kept], [values[at] for at in kept]
        batch = owned.fold.model.codec.read(values)
        silent = _before(emit_from, records)
        taken, admitted = len(messages), self._pausing.admit(records, batch.faults, silent)
        if admitted < len(records):
            taken = messages.index(records[admitted])
            records = records[:admitted]
            batch = owned.fold.model.codec.read(values[:admitted])
        if taken:
            owned.next_offset = messages[taken - 1].offset() + 1
        if len(records) < taken:
            self._count_tombstones(messages[:taken], emit_from)
        if silent:
            self._report.folded(silent)
        scored = owned.fold.score(batch)
        before = self._done.tally()
        outputs = self._outputs(records, scored, silent, owned.fold.model)
        owned.tally = owned.tally.plus(self._done.tally().less(before))
        return Folded(outputs, keep_state, taken)

    def note(self, partition: int) -> str:
        """Return what became of the records of a run so far; nothing for the live stream."""
        return self._partitions[partition].tally.note() if self._is_run else ""

    def checkpoint(self, partition: int) -> bytes:
        """Encode a partition's state."""
        owned = self._partitions[partition]
        self._report.checkpointed()
        return PartitionState(
            source=self._source.name,
            model=owned.fold.model.version,
            next_offset=owned.next_offset,
            window=owned.fold.window.snapshot(),
            memory=kept_memory(owned.fold.memory),
        ).encode()

    def committed(self, began_seconds: float, ended_seconds: float) -> None:
        """Report what was processed."""
        done, self._done = self._done, Done()
        self._report.batch(done, began_seconds, ended_seconds)

    def aborted(self) -> None:
        """Forget what was processed."""
        self._done = Done()
        self._report.aborted()

    def lag(self, records_by_partition: Mapping[int, int]) -> None:
        """Report how many records wait."""
        self._report.lag(records_by_partition)

    def lost(self, records: int) -> None:
        """Report records lost to retention."""
        log.error("%s: retention removed %d records unread", self._source.name, records)
        self._report.lost(records)

    def _production(self) -> Model:
        model = self._models.current()
        if model is None:
            raise StreamscoreError(f"{self._source.name} has no production model to score with")
        return model

    def _fresh(self, model: Model) -> PartitionFold:
        return PartitionFold(model, model.new_window(self._topic_partitions))

    def _resume(self, state: PartitionState) -> PartitionFold | None:
        try:
            return state.resume(self._models.version(state.model))
        except (BundleError, UsageError) as error:
            # A registry that does not answer says nothing of the model: that ends the worker,
            # which goes on from this very state when it is started again.
            log.warning(
                "%s: the model %s of a partition's state is gone; its window starts anew with the "
                "production model: %s",
                self._source.name,
                state.model.version,
                error,
            )
            return None

    def _swap(self, owned: _Partition) -> bool:
        model = self._production()
        if model.version == owned.fold.model.version:
            return False
        owned.fold = self._fresh(model)
        self._report.in_force(model.version)
        return True

    def _is_passed_over(self, message: Message) -> bool:
        """Tell whether an empty message is no record: a producer's mark, or a tombstone to skip."""
        is_tombstone = message.value() is None and self._source.tombstones == "skip"
        return is_tombstone or _is_control(message)

    def _count_tombstones(self, messages: Sequence[Message], emit_from: int) -> None:
        if self._source.tombstones != "skip":
            return
        self._done.tombstones += sum(
            message.value() is None and message.offset() >= emit_from and not _is_control(message)
            for message in messages
        )

    def _outputs(
        self, records: Sequence[Message], scored: Scored, silent: int, model: Model
    ) -> list[Output]:
        """Make the outputs of all records but the first `silent` ones."""
        writer, done = self._writer, self._done
        outputs = []
        for place, fault in scored.faults:
            if place >= silent:
                outputs.append(writer.dead_letter(records[place], fault))
                done.reasons[fault.reason] = done.reasons.get(fault.reason, 0) + 1
        flagged = [i for i in scored.flagged(self._source.nominal_rate) if scored.good[i] >= silent]
        # Places ascend, so what is folded silently comes first.
        first = sum(place < silent for place in scored.good) if silent else 0
        outputs += writer.anomalies(records, scored, flagged, model)
        outputs += writer.score_lines(records, scored, first, model)
        done.anomalies += len(flagged)
        done.scores += scored.scores[first:].tolist()
        done.p_values += scored.judged.p_value[first:].tolist()
        done.produced_ms += [records[place].timestamp()[1] for place in scored.good[first:]]
        done.latest_event_ms = max(done.latest_event_ms, *scored.event_time_ms[first:], 0)
        return outputs


def _is_control(message: Message) -> bool:
    return any(name == headers.CONTROL for name, _ in headers_of(message))


def _before(emit_from: int, records: Sequence[Message]) -> int:
    """Count the records that were processed before; they come first."""
    if not records or records[0].offset() >= emit_from:
        return 0
    return sum(record.offset() < emit_from for record in records)
