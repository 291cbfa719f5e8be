"""The codec: from the bytes of a message to a checked record, with a struct made for the source."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamscore.sources.event_time import EventClock
from streamscore.sources.faults import Reason, RecordFault
from streamscore.sources.framing import framing_fault
from streamscore.sources.instants import Instant
from streamscore.sources.record_structs import says_missing, source_struct
from streamscore.sources.source import Source

Record = Any
"""A decoded record: an instance of the struct that `Codec` makes for its source."""


class Batch(NamedTuple):
    """What a batch of n message values holds.

    Attributes
    ----------
    places : list of int
        Places in the batch of the m values that are records, ascending.
    records : list of Record
        Those records.
    utc_ms, local_ms : int64 arrays of shape (m,)
        Their event times, in milliseconds since the epoch and of the local clock.
    faults : list of (int, RecordFault)
        Place and fault of each value that is no record, ascending.
    """

    places: list[int]
    records: list[Record]
    utc_ms: NDArray[np.int64]
    local_ms: NDArray[np.int64]
    faults: list[tuple[int, RecordFault]]


class Codec:
    """Decodes and checks the records of one source.

    The struct's attributes are `f0`, `f1`, ... in the order of the source's fields, and `g0`, ...
    for the objects that a field's path leads through, whatever they are called, so that a hostile
    name never becomes code.

    Parameters
    ----------
    source : Source
        The source.
    max_bytes : int
        The largest record accepted, in bytes.

    Attributes
    ----------
    max_bytes : int
        As given.
    look_ups : dict of str to LookUp
        Field name -> how its value is found in the struct.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> codec = Codec(load_source("reviews"))
    >>> codec.decode(b"[]")
    Traceback (most recent call last):
    ...
    streamscore.sources.faults.RecordFault: wrong_type: Expected `object`, got `array`
    """

    def __init__(self, source: Source, max_bytes: int = 1_000_000) -> None:
        self.source = source
        attributes = {name: f"f{i}" for i, name in enumerate(source.fields)}
        struct = source_struct(source, attributes)
        self.look_ups = {name: struct.look_ups[attributes[name]] for name in source.fields}
        self._getters = {name: found.getter() for name, found in self.look_ups.items()}
        self.max_bytes = max_bytes
        self._decoder = msgspec.json.Decoder(struct.type)
        self._encoder = msgspec.json.Encoder()
        self._clock = EventClock(source.event_time)
        self._time_of = self._getters[source.event_time.field]

    def decode(self, value: bytes | None) -> Record:
        """Decode one message value.

        Parameters
        ----------
        value : bytes or None
            The value as it came.

        Returns
        -------
        Record
            A struct that holds one value a field.

        Raises
        ------
        RecordFault
            When the value is no record of the source.
        """
        if value is None:
            raise RecordFault("null_value", "a record needs a value, got null (a tombstone)")
        if len(value) > self.max_bytes:
            raise RecordFault(
                "too_big", f"a record has at most {self.max_bytes} bytes, got {len(value)}"
            )
        try:
            # The decoder skips fields that the source does not name without looking at their
            # bytes, so the encoding is checked first: an event quotes the whole record.
            if not value.isascii():
                value.decode()
            return self._decoder.decode(value)
        except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
            raise _fault_of(value, error) from None

    def event_time(self, record: Record) -> Instant:
        """Read the event time of a decoded record.

        Raises
        ------
        RecordFault
            When it is unreadable or absurd.
        """
        return self._clock.read(self._time_of(record))

    def read(self, values: Sequence[bytes | None]) -> Batch:
        """Decode a batch of message values and their event times, faults set aside.

        Examples
        --------
        >>> from streamscore.sources import load_source
        >>> Codec(load_source("reviews")).read([b"[]", None]).faults[1][1].reason
        'null_value'
        """
        places: list[int] = []
        records: list[Record] = []
        faults: list[tuple[int, RecordFault]] = []
        decode, most = self._decoder.decode, self.max_bytes
        for place, value in enumerate(values):
            try:
                # What `decode` does for nearly all of them, without the call.
                if value is not None and value.isascii() and len(value) <= most:
                    record = decode(value)
                else:
                    record = self.decode(value)
            except RecordFault as fault:
                # Without what leads to the frames of this call, which would be kept with it.
                fault.__traceback__ = fault.__context__ = None
                faults.append((place, fault))
                continue
            except (RecursionError, msgspec.DecodeError) as error:
                faults.append((place, _fault_of(value or b"", error)))
                continue
            places.append(place)
            records.append(record)
        moments = self._clock.read_many([self._time_of(record) for record in records])
        batch = Batch(places, records, moments.utc_ms, moments.local_ms, faults)
        return _without(batch, moments.faults) if moments.faults else batch

    def encode(self, record: Record) -> bytes:
        """Encode a record as the JSON that `decode` reads."""
        return self._encoder.encode(record)

    def value_of(self, record: Record, field: str) -> Any:
        """Return one field's value."""
        return self._getters[field](record)

    def values_of(self, records: Sequence[Record], field: str) -> list[Any]:
        """Return one field's value in each record."""
        return list(map(self._getters[field], records))


def _without(batch: Batch, bad: dict[int, RecordFault]) -> Batch:
    """Move records with a bad event time to the faults."""
    good = [i for i in range(len(batch.records)) if i not in bad]
    faults = [*batch.faults, *((batch.places[i], fault) for i, fault in bad.items())]
    return Batch(
        [batch.places[i] for i in good],
        [batch.records[i] for i in good],
        batch.utc_ms[good],
        batch.local_ms[good],
        sorted(faults, key=lambda fault: fault[0]),
    )


def _fault_of(value: bytes, error: Exception) -> RecordFault:
    """Tell what is wrong with a value, from the error that reading it ended with."""
    if isinstance(error, msgspec.ValidationError):
        # The decoder stops at the first value of a wrong type, whatever comes after it.
        broken = _json_error(value)
        if broken is None:
            return RecordFault(_rule_broken(str(error)), str(error))
        error = broken
    reason: Reason = "not_utf8" if isinstance(error, UnicodeDecodeError) else "not_json"
    return framing_fault(value) or RecordFault(reason, str(error))


def _json_error(value: bytes) -> Exception | None:
    try:
        msgspec.json.decode(value, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return error
    return None


def _rule_broken(message: str) -> Reason:
    if says_missing(message):
        return "missing_field"
    # A message ends with the place, and thus with whatever the field is called; without one it is
    # of the whole value, which is no object then, however large a number it is.
    rule, place, _ = message.partition(" - at `")
    if not place:
        return "wrong_type"
    if "out of range" in rule or " <= " in rule or " >= " in rule or "length" in rule:
        return "out_of_range"
    return "wrong_type"
