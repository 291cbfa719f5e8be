"""Rows in a dialect as records in the source's own spelling.

A record has the fields of the source and nothing else of the file. What is not text keeps the JSON
that it was written with; whether it keeps the source's rules is for whoever decodes the record.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from streamscore.sources.columns import Columns
from streamscore.sources.faults import RecordFault
from streamscore.sources.field_readers import FieldReader, decoded
from streamscore.sources.nesting import Nesting
from streamscore.sources.rows import Row, key_bytes
from streamscore.sources.source import Source
from streamscore.sources.spellings import Spelling
from streamscore.sources.time_spellings import SpelledTimes

_encode = msgspec.json.Encoder().encode


class DialectRows:
    """Makes records of the values of their fields, whatever the layout.

    Parameters
    ----------
    source : Source
        The source.
    spelling : Spelling
        How the file is written.
    """

    def __init__(self, source: Source, spelling: Spelling) -> None:
        self.time_field = source.event_time.field
        self._key_field = source.key
        self._times = SpelledTimes(
            source.event_time, source.fields[self.time_field].type, spelling.formats
        )
        self.readers = {
            name: FieldReader(name, field, spelling.fields[name])
            for name, field in source.fields.items()
            if name != self.time_field
        }
        self.names = tuple(source.fields)
        self._nesting = Nesting(source)

    def row(self, values: Mapping[str, Any], time: object) -> Row:
        """Return the record of the fields that are set, and of an event time as it is written."""
        read = self._times.read(time)
        record = {
            name: value
            for name in self.names
            if (value := read.value if name == self.time_field else values[name]) is not UNSET
        }
        key = record.get(self._key_field) if self._key_field else None
        if isinstance(key, Raw):
            key = msgspec.json.decode(key)
        if not isinstance(key, str | int | float | bool | None):
            key = None  # as in the source's own spelling: the scorer judges it
        try:
            return Row(_encode(self._nesting.record(record)), key_bytes(key), read.instant.utc_ms)
        except UnicodeEncodeError:
            raise RecordFault("not_utf8", "a row must be UTF-8 text") from None


class DialectCsvRows:
    """Turns rows of a CSV in a dialect into records.

    Parameters
    ----------
    source : Source
        The source.
    spelling : Spelling
        One that the header fits.
    columns : Columns
        The header.
    """

    def __init__(self, source: Source, spelling: Spelling, columns: Columns) -> None:
        self._rows = DialectRows(source, spelling)
        places = spelling.columns_of(columns)
        self._time_place = places[self._rows.time_field]
        readers = self._rows.readers
        self._there = [(name, places[name], one) for name, one in readers.items() if name in places]
        self._absent = {
            name: one.of_nothing() for name, one in readers.items() if name not in places
        }

    def read(self, values: Sequence[str]) -> Row:
        """Turn one row, as many values as the header has columns, into a record.

        Raises
        ------
        RecordFault
            When a value cannot be converted, a required one is missing, the text is not UTF-8 or
            the event time is unreadable.
        """
        found = {name: reader[values[place]] for name, place, reader in self._there}
        return self._rows.row(found | self._absent, values[self._time_place])


class DialectJsonRows:
    """Turns JSON lines in a dialect into records.

    Parameters
    ----------
    source : Source
        The source.
    spelling : Spelling
        How the lines are written.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> from streamscore.sources.spellings import spellings_of
    >>> reviews = load_source("reviews")
    >>> rows = DialectJsonRows(reviews, spellings_of(reviews, "jsonl", "edition-2018")[0])
    >>> rows.read(b'{"unixReviewTime": 1529193600, "overall": 5.0}')
    Traceback (most recent call last):
    ...
    streamscore.sources.faults.RecordFault: missing_field: asin is required, got none
    """

    def __init__(self, source: Source, spelling: Spelling) -> None:
        self._rows = DialectRows(source, spelling)
        self._time_names = spelling.written_names(self._rows.time_field)
        self._readers = [
            (name, spelling.written_names(name), one) for name, one in self._rows.readers.items()
        ]

    def read(self, line: bytes) -> Row:
        """Turn one line, without its line end, into a record.

        Raises
        ------
        RecordFault
            When it is no JSON object in UTF-8, or as for a row of a CSV.
        """
        found = json_object(line)
        values = {
            name: reader.of_json(json_value(found, names)) for name, names, reader in self._readers
        }
        return self._rows.row(values, json_time(found, self._time_names))


_object_decoder = msgspec.json.Decoder(dict[str, Raw])


def json_object(line: bytes) -> dict[str, Raw]:
    """Return the values of a JSON object, each as it is written.

    Raises
    ------
    RecordFault
        When the line is none.
    """
    try:
        if not line.isascii():
            line.decode()
        return _object_decoder.decode(line)
    except UnicodeDecodeError as error:
        raise RecordFault("not_utf8", str(error)) from None
    except msgspec.ValidationError as error:
        raise RecordFault("wrong_type", str(error)) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordFault("not_json", str(error)) from None


def json_time(found: Mapping[str, Raw], names: Sequence[str]) -> Any:
    """Return the event time of an object.

    Raises
    ------
    RecordFault
        When it has none.
    """
    raw = json_value(found, names)
    if raw is None:
        raise RecordFault("missing_field", f"{' or '.join(names)} is required, got none")
    return decoded(bytes(raw))


def json_value(found: Mapping[str, Raw], names: Sequence[str]) -> Raw | None:
    """Return the value of the first of some names that an object has.

    A name that is no key is a path: keys joined by dots, each within the object of the one before.
    """
    for name in names:
        if name in found:
            return found[name]
        outer, dot, inner = name.partition(".")
        if dot and outer in found:
            value = json_value(_inner_object(found[outer]), (inner,))
            if value is not None:
                return value
    return None


def _inner_object(raw: Raw) -> Mapping[str, Raw]:
    try:
        return _object_decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return {}
