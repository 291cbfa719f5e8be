"""Rows of files as records: the JSON value, the Kafka key and the event time of each.

What a file says is kept, not judged: a row is refused only where no record can be made of it, or
where it has no event time to order it by. Whether a record keeps the bounds of its source is for
whoever decodes it with the codec.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from streamscore.errors import SourceError
from streamscore.sources.columns import Columns, fields_of_columns
from streamscore.sources.event_time import EventClock
from streamscore.sources.faults import Reason, RecordFault
from streamscore.sources.field_readers import FieldReader
from streamscore.sources.nesting import Nesting
from streamscore.sources.record_structs import Leaf, says_missing, struct_of
from streamscore.sources.source import Source

_encode = msgspec.json.Encoder().encode
_Key = str | int | float | bool | None
_TIME_TYPES: dict[str, Any] = {"string": str, "integer": int, "float": float}


class Row(NamedTuple):
    """One record as it goes to a topic.

    Attributes
    ----------
    value : bytes
        The record as a JSON object.
    key : bytes or None
        The source's key field as UTF-8 text; None where the source has none, or the record.
    utc_ms : int
        Event time, milliseconds since 1970-01-01T00:00Z.
    """

    value: bytes
    key: bytes | None
    utc_ms: int


class CsvRows:
    """Turns CSV rows into records by the types of the source's fields.

    `"3.0"` becomes 3 where the field is an integer; `true`, `false`, `1`, `0` in any case are
    booleans; an empty string means absent where the field is optional and stays `""` where it is a
    required string. Where a field is no string, blanks and the texts that it lists as `missing` are
    empty too. A field of type `any` holds JSON. A field with a path has a column of its name or of
    its path. Columns that the source does not name are kept as strings, those without a name
    are left out.

    Parameters
    ----------
    source : Source
        The source.
    header : sequence of str
        The names of the columns, in the order of the file.

    Raises
    ------
    SourceError
        When required columns are missing, or a column occurs twice.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> CsvRows(load_source("reviews"), ["rating", "text"])
    Traceback (most recent call last):
    ...
    streamscore.errors.SourceError: source reviews needs the columns title, asin, parent_asin,
    user_id, timestamp, helpful_vote, verified_purchase; the header has rating, text
    """

    def __init__(self, source: Source, header: Sequence[str]) -> None:
        self._names = _field_names(source, header)
        _check_header(source, header, self._names)
        self._has_unnamed = "" in self._names
        self._nesting = Nesting(source)
        self._required: list[tuple[str, FieldReader]] = []
        self._optional: list[tuple[str, FieldReader]] = []
        for name in self._names:
            field = source.fields.get(name)
            if field is not None and not field.required:
                self._optional.append((name, FieldReader(name, field)))
            elif field is not None and field.type != "string":
                self._required.append((name, FieldReader(name, field)))
        self._clock = EventClock(source.event_time)
        self._time_field = source.event_time.field
        self._key_field = source.key

    def read(self, values: Sequence[str]) -> Row:
        """Turn one row, as many values as the header has columns, into a record.

        Raises
        ------
        RecordFault
            When a value cannot be converted, a required one is empty, the text is not UTF-8 or the
            event time is unreadable.
        """
        record: dict[str, Any] = dict(zip(self._names, values, strict=True))
        for name, reader in self._required:
            record[name] = reader[record[name]]
        for name, reader in self._optional:
            value = reader[record[name]]
            if value is UNSET:
                del record[name]
            else:
                record[name] = value
        if self._has_unnamed:
            del record[""]
        instant = self._clock.read(record[self._time_field])
        key = key_bytes(record.get(self._key_field)) if self._key_field else None
        try:
            return Row(_encode(self._nesting.record(record)), key, instant.utc_ms)
        except UnicodeEncodeError:
            raise RecordFault("not_utf8", "a row must be UTF-8 text") from None


class JsonRows:
    """Takes lines of JSON as records, their bytes unchanged.

    Parameters
    ----------
    source : Source
        The source.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> JsonRows(load_source("reviews")).read(b'{"timestamp": 1583032084430, "user_id": "u1"}')
    Row(value=b'{"timestamp": 1583032084430, "user_id": "u1"}', key=b'u1', utc_ms=1583032084430)
    """

    def __init__(self, source: Source) -> None:
        time_field = source.event_time.field
        time_type = _TIME_TYPES[source.fields[time_field].type]
        leaves = [Leaf("time", source.path_of(time_field), time_type, True)]
        struct, look_ups = struct_of(leaves)
        self._time_decoder = msgspec.json.Decoder(struct)
        self._decoder = self._time_decoder
        if source.key is not None and source.key != time_field:
            leaves.append(Leaf("key", source.path_of(source.key), _Key, False))
            struct, look_ups = struct_of(leaves)
            self._decoder = msgspec.json.Decoder(struct)
        self._time_of = look_ups["time"].getter()
        key = look_ups.get("key", look_ups["time"])
        self._key_of = _no_key if source.key is None else key.getter()
        self._clock = EventClock(source.event_time)

    def read(self, line: bytes) -> Row:
        """Take one line, without its line end, as a record.

        Raises
        ------
        RecordFault
            When it is no JSON object in UTF-8, or its event time is absent or unreadable.
        """
        try:
            if not line.isascii():
                line.decode()
            time, key = self._decode(line)
        except UnicodeDecodeError as error:
            raise RecordFault("not_utf8", str(error)) from None
        except msgspec.ValidationError as error:
            reason: Reason = "missing_field" if says_missing(str(error)) else "wrong_type"
            raise RecordFault(reason, str(error)) from None
        except (msgspec.DecodeError, RecursionError) as error:
            raise RecordFault("not_json", str(error)) from None
        return Row(line, key, self._clock.read(time).utc_ms)

    def _decode(self, line: bytes) -> tuple[Any, bytes | None]:
        try:
            found = self._decoder.decode(line)
        except msgspec.ValidationError:
            if self._decoder is self._time_decoder:
                raise
            # A key of a wrong type is the scorer's to judge; the record goes without a key.
            return self._time_of(self._time_decoder.decode(line)), None
        return self._time_of(found), key_bytes(self._key_of(found))


def _no_key(_: Any) -> None:
    return None


def key_bytes(value: Any) -> bytes | None:
    """Return a key field's value as UTF-8 text."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    return _encode(value)


def _field_names(source: Source, header: Sequence[str]) -> tuple[str, ...]:
    """Return the field that each column holds, its own name where it holds none."""
    names = [name.strip() and name for name in header]
    fields = fields_of_columns(source)
    for column, place in Columns(header).places(fields).items():
        names[place] = fields[column]
    return tuple(names)


def _check_header(source: Source, header: Sequence[str], fields: Sequence[str]) -> None:
    counts = Counter(fields)
    named = ((c, field) for c, field in zip(header, fields, strict=True) if field)
    repeated = sorted({column for column, field in named if counts[field] > 1})
    if repeated:
        raise SourceError(f"a column may occur once; the header repeats {', '.join(repeated)}")
    objects = {source.path_of(name)[0] for name in source.fields if len(source.path_of(name)) > 1}
    if in_the_way := sorted(objects.difference(source.fields).intersection(fields)):
        raise SourceError(
            f"source {source.name} has fields within {', '.join(in_the_way)}, which so cannot be a "
            "column; name the columns as the fields or their paths"
        )
    absent = [n for n, field in source.fields.items() if field.required and n not in fields]
    if absent:
        shown = ", ".join(header) if len(header) <= 30 else f"{len(header)} others"
        raise SourceError(
            f"source {source.name} needs the columns {', '.join(absent)}; the header has {shown}"
        )
