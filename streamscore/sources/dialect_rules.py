"""What a dialect must keep beyond its types."""

import re
from collections.abc import Iterator
from itertools import combinations

import msgspec

from streamscore.sources.converters import types_of
from streamscore.sources.dialects import CANONICAL, Dialect, FieldSpelling
from streamscore.sources.record_structs import type_of
from streamscore.sources.source import Field, Source
from streamscore.sources.time_formats import NAMED_FORMATS, SERIAL_DAYS, is_format
from streamscore.sources.time_spellings import text_read_twice

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,48}")


def dialect_faults(source: Source, name: str, dialect: Dialect) -> Iterator[str]:
    """Name every rule that a dialect of a source breaks.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> list(dialect_faults(load_source("reviews"), "canonical", Dialect()))
    ["the name canonical is the source's own spelling's; give the dialect another"]
    """
    if name == CANONICAL:
        yield f"the name {name} is the source's own spelling's; give the dialect another"
    elif not _NAME.fullmatch(name):
        yield "a name is of lower-case letters, digits, _ and -"
    yield from _format_faults(dialect.formats(source.event_time.format))
    for field, spelling in dialect.fields.items():
        faults = _field_faults(source, field, spelling)
        yield from (f"fields.{field}: {fault}" for fault in faults)


def _format_faults(formats: tuple[str, ...]) -> Iterator[str]:
    unknown = [one for one in formats if one != SERIAL_DAYS and not is_format(one)]
    for one in unknown:
        yield (
            f"event_time must be {', '.join(NAMED_FORMATS)}, {SERIAL_DAYS} or a strptime format "
            f"with a date, such as %d.%m.%Y %H:%M; got {one!r}"
        )
    for one, other in combinations([one for one in formats if one not in unknown], 2):
        text = "" if one == other else text_read_twice(one, other)
        if text is not None:
            shown = f"read {text!r} differently" if text else "are the same"
            yield f"event_time: {one} and {other} {shown}; name one of them"


def _field_faults(source: Source, name: str, spelling: FieldSpelling) -> Iterator[str]:
    field = source.fields.get(name)
    if field is None:
        yield "the source has no such field"
        return
    if not all(spelling.names(name)):
        yield "a name must not be empty"
    if field.type not in types_of(spelling.convert):
        wanted = " or ".join(types_of(spelling.convert))
        yield f"convert {spelling.convert} needs type {wanted}, got {field.type}"
    if name == source.event_time.field:
        if spelling.convert != "plain" or spelling.default is not None:
            yield "the event time has no convert and no default; event_time says how it is written"
    elif spelling.default is not None:
        yield from _default_faults(field, spelling.default)


def _default_faults(field: Field, default: str | int | float | bool) -> Iterator[str]:
    if field.type == "any":
        return
    try:
        msgspec.convert(default, type_of(field))
    except msgspec.ValidationError as error:
        yield f"default: {error}"
    except (ValueError, OverflowError):
        pass  # bounds that no number keeps are told of the field itself
