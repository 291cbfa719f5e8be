"""The list of settings as rows: for the loader, for the command, for the page of the docs."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from streamscore.settings.sections import MASK, Settings, is_secret

ENVIRONMENT_PREFIX = "STREAMSCORE_"


class Entry(msgspec.Struct, frozen=True):
    """One setting as declared.

    Attributes
    ----------
    name : str
        ``section.name``.
    type : object
        The annotated type its values are checked against.
    default : object
        Its default.
    rule : str
        What a value must be, to follow "must be".
    unit, meaning : str
        The unit, empty where there is none, and the meaning.
    secret : bool
        Whether its value is never shown.
    """

    name: str
    type: Any
    default: Any
    rule: str
    unit: str
    meaning: str
    secret: bool

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return ENVIRONMENT_PREFIX + self.name.replace(".", "_").upper()

    def shown(self, value: object) -> str:
        """Return a value as it is shown: as TOML writes it, or masked."""
        if self.secret and value != "":
            return MASK
        return msgspec.json.encode(value, enc_hook=str).decode()


class SettingRow(msgspec.Struct, frozen=True):
    """One setting as it stands: name, value as shown, origin, unit and meaning."""

    name: str
    value: str
    origin: str
    unit: str
    meaning: str


@cache
def entries() -> dict[str, Entry]:
    """Return every setting by its name, in the order they are declared."""
    found: dict[str, Entry] = {}
    for section in msgspec.structs.fields(Settings):
        if section.name == "origins":
            continue
        declared = msgspec.inspect.type_info(section.type)
        assert isinstance(declared, msgspec.inspect.StructType)  # noqa: S101
        types = {field.name: field.type for field in msgspec.structs.fields(section.type)}
        for field in declared.fields:
            entry = _entry(f"{section.name}.{field.name}", types[field.name], field)
            found[entry.name] = entry
    return found


def _entry(name: str, annotated: Any, field: msgspec.inspect.Field) -> Entry:
    metadata = field.type
    assert isinstance(metadata, msgspec.inspect.Metadata)  # noqa: S101
    return Entry(
        name=name,
        type=annotated,
        default=field.default,
        rule=_rule(metadata.type),
        unit=(metadata.extra or {})["unit"],
        meaning=(metadata.extra_json_schema or {})["description"],
        secret=is_secret(field),
    )


def _rule(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.BoolType():
            return "true or false"
        case msgspec.inspect.LiteralType(values):
            return "one of " + ", ".join(msgspec.json.encode(value).decode() for value in values)
        case msgspec.inspect.IntType(ge=low, le=high):
            return "an integer" + _bounds(low, high)
        case msgspec.inspect.FloatType(ge=low, le=high):
            return "a number" + _bounds(low, high)
    return "text"


def _bounds(low: float | None, high: float | None) -> str:
    if low is None:
        return ""
    return f" of at least {low:g}" if high is None else f" from {low:.12g} to {high:.12g}"


def describe(settings: Settings) -> list[SettingRow]:
    """Return every setting with its value and where that came from; secrets are masked.

    Examples
    --------
    >>> describe(Settings())[0].value
    '"127.0.0.1:9092"'
    """
    rows = []
    for entry in entries().values():
        section, name = entry.name.split(".")
        value = entry.shown(getattr(getattr(settings, section), name))
        origin = settings.origins.get(entry.name, "default")
        rows.append(SettingRow(entry.name, value, origin, entry.unit, entry.meaning))
    return rows


def settings_markdown() -> str:
    """Return the page of the documentation that lists every setting."""
    lines = [
        "# Settings",
        "",
        "Read from `streamscore.toml` (or `--config FILE`), over it from the environment, over it",
        "from `--set section.name=value`. `streamscore settings` shows each value and where it",
        "came from. All faults are reported together before anything starts.",
    ]
    for section in msgspec.structs.fields(Settings):
        if section.name == "origins":
            continue
        lines += ["", f"## [{section.name}]", "", _docstring(section.type), ""]
        lines += ["| setting | default | must be | meaning |", "|---|---|---|---|"]
        lines += [_line(e) for e in entries().values() if e.name.startswith(section.name + ".")]
    lines += [
        "",
        "The environment variable of a setting is `STREAMSCORE_<SECTION>_<NAME>`, for instance",
        "`STREAMSCORE_KAFKA_BOOTSTRAP_SERVERS`.",
    ]
    return "\n".join(lines) + "\n"


def _docstring(section: type) -> str:
    lines = (section.__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines).replace("``", "`")


def _line(entry: Entry) -> str:
    unit = f" ({entry.unit})" if entry.unit else ""
    secret = " Never shown." if entry.secret else ""
    default = f"`{entry.shown(entry.default)}`"
    return f"| `{entry.name}` | {default} | {entry.rule}{unit} | {entry.meaning}{secret} |"
