"""Reading sources from TOML: the built-in ones and a user's own."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from streamscore.errors import SourceError
from streamscore.formats import refusal
from streamscore.sources.source import Source
from streamscore.sources.source_rules import source_faults


def builtin_names() -> tuple[str, ...]:
    """Names of the sources that come with the product, sorted."""
    folder = resources.files("streamscore.sources") / "builtin"
    names = (item.name for item in folder.iterdir() if item.name.endswith(".toml"))
    return tuple(sorted(name.removesuffix(".toml") for name in names))


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
    try:
        toml = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    return parse_source(toml, str(path))


def source_argument(name: str) -> str:
    """Return what names a source in a command: its name, or a TOML file that is called like it.

    Where the file of a source is, and whether it is called so, only its user knows.

    Examples
    --------
    >>> source_argument("accidents"), source_argument("orders")
    ('accidents', 'orders.toml')
    """
    return name if name in builtin_names() else f"{name}.toml"


def parse_source(toml: bytes, origin: str) -> Source:
    """Build a source from the bytes of its TOML file; `origin` names it in messages.

    Raises
    ------
    SourceError
        When the TOML breaks a rule; all faults in one message.
    """
    try:
        tree = msgspec.toml.decode(toml)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{origin}: {error}") from None
    # Of a later format nothing can be said but that: its other keys may be right.
    if reason := refusal("source", tree.get("format", 1)):
        raise SourceError(f"{origin}: {reason}")
    faults = list(_shape_faults(tree, Source, ""))
    if not faults:
        faults = list(source_faults(msgspec.convert(tree, Source)))
    if faults:
        raise SourceError(f"{origin}: " + "; ".join(faults))
    return msgspec.convert(tree, Source)


def _shape_faults(value: Any, kind: Any, path: str) -> Iterator[str]:
    """Name every key that is unknown, missing or of a wrong type, not the first alone."""
    if isinstance(value, dict) and get_origin(kind) is dict:
        for name, item in value.items():
            yield from _shape_faults(item, get_args(kind)[1], f"{path}.{name}")
    elif isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        known = {info.name: info for info in msgspec.structs.fields(kind)}
        where = f"{path}: " if path else ""
        yield from (f"{where}there is no key {name!r}" for name in value if name not in known)
        for name, info in known.items():
            if name in value:
                yield from _shape_faults(value[name], info.type, f"{path}.{name}".lstrip("."))
            elif info.required:
                yield f"{where}the key {name!r} is missing"
    else:
        try:
            msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            yield f"{path}: {error}"
