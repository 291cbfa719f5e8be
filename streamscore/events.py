"""Events: what the scorer writes for others to read, as CloudEvents 1.0 in JSON.

The id of an event is made of the record's position (cluster, topic id, partition, offset): a
repeat is recognisable, and a topic that was created again is another topic.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from streamscore.formats import refusal
from streamscore.scoring import ModelVersion
from streamscore.sources.source import Path

ANOMALY_TYPE = "streamscore.anomaly.v1"
RESUME = "resume"
"""The command that ends the pause of a source's processor."""

NO_RECORD = Raw(b"null")
"""What stands for a record that an event cannot quote."""

MASK = "****"
"""What stands in the place of a private value."""


class Position(Struct, frozen=True, kw_only=True):
    """Where a record lies in Kafka.

    Attributes
    ----------
    cluster_id, topic_id : str
        Kafka's ids.
    topic : str
        The topic's name.
    partition, offset : int
        The place in it.
    """

    cluster_id: str
    topic_id: str
    topic: str
    partition: int
    offset: int

    def identity(self) -> str:
        """Return the position as an id.

        Examples
        --------
        >>> Position(cluster_id="c", topic_id="t", topic="x", partition=1, offset=7).identity()
        'c/t/1/7'
        """
        return f"{self.cluster_id}/{self.topic_id}/{self.partition}/{self.offset}"


class Attribution(Struct, frozen=True):
    """One field's part in an anomaly.

    Attributes
    ----------
    field : str
        Its name.
    share : float
        Its part in the whole, in (0, 1].
    value : any
        The value it had; cut where it is long, masked where it is private.
    also : list of str
        Fields that say the same, or that it contradicts, so that any of them may be the wrong one;
        absent without any.
    reason : str
        What was seen and what would have been expected, in words; absent where a private field is
        spoken of, or where there is no more to say.
    """

    field: str
    share: float
    value: Any
    also: list[str] | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET


class Anomaly(Struct, frozen=True, kw_only=True):
    """The data of an anomaly event.

    Attributes
    ----------
    source : str
        Name of the source.
    position : Position
        Where the record lies.
    event_time : str
        When it happened, ISO 8601 in UTC.
    score : float
        Raw score, higher is more anomalous.
    p_value : float
        Share of the latest records that score at least as high, in (0, 1].
    threshold : float
        The score above which a record was flagged at that moment.
    nominal_rate : float
        The share of normal records that may be flagged.
    severity : float
        0 to 100; 25 for each factor of ten beyond the nominal rate.
    model : ModelVersion
        What scored it.
    attribution : list of Attribution
        Fields by falling share; the shares sum to 1.
    record : Raw
        The record as it came, private fields masked; null where it cannot be quoted.
    record_sha256 : str or None
        Hash of the record's bytes, where the record itself is left out.
    run : str
        Name of the run; absent for the live stream.
    """

    source: str
    position: Position
    event_time: str
    score: float
    p_value: float
    threshold: float
    nominal_rate: float
    severity: float
    model: ModelVersion
    attribution: Sequence[Attribution]
    record: Raw
    record_sha256: str | None = None
    run: str | msgspec.UnsetType = msgspec.UNSET


class AnomalyEvent(Struct, frozen=True, kw_only=True):
    """The envelope of an anomaly: CloudEvents 1.0, structured mode.

    Attributes
    ----------
    id : str
        The record's position.
    source : str
        `/streamscore/<source>`.
    time : str
        When the event was made, ISO 8601 in UTC; the one thing that a repeat may change.
    subject : str
        `topic/partition/offset`, for people.
    traceparent : str
        W3C trace context of the record, where it had one.
    data : Anomaly
        The anomaly.
    """

    id: str
    source: str
    type: str
    time: str
    subject: str
    data: Anomaly
    specversion: str = "1.0"
    datacontenttype: str = "application/json"
    traceparent: str | msgspec.UnsetType = msgspec.UNSET


class ScoreLine(Struct, frozen=True, kw_only=True):
    """The score of one record, where a source asks for every one.

    Attributes
    ----------
    partition, offset : int
        The record's place in its topic.
    event_time_ms : int
        Milliseconds since the epoch.
    score, p_value : float
        As in an anomaly.
    flagged : bool
        Whether it was reported as an anomaly.
    model_version : str
        Version in the registry.
    format : int
        Version of the layout; 1, also where it is absent.
    """

    partition: int
    offset: int
    event_time_ms: int
    score: float
    p_value: float
    flagged: bool
    model_version: str
    format: Literal[1] = 1


