"""Records that break a rule of their source on purpose, so that dead letters are seen at work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from streamscore.sources import Codec, RecordFault, Source
from streamscore.sources.nesting import Nesting

_NUMERIC = ("integer", "float")


def broken_records(source: Source, example: bytes) -> list[tuple[str, bytes | None]]:
    """Break a good record in each way that its source knows.

    Parameters
    ----------
    source : Source
        The source.
    example : bytes
        A record of it.

    Returns
    -------
    list of (str, bytes or None)
        What the scorer will say, one of `streamscore.sources.REASONS`, and the broken record.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> example = b'{"rating": 4.0, "text": "Soft", "timestamp": 1583032084430}'
    >>> [reason for reason, _ in broken_records(load_source("reviews"), example)][:3]
    ['not_json', 'not_utf8', 'null_value']
    """
    codec = Codec(source)
    record = msgspec.json.decode(example)
    nesting = Nesting(source)
    values = nesting.values(record)
    changed = [values | change for change in _changes(source, values)]
    required = [n for n, f in source.fields.items() if f.required and f.role != "time"]
    changed += [
        {name: value for name, value in values.items() if name != absent} for absent in required[:1]
    ]
    broken: list[bytes | None] = [example[: len(example) // 2], b"\xff" + example, None]
    broken += [msgspec.json.encode(nesting.replaced(record, each)) for each in changed]
    reasons = ((_reason(codec, value), value) for value in broken)
    return [(reason, value) for reason, value in reasons if reason is not None]


def _changes(source: Source, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    numbers = {n: f for n, f in source.fields.items() if f.type in _NUMERIC and f.role != "time"}
    yield from ({name: "many"} for name in list(numbers)[:1])
    bounded = [(name, field.max) for name, field in numbers.items() if field.max is not None]
    yield from ({name: int(most) + 1} for name, most in bounded[:1])
    time = source.event_time.field
    yield {time: "yesterday" if isinstance(record.get(time), str) else -1}


def _reason(codec: Codec, value: bytes | None) -> str | None:
    try:
        codec.event_time(codec.decode(value))
    except RecordFault as fault:
        return fault.reason
    return None
