"""What a source must keep beyond its types: the rules that tie its parts together."""

import re
from collections.abc import Iterator
from datetime import date
from math import ceil, floor, isfinite
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from streamscore.sources.dialect_rules import dialect_faults
from streamscore.sources.source import EventTime, Field, Path, Source
from streamscore.sources.time_formats import NAMED_FORMATS, NUMERIC_FORMATS, is_format

_ROLE_TYPES: dict[str, tuple[str, ...]] = {
    "category": ("string", "integer", "boolean"),
    "number": ("integer", "float"),
    "flag": ("boolean",),
    "time": ("string", "integer", "float"),
    "text": ("string",),
}
_MOST_KEYS = 16
_UNFIT = re.compile(r'["\\\x00-\x1f]')


def source_faults(source: Source) -> Iterator[str]:
    """Name every rule that a source breaks.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> list(source_faults(load_source("reviews")))
    []
    """
    yield from _event_time_faults(source)
    for name, field in source.fields.items():
        yield from (f"fields.{name}: {fault}" for fault in _field_faults(name, field))
    yield from _path_faults(source)
    if source.key is not None and source.key not in source.fields:
        yield f"key = {source.key!r} is not one of the fields"
    if source.records_per_day is not None and not isfinite(source.records_per_day):
        yield f"records_per_day must be a finite number, got {source.records_per_day}"
    if source.embedding != "hash" and not source.with_role("text"):
        yield (
            f"embedding = {source.embedding!r} is made of fields of role text, and there is none: "
            "leave it out, or give a field that role"
        )
    if source.topic in (".", ".."):
        yield f"topic = {source.topic!r} is a name that Kafka does not take"
    if not source.event_time.cycles and not source.with_role("category", "number", "flag", "text"):
        yield "a model needs a field of role category, number, flag or text, or a cycle"
    for name, dialect in source.dialects.items():
        yield from (f"dialects.{name}: {fault}" for fault in dialect_faults(source, name, dialect))


def _field_faults(name: str, field: Field) -> Iterator[str]:
    if _UNFIT.search(name):
        yield "a name must not contain a quotation mark, a backslash or a control character"
    if field.path is not None:
        yield from _own_path_faults(field.path)
    allowed = _ROLE_TYPES.get(field.role)
    if allowed is not None and field.type not in allowed:
        yield f"role {field.role} needs type {' or '.join(allowed)}, got {field.type}"
    if field.private and field.role == "category":
        yield (
            "a private field cannot be a category: the model would hold its values in clear. Give "
            "it role id or ignored, or have the writer replace its values by codes"
        )
    if field.max_length is not None and field.type != "string":
        yield f"max_length bounds strings, got type {field.type}"
    yield from _bound_faults(field)


def _own_path_faults(path: str) -> Iterator[str]:
    keys = path.split(".")
    if not all(keys) or len(keys) > _MOST_KEYS:
        yield (
            f"a path is 1 to {_MOST_KEYS} keys joined by dots, such as after.amount, none of them "
            f"empty; got {path!r}"
        )
    if _UNFIT.search(path):
        yield "a path must not contain a quotation mark, a backslash or a control character"


def _path_faults(source: Source) -> Iterator[str]:
    owners: dict[Path, str] = {}
    for name in source.fields:
        path = source.path_of(name)
        if path in owners:
            yield f"fields.{owners[path]} and fields.{name} both lie at {'.'.join(path)}; one may"
        owners.setdefault(path, name)
    for path, name in owners.items():
        parents = (path[:depth] for depth in range(1, len(path)))
        yield from (
            f"fields.{owners[parent]} lies at {'.'.join(parent)}, which must be an object for "
            f"fields.{name} to lie at {'.'.join(path)}: name the one or the other"
            for parent in parents
            if parent in owners
        )


def _bound_faults(field: Field) -> Iterator[str]:
    if field.min is None and field.max is None:
        return
    if field.type not in ("integer", "float"):
        yield f"min and max bound numbers, got type {field.type}"
    for name, bound in (("min", field.min), ("max", field.max)):
        if bound is not None and not isfinite(bound):
            yield f"{name} must be a finite number, got {bound}"
            return
    if field.min is None or field.max is None:
        return
    if field.min > field.max:
        yield f"min {field.min} is above max {field.max}"
    elif field.type == "integer" and ceil(field.min) > floor(field.max):
        yield f"no integer lies between min {field.min} and max {field.max}"


def _event_time_faults(source: Source) -> Iterator[str]:
    time = source.event_time
    field = source.fields.get(time.field)
    if field is None:
        yield f"event_time.field = {time.field!r} is not one of the fields"
    elif field.role != "time" or not field.required:
        yield f"fields.{time.field} holds the event time: its role must be time, and required"
    else:
        numeric = time.format in NUMERIC_FORMATS
        if numeric != (field.type in ("integer", "float")):
            yield f"event_time.format {time.format!r} does not fit a field of type {field.type}"
    if not is_format(time.format):
        yield (
            f"event_time.format must be {', '.join(NAMED_FORMATS)} or a strptime format with a "
            f"date, such as %Y-%m-%d %H:%M:%S; got {time.format!r}"
        )
    try:
        ZoneInfo(time.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"event_time.zone {time.zone!r} is not an IANA zone such as Europe/Paris"
    for name in time.repeats:
        if name not in source.fields or source.fields[name].type not in ("integer", "float"):
            yield f"event_time.repeats names {name!r}, which is not a field that holds a number"
    if len(set(time.cycles)) < len(time.cycles):
        yield f"event_time.cycles may name each once, got {', '.join(time.cycles)}"
    yield from _range_faults(time)


def _range_faults(time: EventTime) -> Iterator[str]:
    days = []
    for key in ("earliest", "latest"):
        text = getattr(time, key)
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            yield f"event_time.{key} must be an ISO date such as 2024-12-31, got {text!r}"
    if len(days) == 2 and days[0] >= days[1]:
        yield f"event_time.earliest {time.earliest} must lie before latest {time.latest}"
