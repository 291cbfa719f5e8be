"""Hypothesis strategies: sources of any shape, however their fields are called, and records."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from streamscore.sources import Field, Source
from streamscore.sources.source import FLOAT_LIMIT, INTEGER_LIMIT, EventTime

HOSTILE_NAMES = (
    "__class__",
    "__dict__",
    "f0",
    "f1",
    "r",
    "nan",
    "g0",
    "rows",
    "extend",
    "None",
    "lambda",
    "{0}",
    "{r.f0}",
    "%s",
    "a'b",
    "'''",
    "); raise SystemExit  #",
    " ",
    "",
    "a.b",
    "$.f0",
    "length",
    "a <= b",
    "out of range",
    " - at `$.f0`",
    "é",
    "名前",
    "\u2028",
    "\x7f",
    "🎈",
)

NAMES = st.sampled_from(HOSTILE_NAMES) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters='"\\'), max_size=8
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["", "DRY", "WET", "See http://x.y or WWW.z.org!", "ÀÉ 12 été", "🎈" * 9]
)
_KEYS = st.sampled_from(["after", "f0", "g0", "r", "$", " ", "and", "é"]) | st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters='"\\.'),
    min_size=1,
    max_size=3,
)
_TYPES_OF_ROLE = {
    "category": ("string", "integer", "boolean"),
    "number": ("integer", "float"),
    "flag": ("boolean",),
    "text": ("string",),
    "id": ("string", "integer", "float", "boolean", "any"),
    "ignored": ("string", "integer", "float", "boolean", "any"),
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def fields(draw: st.DrawFn) -> Field:
    role: Any = draw(st.sampled_from(sorted(_TYPES_OF_ROLE)))
    kind: Any = draw(st.sampled_from(_TYPES_OF_ROLE[role]))
    low = high = None
    if kind in ("integer", "float") and draw(st.booleans()):
        low = draw(st.none() | st.integers(-50, 0).map(float) | st.just(-0.5))
        high = draw(st.none() | st.integers(1, 50).map(float) | st.just(2.5))
    longest = draw(st.none() | st.integers(1, 40)) if kind == "string" else None
    required = draw(st.booleans())
    return Field(type=kind, role=role, required=required, min=low, max=high, max_length=longest)


@st.composite
def paths(draw: st.DrawFn, names: Sequence[str]) -> dict[str, str]:
    """Paths of some fields, none of them another's or through it; many share a parent."""
    places: dict[str, tuple[str, ...]] = {name: (name,) for name in names}
    for name in draw(st.lists(st.sampled_from(names), unique=True)):
        place = tuple(draw(st.lists(_KEYS, min_size=1, max_size=4)))
        others = [other for owner, other in places.items() if owner != name]
        if not any(_collide(place, other) for other in others):
            places[name] = place
    return {name: ".".join(place) for name, place in places.items() if place != (name,)}


def _collide(one: Sequence[str], other: Sequence[str]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """A source of up to six fields beside its event time."""
    names = draw(st.lists(NAMES, unique=True, min_size=1, max_size=7))
    time_field = draw(st.sampled_from(names))
    described = {name: draw(fields()) for name in names}
    described[time_field] = Field(type="integer", role="time")
    for name, path in draw(paths(names)).items():
        described[name] = msgspec.structs.replace(described[name], path=path)
    cycles: Any = draw(st.lists(st.sampled_from(["hour", "weekday", "month"]), unique=True))
    time = EventTime(
        field=time_field,
        format="epoch_milliseconds",
        zone=draw(st.sampled_from(["UTC", "America/Chicago", "Asia/Kathmandu"])),
        cycles=tuple(cycles),
    )
    return Source(name="trial", event_time=time, fields=described)


def values(field: Field) -> st.SearchStrategy[Any]:
    """Values that a field accepts, few enough to repeat."""
    if field.role == "time":
        return st.integers(86_400_000, 4_000_000_000_000)
    if field.type == "any":
        return _JSON
    if field.type == "boolean":
        return st.booleans()
    if field.type == "string":
        return TEXTS.map(lambda text: text[: field.max_length])
    if field.type == "integer":
        limit = INTEGER_LIMIT
        low = -limit if field.min is None else int(field.min)
        high = limit if field.max is None else int(field.max)
        return st.integers(max(low, -9), min(high, 9)) | st.integers(low, high)
    low_float = -FLOAT_LIMIT if field.min is None else field.min
    high_float = FLOAT_LIMIT if field.max is None else field.max
    near = st.floats(max(low_float, -1e6), min(high_float, 1e6))
    return near | st.floats(low_float, high_float)


@st.composite
def records(draw: st.DrawFn, source: Source) -> dict[str, Any]:
    """One good record of a source, as JSON values."""
    record: dict[str, Any] = {}
    for name, field in source.fields.items():
        path = source.path_of(name)
        if field.required or draw(st.booleans()):
            null = st.none() if not field.required else st.nothing()
            put(record, path, draw(values(field) | null))
        elif len(path) > 1 and path[0] not in record and draw(st.booleans()):
            record[path[0]] = None
    return record


def put(record: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value where a path leads, with the objects that are not there yet."""
    for key in path[:-1]:
        if not isinstance(record.get(key), dict):
            record[key] = {}
        record = record[key]
    record[path[-1]] = value


def histories(source: Source, most: int = 4) -> st.SearchStrategy[list[dict[str, Any]]]:
    """A few good records of a source."""
    return st.lists(records(source), min_size=1, max_size=most)


def encoded(record: dict[str, Any], *, ascii_only: bool = False) -> bytes:
    """A record as JSON."""
    return json.dumps(record, ensure_ascii=ascii_only).encode()


def all_encoded(history: Sequence[dict[str, Any]]) -> list[bytes]:
    return [encoded(record) for record in history]