class RemovedBody(Struct, frozen=True, kw_only=True):
    """What stands for a body that is too large to be passed on.

    Attributes
    ----------
    sha256 : str
        Hash of the body, as hex digits.
    bytes : int
        Its length.
    position : Position
        Where the record lies.
    format : int
        Version of the layout; 1, also where it is absent.
    """

    sha256: str
    bytes: int
    position: Position
    format: Literal[1] = 1


class Announcement(Struct, frozen=True, kw_only=True):
    """A model version was given an alias: a wake-up, the alias in the registry is the truth.

    Attributes
    ----------
    source : str
        Name of the source.
    model, version, alias : str
        The registered model, its version, and the alias that it was given.
    format : int
        Version of the layout; 1, also where it is absent.
    """

    source: str
    model: str
    version: str
    alias: str
    format: int = 1

    def __post_init__(self) -> None:
        if reason := refusal("announcement", self.format):
            raise ValueError(reason)  # which the decoder makes a fault of the bytes


class Command(Struct, frozen=True, kw_only=True):
    """What a person tells the workers of a source.

    Attributes
    ----------
    format : int
        Version of the layout; 1.
    source : str
        Name of the source.
    command : str
        What is to be done: `resume`. Readers pass over what they do not know.
    """

    source: str
    command: str
    format: Literal[1] = 1


def anomaly_event(anomaly: Anomaly, made_at_ms: int, traceparent: str | None) -> AnomalyEvent:
    """Put an anomaly into its envelope."""
    position = anomaly.position
    return AnomalyEvent(
        id=position.identity(),
        source=f"/streamscore/{anomaly.source}",
        type=ANOMALY_TYPE,
        time=iso_utc(made_at_ms),
        subject=f"{position.topic}/{position.partition}/{position.offset}",
        traceparent=msgspec.UNSET if traceparent is None else traceparent,
        data=anomaly,
    )


def iso_utc(since_epoch_ms: int) -> str:
    """Write a moment as ISO 8601 in UTC, with milliseconds.

    Examples
    --------
    >>> iso_utc(1_719_828_000_000)
    '2024-07-01T10:00:00.000Z'
    """
    moment = datetime.fromtimestamp(since_epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_MASKED = Raw(msgspec.json.encode(MASK))
_decode_fields = msgspec.json.Decoder(dict[str, Raw]).decode


def quoted(record: bytes, private: Sequence[Path]) -> Raw:
    """Return a record as an event quotes it: as it came, but for private fields, masked.

    Parameters
    ----------
    record : bytes
        A JSON object that the source's codec takes.
    private : sequence of tuples of str
        Where its private fields lie, as `Source.private_paths` says.

    Returns
    -------
    Raw
        The quotation; `NO_RECORD` for a record that would make an event no reader could decode:
        what a source does not name may be nested without end, or a number beyond all bounds.

    Examples
    --------
    >>> bytes(quoted(b'{"after": {"who": "ann"}, "n": 1.50}', [("after", "who")]))
    b'{"after":{"who":"****"},"n":1.50}'
    >>> bytes(quoted(b'{"who": "ann", "n": 1e999}', [("who",)]))
    b'null'
    """
    try:
        msgspec.json.decode(record)
    except (msgspec.MsgspecError, RecursionError):
        return NO_RECORD
    if not private:
        return Raw(record)
    return _masked(record, private)


def _masked(value: bytes | Raw, private: Sequence[Path]) -> Raw:
    """Return an object with what lies at some paths in it masked."""
    try:
        fields = _decode_fields(value)
    except msgspec.ValidationError:
        # A null holds nothing to be masked, and no good record has another value here.
        return Raw(value) if bytes(value).strip() == b"null" else _MASKED
    below: dict[str, list[Path]] = {}
    for key, *rest in private:
        below.setdefault(key, []).append(tuple(rest))
    for key, paths in below.items():
        if key in fields:
            fields[key] = _masked(fields[key], paths) if all(paths) else _MASKED
    return Raw(msgspec.json.encode(fields))


def sha256(body: bytes) -> str:
    """Return the SHA-256 of a body, as hex digits."""
    return hashlib.sha256(body).hexdigest()
