"""Reads settings from a TOML text, the environment and flags, each over the one before."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from streamscore.errors import SettingsError
from streamscore.formats import refusal
from streamscore.settings.rules import broken_rules
from streamscore.settings.sections import Settings
from streamscore.settings.table import ENVIRONMENT_PREFIX, entries

_SERVICE_LINK = re.compile(r".*_SERVICE_(HOST|PORT(_\w+)?)|.*PORT_\d+_(TCP|UDP)(_[A-Z]+)?")


class Given(msgspec.Struct, frozen=True):
    """A value as it was given: under which name, from where, and whether it is bare text."""

    name: str
    value: Any
    origin: str
    is_text: bool


def load_settings(
    file_text: str | None, environ: Mapping[str, str], overrides: Mapping[str, str]
) -> Settings:
    r"""Read, check and merge settings.

    Parameters
    ----------
    file_text : str or None
        The text of ``streamscore.toml``, or None where there is no file.
    environ : Mapping[str, str]
        Environment variables; those named ``STREAMSCORE_<SECTION>_<NAME>`` are taken.
    overrides : Mapping[str, str]
        Values given on the command line by ``section.name``.

    Returns
    -------
    Settings
        Flags over environment over file over defaults, with the origin of each.

    Raises
    ------
    SettingsError
        With every fault found: unknown names with the nearest known one, values that break
        their rule, and rules that several settings break together.

    Examples
    --------
    >>> load_settings("[worker]\nslot = 1", {"STREAMSCORE_WORKER_SLOT": "2"}, {}).worker.slot
    2
    """
    faults: list[str] = []
    taken: dict[str, Given] = {}
    flags = [Given(name, value, "flag", True) for name, value in overrides.items()]
    for given in [*_from_file(file_text, faults), *_from_environ(environ, faults), *flags]:
        if given.name in entries():
            taken[given.name] = given
        else:
            faults.append(_unknown(given.name, list(entries()), given.origin))
    values = {name: _converted(given, faults) for name, given in taken.items()}
    settings = _assembled(values, {name: given.origin for name, given in taken.items()})
    faults += broken_rules(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _from_file(text: str | None, faults: list[str]) -> Iterator[Given]:
    try:
        document = tomllib.loads(text or "")
    except tomllib.TOMLDecodeError as error:
        faults.append(f"The settings file must be TOML; received text that is not: {error}.")
        return
    # Of a later format nothing can be said but that: its other keys may be right.
    if reason := refusal("settings", document.pop("format", 1)):
        faults.append(f"The settings file cannot be read: {reason}")
        return
    sections = {name.split(".")[0] for name in entries()}
    for section, table in document.items():
        if section not in sections:
            faults.append(_unknown(f"[{section}]", [f"[{known}]" for known in sections], "file"))
        elif not isinstance(table, dict):
            faults.append(f"{section} must be a section, written [{section}]; received {table!r}.")
        else:
            for name, value in table.items():
                yield Given(f"{section}.{name}", value, "file", False)


def _from_environ(environ: Mapping[str, str], faults: list[str]) -> Iterator[Given]:
    known = {entry.variable: entry.name for entry in entries().values()}
    for variable, value in sorted(environ.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX) or _is_service_link(variable, value):
            continue
        if variable in known:
            yield Given(known[variable], value, "environment", True)
        else:
            faults.append(_unknown(variable, list(known), "environment"))


def _is_service_link(variable: str, value: str) -> bool:
    # Kubernetes puts these into every container of a namespace that has a Service whose name
    # starts with "streamscore": they are nobody's settings.
    is_address = variable.endswith("PORT") and value.startswith(("tcp://", "udp://"))
    return is_address or _SERVICE_LINK.fullmatch(variable) is not None


def _unknown(name: str, known: list[str], origin: str) -> str:
    nearest = get_close_matches(name, known, n=1)
    advice = f"did you mean {nearest[0]}?" if nearest else "`streamscore settings` lists all."
    return f"{name} must be a known setting; received it from the {origin}: {advice}"


def _converted(given: Given, faults: list[str]) -> Any:
    entry = entries()[given.name]
    try:
        value = msgspec.convert(given.value, entry.type, strict=not given.is_text)
        if not isinstance(value, float) or math.isfinite(value):
            return value
    except msgspec.ValidationError:
        pass
    shown = entry.shown(given.value)
    faults.append(f"{entry.name} must be {entry.rule}; received {shown} ({given.origin}).")
    return entry.default


def _assembled(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    sections: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, field = name.split(".")
        sections.setdefault(section, {})[field] = value
    types = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    built = {section: types[section](**fields) for section, fields in sections.items()}
    return Settings(**built, origins=origins)
