"""A source: the description of one stream of records."""

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from streamscore.sources.dialects import Dialect

FieldType = Literal["string", "integer", "float", "boolean", "any"]
Role = Literal["category", "number", "flag", "time", "text", "id", "ignored"]
Cycle = Literal["hour", "weekday", "month"]
Embedding = Literal["hash", "minilm"]
Path = tuple[str, ...]
"""The keys that lead to a value of a record, the outermost first."""

TimePart = Literal[
    "hour",
    "month",
    "year",
    "weekday_sunday_0",
    "weekday_sunday_1",
    "weekday_monday_0",
    "weekday_monday_1",
]

NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,48}\Z"
"""What the name of a source is made of."""

INTEGER_LIMIT = 2**53
"""The largest magnitude of an integer that a float64 holds exactly."""

FLOAT_LIMIT = 1e300
"""The largest magnitude of a number; keeps sums and squares of scaled values finite."""


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a record.

    Attributes
    ----------
    type : FieldType
        The JSON type: `string`, `integer`, `float`, `boolean`, or `any` for a value that is kept
        and not looked at (lists, objects).
    role : Role
        What the field is to a model: `category`, `number`, `flag`, `time`, `text`, `id`, `ignored`.
    required : bool
        Whether a record without the field is bad. An optional field may be absent or null.
    min, max : float or None
        Bounds of a number, both inclusive.
    max_length : int or None
        The longest string, in characters.
    missing : tuple of str
        Texts that mean "not known": values of a category (`UNKNOWN`), or what a CSV writes in
        place of a number or truth value that is absent (`N/A`).
    private : bool
        Whether the value is masked wherever a person could read it.
    path : str or None
        Where the value lies in a record, keys joined by dots (`after.amount`), where that is not
        the field's own name. Without an object on the way the field is absent.
    """

    type: FieldType
    role: Role
    required: bool = True
    min: float | None = None
    max: float | None = None
    max_length: Annotated[int, Meta(ge=1)] | None = None
    missing: tuple[str, ...] = ()
    private: bool = False
    path: str | None = None


class EventTime(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a record says when it happened.

    Attributes
    ----------
    field : str
        The field that holds it.
    format : str
        A `strptime` format, or `iso8601`, `epoch_seconds`, `epoch_milliseconds`.
    zone : str
        IANA zone of local times, and of the calendar features (hour, weekday, month).
    earliest, latest : str
        ISO dates; a time outside them is absurd and makes the record bad.
    cycles : tuple of {"hour", "weekday", "month"}
        Calendar features of the local wall time.
    repeats : dict of str to TimePart
        Number fields that repeat a part of the local wall time, so that they are moved along where
        records are moved in time. `weekday_sunday_1` counts Sunday as 1, and so on.
    """

    field: str
    format: str
    zone: str = "UTC"
    earliest: str = "1970-01-02"
    latest: str = "2100-01-01"
    cycles: tuple[Cycle, ...] = ("hour", "weekday", "month")
    repeats: dict[str, TimePart] = msgspec.field(default_factory=dict)


class CalibrationPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How p-values are made: against how many of the latest scores."""

    window_records: Annotated[int, Meta(ge=100, le=100_000)] = 5000


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stream of records, as its TOML file describes it.

    Attributes
    ----------
    format : int
        Version of the TOML layout; 1.
    name : str
        Lower-case name; part of topic, model and metric names.
    title : str
        For people.
    event_time : EventTime
        Where the event time is and how it is written.
    fields : dict of str to Field
        The fields in their order.
    key : str or None
        The field used as Kafka key when the producer writes the stream.
    topic : str or None
        The stream's topic, where it is not `records.<name>`.
    nominal_rate : float
        The share of normal records that may be flagged, in (0, 0.5].
    records_per_day : float or None
        The typical rate of the stream, above 0; None where it is not known.
    scores : bool
        Whether the score of every record is written, beside the anomalies.
    calibration : CalibrationPlan
        The rolling window.
    dialects : dict of str to Dialect
        Other spellings of the records in files.
    tombstones : {"deadletter", "skip"}
        What becomes of a message without a value: a dead letter, or it is passed over and counted,
        as where the topic is compacted.
    history : {"clean", "dirty"}
        Whether the records that models learn from are known to hold anomalies that nobody labelled:
        it decides which detectors are the default.
    embedding : {"hash", "minilm"}
        What texts become beside their plain statistics: hashed words, or also the vectors of a
        language model, which is an extra to install.
    """

    name: Annotated[str, Meta(pattern=NAME_PATTERN)]
    event_time: EventTime
    fields: dict[str, Field]
    format: Literal[1] = 1
    title: str = ""
    key: str | None = None
    topic: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,200}\Z")] | None = None
    nominal_rate: Annotated[float, Meta(gt=0, le=0.5)] = 0.01
    records_per_day: Annotated[float, Meta(gt=0)] | None = None
    scores: bool = False
    calibration: CalibrationPlan = CalibrationPlan()
    dialects: dict[str, Dialect] = {}
    tombstones: Literal["deadletter", "skip"] = "deadletter"
    history: Literal["clean", "dirty"] = "clean"
    embedding: Embedding = "hash"

    def with_role(self, *roles: Role) -> tuple[str, ...]:
        """Names of the fields that have one of the roles, in their order."""
        return tuple(name for name, field in self.fields.items() if field.role in roles)

    def path_of(self, name: str) -> Path:
        """Return the keys that lead to a field's value in a record."""
        path = self.fields[name].path
        return (name,) if path is None else tuple(path.split("."))

    def private_paths(self) -> tuple[Path, ...]:
        """Return where the private fields lie."""
        return tuple(self.path_of(name) for name, field in self.fields.items() if field.private)

    def schema_hash(self) -> str:
        """Hash of all that decides what a model reads: fields, paths, event time, embedding.

        16 hex digits.

        Two sources with the same hash can run the same bundle. Privacy, bounds, rates and dialects
        are left out: they change what is accepted or shown, not what is learned.
        """
        learned = [
            # A path is there only where one is used: older bundles know of none.
            [name, field.type, field.role, field.required, sorted(field.missing)]
            + ([field.path] if self.path_of(name) != (name,) else [])
            for name, field in self.fields.items()
        ]
        time = self.event_time
        described = [learned, time.field, time.format, time.zone, list(time.cycles)]
        # The default is left out, for older bundles know of no embedding.
        described += [] if self.embedding == "hash" else [self.embedding]
        return hashlib.sha256(msgspec.json.encode(described)).hexdigest()[:16]
