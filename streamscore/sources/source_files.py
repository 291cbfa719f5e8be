"""Reading sources from TOML: the built-in ones and a user's own."""

from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from streamscore.errors import SourceError
from streamscore.sources.source import Field, Source

_ROLE_TYPES: dict[str, tuple[str, ...]] = {
    "category": ("string", "integer", "boolean"),
    "number": ("integer", "float"),
    "flag": ("boolean",),
    "time": ("string", "integer", "float"),
    "text": ("string",),
}


def builtin_names() -> tuple[str, ...]:
    """Names of the sources that come with the product, sorted."""
    folder = resources.files("streamscore.sources") / "builtin"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir()))


def load_source(name_or_path: str) -> Source:
    """Load a built-in source by name, or a user's own by the path of its TOML file.

    Raises
    ------
    SourceError
        When there is no such source, or its TOML breaks a rule; all faults in one message.

    Examples
    --------
    >>> load_source("accidents").event_time.zone
    'America/Chicago'
    """
    if name_or_path in builtin_names():
        folder = resources.files("streamscore.sources") / "builtin"
        return parse_source((folder / f"{name_or_path}.toml").read_bytes(), name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise SourceError(
            f"a source is one of {', '.join(builtin_names())} or the path of a TOML file; "
            f"{name_or_path!r} is neither"
        )
    return parse_source(path.read_bytes(), str(path))


def parse_source(toml: bytes, origin: str) -> Source:
    """Build a source from the bytes of its TOML file; `origin` names it in messages.

    Raises
    ------
    SourceError
        When the TOML breaks a rule; all faults in one message.
    """
    try:
        source = msgspec.toml.decode(toml, type=Source)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{origin}: {error}") from None
    faults = [*_time_faults(source)]
    for name, field in source.fields.items():
        faults += [f"fields.{name}: {fault}" for fault in _field_faults(field)]
    if source.key is not None and source.key not in source.fields:
        faults.append(f"key = {source.key!r} is not one of the fields")
    if faults:
        raise SourceError(f"{origin}: " + "; ".join(faults))
    return source


def _field_faults(field: Field) -> Iterator[str]:
    allowed = _ROLE_TYPES.get(field.role)
    if allowed is not None and field.type not in allowed:
        yield f"role {field.role} needs type {' or '.join(allowed)}, got {field.type}"
    bounded = field.min is not None or field.max is not None
    if bounded and field.type not in ("integer", "float"):
        yield f"min and max bound numbers, got type {field.type}"
    if field.min is not None and field.max is not None and field.min > field.max:
        yield f"min {field.min} is above max {field.max}"
    if field.max_length is not None and field.type != "string":
        yield f"max_length bounds strings, got type {field.type}"


def _time_faults(source: Source) -> Iterator[str]:
    time = source.event_time
    field = source.fields.get(time.field)
    if field is None:
        yield f"event_time.field = {time.field!r} is not one of the fields"
    elif field.role != "time" or not field.required:
        yield f"fields.{time.field} holds the event time: its role must be time, and required"
    else:
        numeric = time.format in ("epoch_seconds", "epoch_milliseconds")
        if numeric != (field.type in ("integer", "float")):
            yield f"event_time.format {time.format!r} does not fit a field of type {field.type}"
    try:
        ZoneInfo(time.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f"event_time.zone {time.zone!r} is not an IANA zone such as Europe/Paris"
    for key in ("earliest", "latest"):
        try:
            datetime.fromisoformat(getattr(time, key))
        except ValueError:
            yield f"event_time.{key} must be an ISO date, got {getattr(time, key)!r}"
