"""The records of the harness: real or generated ones, with bad ones of every kind among them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from streamscore.sources import REASONS

RECORD_MAX_BYTES = 20_000
"""`scorer.record_max_bytes` of the harness: a record that is too big costs little."""

_BAD_EVERY = 211


class Row(NamedTuple):
    """A record to be produced: its bytes and its row id."""

    value: bytes | None
    row_id: str


def rows(values: Sequence[bytes], count: int) -> list[Row]:
    """Repeat records until there are `count`; one in 211 is spoiled, each time in another way."""
    made = []
    for i in range(count):
        value = values[i % len(values)]
        spoiled = value if (i + 1) % _BAD_EVERY else _spoiled(value, i // _BAD_EVERY)
        made.append(Row(spoiled, f"accidents:{i % len(values) + 1}/{i // len(values)}"))
    return made


def _spoiled(value: bytes, turn: int) -> bytes | None:
    reason = REASONS[turn % len(REASONS)]
    if reason == "null_value":
        return None
    if reason == "too_big":
        return value + b" " * RECORD_MAX_BYTES
    if reason == "schema_registry":
        return b"\0\0\0\0\x07" + value
    if reason == "not_utf8":
        return value[:-1] + b',"note":"\xff"}'
    if reason == "not_json":
        return value[:-2]
    record: dict[str, Any] = msgspec.json.decode(value)
    if reason == "missing_field":
        del record["damage"]
    else:
        record |= _BROKEN[reason]
    return msgspec.json.encode(record)


_BROKEN: dict[str, dict[str, Any]] = {
    "wrong_type": {"num_units": "two"},
    "out_of_range": {"crash_hour": 99},
    "event_time_unreadable": {"crash_date": "yesterday"},
    "event_time_absurd": {"crash_date": "01/01/1905 01:00:00 AM"},
}
