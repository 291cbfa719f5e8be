"""The scoring step: records in; anomalies, dead letters, scores and state out."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
from confluent_kafka import Message
from msgspec import Struct

from scorer.processor import Output
from streamscore import headers
from streamscore.calibration import severity
from streamscore.errors import StreamscoreError
from streamscore.events import (
    MASK,
    Anomaly,
    Attribution,
    Position,
    RemovedBody,
    ScoreLine,
    anomaly_event,
    iso_utc,
    masked,
    sha256,
)
from streamscore.scoring import Model, ModelVersion, PartitionFold, PartitionState, Scored
from streamscore.sources import RecordFault, Source

log = logging.getLogger(__name__)

_NO_TIMESTAMP = -1


class Models(Protocol):
    """Where the step gets its models from."""

    def current(self) -> Model | None:
        """Return the production model, warm, or none while there is none."""
        ...

    def version(self, version: ModelVersion) -> Model:
        """Return the model of a version, however long that takes."""
        ...


class Report(Protocol):
    """What the step reports to; one call a batch."""

    def batch(self, done: "Done", began_seconds: float, ended_seconds: float) -> None:
        """Count a committed batch."""
        ...

    def aborted(self) -> None:
        """Count an aborted transaction."""
        ...

    def swapped(self, version: ModelVersion) -> None:
        """Tell that a partition took a model over."""
        ...

    def folded(self, records: int) -> None:
        """Count records folded silently."""
        ...

    def checkpointed(self) -> None:
        """Count a state written."""
        ...

    def lag(self, records_by_partition: Mapping[int, int]) -> None:
        """Tell how many records wait."""
        ...

    def lost(self, records: int) -> None:
        """Count records lost to retention."""
        ...


class Done(Struct):
    """What one transaction did; it is filled while the transaction is made.

    Attributes
    ----------
    scores, p_values : list of float
        Of the records scored.
    produced_ms : list of int
        Kafka timestamps of those records.
    anomalies : int
        Records flagged.
    reasons : dict of str to int
        Dead letters by reason.
    latest_event_ms : int
        The latest event time; 0 where none was scored.
    """

    scores: list[float] = msgspec.field(default_factory=list)
    p_values: list[float] = msgspec.field(default_factory=list)
    produced_ms: list[int] = msgspec.field(default_factory=list)
    anomalies: int = 0
    reasons: dict[str, int] = msgspec.field(default_factory=dict)
    latest_event_ms: int = 0


class Outlets(Struct, frozen=True, kw_only=True):
    """Where the step writes, and how a record's position is named.

    Attributes
    ----------
    records, anomalies, dead_letters : str
        Topics.
    scores : str or None
        Topic of every score, where the source asks for it.
    cluster_id, records_topic_id : str
        Kafka's ids.
    partitions : int
        How many partitions the records topic has.
    largest_body : int
        Records above this many bytes are replaced by their hash.
    """

    records: str
    anomalies: str
    dead_letters: str
    scores: str | None
    cluster_id: str
    records_topic_id: str
    partitions: int
    largest_body: int


class _Partition:
    """A partition's fold, where it stands, and whether any state of it was kept."""

    def __init__(self, fold: PartitionFold, next_offset: int, is_kept: bool) -> None:
        self.fold = fold
        self.next_offset = next_offset
        self.is_kept = is_kept


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
    report : Report
        What is told of each batch.
    wall_clock : callable
        Returns seconds since the epoch; decides an event's `time` alone.
    """

    def __init__(
        self,
        source: Source,
        models: Models,
        outlets: Outlets,
        report: Report,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._models = models
        self._outlets = outlets
        self._report = report
        self._wall_clock = wall_clock
        self._private = [name for name, field in source.fields.items() if field.private]
        self._partitions: dict[int, _Partition] = {}
        self._done = Done()
        self._encode = msgspec.json.Encoder().encode

    def is_ready(self) -> bool:
        """Whether there is a model."""
        return self._models.current() is not None

    def state_offset(self, state: bytes) -> int:
        """Return the first offset that is not in an encoded state."""
        return PartitionState.decode(state).next_offset

    def open(self, partition: int, state: bytes | None, next_offset: int) -> None:
        """Take a partition over: its state with the model that made it, or a first window."""
        fold = None if state is None else self._resume(PartitionState.decode(state))
        is_kept = fold is not None
        if fold is None:
            model = self._production()
            fold = PartitionFold(model, model.new_window(self._outlets.partitions))
        self._partitions[partition] = _Partition(fold, next_offset, is_kept)
        self._report.swapped(fold.model.version)

    def close(self, partition: int) -> None:
        """Give a partition up."""
        self._partitions.pop(partition, None)

    def process(
        self, partition: int, messages: Sequence[Message], emit_from: int
    ) -> tuple[list[Output], bool]:
        """Score the messages of a partition in their order."""
        owned = self._partitions[partition]
        # A fold must start at a state that is kept, or nobody could repeat it.
        keep_state = not owned.is_kept
        if owned.next_offset >= emit_from:
            keep_state |= self._swap(owned)
        owned.next_offset = messages[-1].offset() + 1
        records = [m for m in messages if not _is_control(m)]
        scored = owned.fold.fold([message.value() for message in records])
        silent = sum(message.offset() < emit_from for message in records)
        if silent:
            self._report.folded(silent)
        outputs = self._dead_letters(records, scored, emit_from)
        outputs += self._anomalies(records, scored, emit_from, owned.fold.model)
        if self._outlets.scores is not None:
            outputs += self._score_lines(records, scored, emit_from, owned.fold.model)
        self._account(records, scored, silent)
        return outputs, keep_state

    def checkpoint(self, partition: int) -> bytes:
        """Encode a partition's state."""
        owned = self._partitions[partition]
        owned.is_kept = True
        self._report.checkpointed()
        return PartitionState(
            source=self._source.name,
            model=owned.fold.model.version,
            next_offset=owned.next_offset,
            window=owned.fold.window.snapshot(),
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

    def _resume(self, state: PartitionState) -> PartitionFold | None:
        try:
            return state.resume(self._models.version(state.model))
        except StreamscoreError as error:
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
        owned.fold = PartitionFold(model, model.new_window(self._outlets.partitions))
        self._report.swapped(model.version)
        return True

    def _dead_letters(
        self, messages: Sequence[Message], scored: Scored, emit_from: int
    ) -> list[Output]:
        outputs = []
        for place, fault in scored.faults:
            message = messages[place]
            if message.offset() >= emit_from:
                outputs.append(self._dead_letter(message, fault))
                self._done.reasons[fault.reason] = self._done.reasons.get(fault.reason, 0) + 1
        return outputs

    def _dead_letter(self, message: Message, fault: RecordFault) -> Output:
        position = self._position(message)
        body: bytes | None = message.value()
        kept = body is None or len(body) <= self._outlets.largest_body
        if not kept and body is not None:
            body = self._encode(
                RemovedBody(sha256=sha256(body), bytes=len(body), position=position)
            )
        added = [
            (headers.REASON, fault.reason.encode()),
            (headers.DETAIL, fault.detail[:500].encode(errors="replace")),
            (headers.POSITION, position.identity().encode()),
            (headers.TOPIC, position.topic.encode()),
            (headers.BODY, b"original" if kept else b"hash"),
        ]
        own = [*(message.headers() or ()), *added]
        return Output(self._outlets.dead_letters, body, message.key(), own)

    def _anomalies(
        self, messages: Sequence[Message], scored: Scored, emit_from: int, model: Model
    ) -> list[Output]:
        flagged = [
            i
            for i in scored.flagged(self._source.nominal_rate)
            if messages[scored.good[i]].offset() >= emit_from
        ]
        if not flagged:
            return []
        self._done.anomalies += len(flagged)
        reasons = model.attribute(scored.matrix[flagged])
        made_at_ms = int(self._wall_clock() * 1000)
        return [
            self._anomaly(messages[scored.good[i]], scored, i, shares, model, made_at_ms)
            for i, shares in zip(flagged, reasons, strict=True)
        ]

    def _anomaly(
        self,
        message: Message,
        scored: Scored,
        i: int,
        shares: Sequence[tuple[str, float]],
        model: Model,
        made_at_ms: int,
    ) -> Output:
        value = message.value()
        kept = len(value) <= self._outlets.largest_body
        judged = scored.judged
        anomaly = Anomaly(
            source=self._source.name,
            position=self._position(message),
            event_time=iso_utc(scored.event_time_ms[i]),
            score=float(scored.scores[i]),
            p_value=float(judged.p_value[i]),
            threshold=float(judged.threshold[i]),
            nominal_rate=self._source.nominal_rate,
            severity=severity(float(judged.tail[i]), self._source.nominal_rate),
            model=model.version,
            attribution=[
                Attribution(name, share, self._shown(scored, i, name, model))
                for name, share in shares
            ],
            record=masked(value, self._private) if kept else None,
            record_sha256=None if kept else sha256(value),
        )
        own = message.headers() or []
        event = anomaly_event(anomaly, made_at_ms, _traceparent(own))
        return Output(self._outlets.anomalies, self._encode(event), message.key(), own)

    def _shown(self, scored: Scored, i: int, field: str, model: Model) -> object:
        if field in self._private:
            return MASK
        value = model.codec.value_of(scored.records[i], field)
        if isinstance(value, str) and len(value) > 200:
            return f"{value[:197]}..."
        return value

    def _score_lines(
        self, messages: Sequence[Message], scored: Scored, emit_from: int, model: Model
    ) -> list[Output]:
        outputs = []
        rate, topic = self._source.nominal_rate, self._outlets.scores or ""
        p_values, scores = scored.judged.p_value.tolist(), scored.scores.tolist()
        for i, place in enumerate(scored.good):
            message = messages[place]
            if message.offset() < emit_from:
                continue
            line = ScoreLine(
                partition=message.partition(),
                offset=message.offset(),
                event_time_ms=scored.event_time_ms[i],
                score=scores[i],
                p_value=p_values[i],
                flagged=p_values[i] <= rate,
                model_version=model.version.version,
            )
            key, at = message.key(), message.partition()
            outputs.append(Output(topic, self._encode(line), key, partition=at))
        return outputs

    def _position(self, message: Message) -> Position:
        return Position(
            cluster_id=self._outlets.cluster_id,
            topic_id=self._outlets.records_topic_id,
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
        )

    def _account(self, messages: Sequence[Message], scored: Scored, silent: int) -> None:
        # Offsets ascend, so what is folded silently comes first.
        skipped = sum(place < silent for place in scored.good) if silent else 0
        done = self._done
        done.scores += scored.scores[skipped:].tolist()
        done.p_values += scored.judged.p_value[skipped:].tolist()
        done.produced_ms += [messages[place].timestamp()[1] for place in scored.good[skipped:]]
        if len(scored.event_time_ms) > skipped:
            latest = max(scored.event_time_ms[skipped:])
            done.latest_event_ms = max(done.latest_event_ms, latest)


def _is_control(message: Message) -> bool:
    if message.value():
        return False
    return any(name == headers.CONTROL for name, _ in message.headers() or ())


def _traceparent(own: Sequence[tuple[str, bytes | None]]) -> str | None:
    for name, value in own:
        if name == headers.TRACEPARENT and value:
            return value.decode(errors="replace")
    return None
