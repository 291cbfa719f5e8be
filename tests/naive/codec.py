"""What is wrong with a record, rule by rule, after the standard library has read its JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from streamscore.sources import Field, Reason, Source
from streamscore.sources.source import FLOAT_LIMIT, INTEGER_LIMIT
from tests.naive.event_time import naive_event_time

_MOST_DIGITS = 4000
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "float": (int, float),
    "boolean": (bool,),
}


class Pairs(list[tuple[str, Any]]):
    """A JSON object with every key it has, also those that it has twice."""


def naive_judgement(source: Source, value: bytes | None, max_bytes: int = 1_000_000) -> set[Reason]:
    """Every reason why a message is no good record; none for a good one."""
    if value is None:
        return {"null_value"}
    if len(value) > max_bytes:
        return {"too_big"}
    reasons = naive_reasons(source, value)
    if reasons:
        return reasons
    time = source.event_time
    written = naive_value(source, _plain(_read(value)), time.field)
    try:
        utc_ms, _ = naive_event_time(time, written)
    except OverflowError:  # written well, and beyond what a datetime holds in UTC
        return {"event_time_unreadable", "event_time_absurd"}
    except ValueError:
        return {"event_time_unreadable"}
    is_sane = _day_ms(time.earliest) <= utc_ms < _day_ms(time.latest)
    return set() if is_sane else {"event_time_absurd"}


def naive_reasons(source: Source, value: bytes) -> set[Reason]:
    """Every reason that applies; none for a good record. Event time is left out."""
    if len(value) >= 5 and value[0] == 0:
        return {"schema_registry"}
    try:
        record = _read(value)
        json.dumps(record, ensure_ascii=False).encode()  # finds surrogates without their pair
    except UnicodeDecodeError:
        return {"not_utf8"}
    except (ValueError, RecursionError):
        return {"not_json"}
    if not isinstance(record, Pairs):
        return {"wrong_type"}
    reasons: set[Reason] = set()
    plain = _plain(record)
    for name, field in source.fields.items():
        parent = naive_parent(plain, source.path_of(name))
        key = source.path_of(name)[-1]
        if not isinstance(parent, dict):
            reasons.add("wrong_type")
        elif key in parent:
            reasons |= _value_reasons(field, parent[key])
        elif field.required:
            reasons.add("missing_field")
        for twice in [value for key, value in record if (key,) == source.path_of(name)][:-1]:
            reasons |= _value_reasons(field, _plain(twice))
    return reasons


def naive_parent(record: dict[str, Any], path: Sequence[str]) -> Any:
    """The object that the last key of a path is looked for in; empty where there is none."""
    parent: Any = record
    for key in path[:-1]:
        if not isinstance(parent, dict):
            return parent
        parent = {} if parent.get(key) is None else parent[key]
    return parent


def naive_value(source: Source, record: dict[str, Any], name: str) -> Any:
    """A field's value in a good record; None where it has none."""
    path = source.path_of(name)
    return naive_parent(record, path).get(path[-1])


def _read(value: bytes) -> Any:
    return json.loads(
        value.decode(), parse_constant=_refused, parse_int=_integer, object_pairs_hook=Pairs
    )


def _plain(value: Any) -> Any:
    """Objects as dictionaries, of what an object holds twice the last."""
    if isinstance(value, Pairs):
        return {key: _plain(one) for key, one in value}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


def _integer(digits: str) -> float:
    # Python itself refuses to read more of them.
    return int(digits) if len(digits) <= _MOST_DIGITS else float(f"{digits[:2]}e999")


def _day_ms(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000


def _value_reasons(field: Field, value: Any) -> set[Reason]:
    if field.type == "any" or (value is None and not field.required):
        return set()
    if value in (float("inf"), float("-inf")) and field.type in ("integer", "float"):
        return {"out_of_range"}
    if type(value) not in _PYTHON_TYPES[field.type]:
        return {"wrong_type"}
    if field.type == "string" and field.max_length is not None:
        return {"out_of_range"} if len(value) > field.max_length else set()
    return set() if _in_bounds(field, value) else {"out_of_range"}


def _in_bounds(field: Field, value: Any) -> bool:
    if field.type not in ("integer", "float"):
        return True
    limit = INTEGER_LIMIT if field.type == "integer" else FLOAT_LIMIT
    low = -limit if field.min is None else max(field.min, -limit)
    high = limit if field.max is None else min(field.max, limit)
    return bool(low <= value <= high)
