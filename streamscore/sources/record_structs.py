"""Structs that read the fields of a record where they lie, also within nested objects."""

from collections.abc import Callable, Iterable
from itertools import accumulate
from math import ceil, floor
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from streamscore.sources.source import FLOAT_LIMIT, INTEGER_LIMIT, Field, Path, Source

_TYPES: dict[str, Any] = {"string": str, "integer": int, "float": float, "boolean": bool}


class Leaf(NamedTuple):
    """A value that is read.

    Attributes
    ----------
    attribute : str
        What the struct calls it: `f0`, `f1`, ...
    path : tuple of str
        The keys that lead to it, at least one.
    type : type
        What msgspec is to read there.
    is_required : bool
        Whether an object without it, or without its parent, is refused.
    """

    attribute: str
    path: Path
    type: Any
    is_required: bool


class Step(NamedTuple):
    """One attribute on the way to a value, and whether what it gives may be None."""

    attribute: str
    may_be_none: bool


class LookUp(NamedTuple):
    """How a value is found in a decoded record: through the structs of its parents.

    Attributes
    ----------
    parents : tuple of Step
        Outermost first; none for a value of the record itself.
    attribute : str
        The value's own attribute.
    """

    parents: tuple[Step, ...]
    attribute: str

    def code(self, record: str) -> str:
        """Write the expression that looks the value up: names of our own, and no others.

        Examples
        --------
        >>> LookUp((Step("g0", False), Step("g1", True)), "f3").code("r")
        '(r.g0.g1 and r.g0.g1.f3)'
        """
        places = [f"{record}.{piece}" for piece in accumulate(self._pieces(), _dotted)]
        return places[0] if len(places) == 1 else f"({' and '.join(places)})"

    def getter(self) -> Callable[[Any], Any]:
        """Return what looks the value up; it gives None below a parent that is None."""
        *outer, own = self._pieces()
        found: Callable[[Any], Any] = attrgetter(own)
        for piece in reversed(outer):
            found = _through(attrgetter(piece), found)
        return found

    def _pieces(self) -> list[str]:
        """Return the way, cut behind each parent that may be None."""
        pieces = [""]
        for attribute, may_be_none in self.parents:
            pieces[-1] += attribute if may_be_none else f"{attribute}."
            pieces += [""] if may_be_none else []
        pieces[-1] += self.attribute
        return pieces


class RecordStruct(NamedTuple):
    """A struct for JSON objects, and where it keeps each of the leaves.

    Attributes
    ----------
    type : type
        The struct.
    look_ups : dict of str to LookUp
        Attribute of a leaf -> how it is found.
    """

    type: type[msgspec.Struct]
    look_ups: dict[str, LookUp]


def struct_of(leaves: Iterable[Leaf]) -> RecordStruct:
    """Make the struct that reads some values of a JSON object.

    A parent is required where one of the values below it is; another one may be absent or null.

    Parameters
    ----------
    leaves : iterable of Leaf
        What is read; no path is another's, or leads through it.

    Examples
    --------
    >>> struct, look_ups = struct_of([Leaf("f0", ("after", "amount"), int, True)])
    >>> look_ups["f0"].getter()(msgspec.json.decode(b'{"after": {"amount": 7}}', type=struct))
    7
    """
    root = _Group("")
    for leaf in leaves:
        root.add(leaf, 0)
    return RecordStruct(root.struct(), dict(root.look_ups(())))


def source_struct(source: Source, attributes: dict[str, str]) -> RecordStruct:
    """Make the struct of a source's records, each field under the attribute given for its name."""
    return struct_of(
        Leaf(attributes[name], source.path_of(name), type_of(field), field.required)
        for name, field in source.fields.items()
    )


def says_missing(message: str) -> bool:
    """Tell whether msgspec's message is of a required value, or a parent of one, that is absent.

    A parent that is null says no more of its values than one that is absent.
    """
    rule, at, _ = message.partition(" - at `")
    is_null_parent = bool(at) and rule == "Expected `object`, got `null`"
    return is_null_parent or rule.startswith("Object missing required field")


class _Group:
    """An object within a record, or the record: what lies in it, by key."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute
        self.parts: dict[str, _Group | Leaf] = {}

    @property
    def is_required(self) -> bool:
        return any(part.is_required for part in self.parts.values())

    def add(self, leaf: Leaf, depth: int) -> None:
        key = leaf.path[depth]
        if depth == len(leaf.path) - 1:
            self.parts[key] = leaf
            return
        group = self.parts.setdefault(key, _Group(f"g{len(self.parts)}"))
        assert isinstance(group, _Group), leaf.path  # noqa: S101  # the source's rules see to it
        group.add(leaf, depth + 1)

    def struct(self) -> type[msgspec.Struct]:
        # A struct wants its required fields first; attributes keep the source's numbering.
        parts = self.parts.values()
        kinds = {part.attribute: _kind(part) for part in parts}
        fields: list[Any] = [(p.attribute, kinds[p.attribute]) for p in parts if p.is_required]
        fields += [
            (p.attribute, _optional(kinds[p.attribute]), None) for p in parts if not p.is_required
        ]
        return msgspec.defstruct(
            "Record",
            fields,
            rename={part.attribute: key for key, part in self.parts.items()},
            frozen=True,
            gc=False,
        )

    def look_ups(self, parents: tuple[Step, ...]) -> Iterable[tuple[str, LookUp]]:
        for part in self.parts.values():
            if isinstance(part, Leaf):
                yield part.attribute, LookUp(parents, part.attribute)
            else:
                yield from part.look_ups((*parents, Step(part.attribute, not part.is_required)))


def _kind(part: _Group | Leaf) -> Any:
    return part.type if isinstance(part, Leaf) else part.struct()


def _dotted(outer: str, inner: str) -> str:
    return f"{outer}.{inner}"


def _through(outer: Callable[[Any], Any], inner: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def look_up(record: Any) -> Any:
        parent = outer(record)
        return None if parent is None else inner(parent)

    return look_up


def _optional(kind: Any) -> Any:
    # A union with Raw would accept nothing but null; Raw takes a null as it is.
    return kind if kind is msgspec.Raw else kind | None


def type_of(field: Field) -> Any:
    """Return the type, with its bounds, that a field's value is decoded as."""
    if field.type == "any":
        return msgspec.Raw
    kind = _TYPES[field.type]
    if field.type == "integer":
        low, high = _bounds(field, INTEGER_LIMIT)
        return Annotated[kind, Meta(ge=ceil(low), le=floor(high))]
    if field.type == "float":
        low, high = _bounds(field, FLOAT_LIMIT)
        return Annotated[kind, Meta(ge=float(low), le=float(high))]
    if field.max_length is not None:
        return Annotated[kind, Meta(max_length=field.max_length)]
    return kind


def _bounds(field: Field, limit: float) -> tuple[float, float]:
    low = -limit if field.min is None else max(field.min, -limit)
    high = limit if field.max is None else min(field.max, limit)
    return low, high
