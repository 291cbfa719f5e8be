"""What scoring writes: anomaly events, dead letters, and a line for every score."""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from scorer.passing_on import key_of, passed_on
from scorer.step import Message, Output
from streamscore import headers
from streamscore.calibration import severity
from streamscore.detectors import Reason
from streamscore.events import (
    MASK,
    NO_RECORD,
    Anomaly,
    Attribution,
    Position,
    RemovedBody,
    ScoreLine,
    anomaly_event,
    iso_utc,
    quoted,
    sha256,
)
from streamscore.formats import format_named
from streamscore.scoring import Model, Scored
from streamscore.sources import RecordFault, Source

_LONGEST_SHOWN_VALUE = 200
_LONGEST_DETAIL = 500
_HEADER_FORMAT = str(format_named("deadletter").version).encode()


class Outlets(Struct, frozen=True, kw_only=True):
    """Where scoring writes, and how a record's position is named.

    Attributes
    ----------
    anomalies, dead_letters : str
        Topics.
    scores : str or None
        Topic of every score, where the source asks for it.
    cluster_id, records_topic_id : str
        Kafka's ids.
    partitions : int
        How many partitions the records topic has.
    largest_body : int
        A record of more bytes is replaced by its hash.
    run : str or None
        The run whose records they are; none for the live stream.
    """

    anomalies: str
    dead_letters: str
    scores: str | None
    cluster_id: str
    records_topic_id: str
    partitions: int
    largest_body: int
    run: str | None = None


class OutputWriter:
    """Makes the messages that tell of scored and of bad records.

    Parameters
    ----------
    source : Source
        The source.
    outlets : Outlets
        Where outputs go.
    wall_clock : callable
        Returns seconds since the epoch; decides an event's `time` alone.
    """

    def __init__(self, source: Source, outlets: Outlets, wall_clock: Callable[[], float]) -> None:
        self._source = source
        self._outlets = outlets
        self._wall_clock = wall_clock
        self._private_paths = source.private_paths()
        self._private = [name for name, field in source.fields.items() if field.private]
        self._has_private_key = source.key in self._private
        self._encode = msgspec.json.Encoder().encode
        # What `Position.identity` begins with; a dead letter writes no more of its position.
        self._place = f"{outlets.cluster_id}/{outlets.records_topic_id}"

    def dead_letter(self, message: Message, fault: RecordFault) -> Output:
        """Make the dead letter of a bad record: its bytes, and headers that say why."""
        body = message.value()
        is_kept = body is None or len(body) <= self._outlets.largest_body
        if not is_kept:
            body = self._removed(body or b"", self._position(message))
        key, own = passed_on(message)
        place = f"{self._place}/{message.partition()}/{message.offset()}"
        own += (
            (headers.REASON, fault.reason.encode()),
            (headers.DETAIL, fault.detail[:_LONGEST_DETAIL].encode(errors="replace")),
            (headers.POSITION, place.encode()),
            (headers.TOPIC, message.topic().encode()),
            (headers.BODY, b"original" if is_kept else b"hash"),
            (headers.FORMAT, _HEADER_FORMAT),
        )
        return Output(self._outlets.dead_letters, body, key, own)

    def anomalies(
        self, messages: Sequence[Message], scored: Scored, flagged: Sequence[int], model: Model
    ) -> list[Output]:
        """Make the events of flagged records, given by their places among the scored ones."""
        if not flagged:
            return []
        records = [scored.records[i] for i in flagged]
        reasons = model.attribute(records, scored.matrix[flagged], scored.channels[flagged])
        made_at_ms = int(self._wall_clock() * 1000)
        outputs = []
        for i, why in zip(flagged, reasons, strict=True):
            message = messages[scored.good[i]]
            own = passed_on(message)
            anomaly = self._anomaly(message, scored, i, why, model)
            event = self._encode(anomaly_event(anomaly, made_at_ms, own.traceparent))
            key = None if self._has_private_key else own.key
            outputs.append(Output(self._outlets.anomalies, event, key, own.headers))
        return outputs

    def score_lines(
        self, messages: Sequence[Message], scored: Scored, first: int, model: Model
    ) -> list[Output]:
        """Make a line for each scored record from the `first` one on, if the source wants them."""
        topic = self._outlets.scores
        if topic is None:
            return []
        rate, version = self._source.nominal_rate, model.version.version
        p_values, scores = scored.judged.p_value.tolist(), scored.scores.tolist()
        outputs = []
        for i in range(first, len(scored.good)):
            message = messages[scored.good[i]]
            line = ScoreLine(
                partition=message.partition(),
                offset=message.offset(),
                event_time_ms=scored.event_time_ms[i],
                score=scores[i],
                p_value=p_values[i],
                flagged=p_values[i] <= rate,
                model_version=version,
            )
            encoded = self._encode(line)
            key = None if self._has_private_key else key_of(message)
            outputs.append(Output(topic, encoded, key, partition=line.partition))
        return outputs

    def _anomaly(
        self,
        message: Message,
        scored: Scored,
        i: int,
        reasons: Sequence[Reason],
        model: Model,
    ) -> Anomaly:
        value = message.value() or b""
        is_short = len(value) <= self._outlets.largest_body
        record = quoted(value, self._private_paths) if is_short else NO_RECORD
        judged, rate = scored.judged, self._source.nominal_rate
        return Anomaly(
            source=self._source.name,
            position=self._position(message),
            event_time=iso_utc(scored.event_time_ms[i]),
            score=float(scored.scores[i]),
            p_value=float(judged.p_value[i]),
            threshold=float(judged.threshold[i]),
            nominal_rate=rate,
            severity=severity(float(judged.tail[i]), rate),
            model=model.version,
            attribution=[self._attribution(scored, i, reason, model) for reason in reasons],
            record=record,
            record_sha256=sha256(value) if record is NO_RECORD else None,
            run=self._outlets.run or msgspec.UNSET,
        )

    def _attribution(self, scored: Scored, i: int, reason: Reason, model: Model) -> Attribution:
        field, *also = reason.fields
        return Attribution(
            field=field,
            share=reason.share,
            value=self._shown(scored, i, field, model),
            also=also or msgspec.UNSET,
            reason=reason.words or msgspec.UNSET,
        )

    def _shown(self, scored: Scored, i: int, field: str, model: Model) -> object:
        if field in self._private:
            return MASK
        value: object = model.codec.value_of(scored.records[i], field)
        if isinstance(value, str) and len(value) > _LONGEST_SHOWN_VALUE:
            return f"{value[: _LONGEST_SHOWN_VALUE - 3]}..."
        return value

    def _removed(self, body: bytes, position: Position) -> bytes:
        return self._encode(RemovedBody(sha256=sha256(body), bytes=len(body), position=position))

    def _position(self, message: Message) -> Position:
        return Position(
            cluster_id=self._outlets.cluster_id,
            topic_id=self._outlets.records_topic_id,
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
        )
