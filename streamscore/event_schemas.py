"""JSON Schemas of what the scorer writes, made from the structs themselves."""

import inspect
import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from streamscore.events import (
    Announcement,
    Anomaly,
    AnomalyEvent,
    Attribution,
    Command,
    Position,
    RemovedBody,
    ScoreLine,
)
from streamscore.labels import Label
from streamscore.runs import Progress, Run, Tally
from streamscore.scoring import ModelVersion

WRITTEN: Final[dict[str, type[Struct]]] = {
    "anomaly.v1": AnomalyEvent,
    "score.v1": ScoreLine,
    "removed-body.v1": RemovedBody,
    "announcement.v1": Announcement,
    "run.v1": Run,
    "command.v1": Command,
    "label.v1": Label,
}
"""What is written as JSON for others to read, by the name of its schema."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_STRUCTS: Final[tuple[type[Struct], ...]] = (
    *WRITTEN.values(),
    Anomaly,
    Attribution,
    ModelVersion,
    Position,
    Progress,
    Tally,
)
_ATTRIBUTE = re.compile(r"^(\w[\w, ]*) : .*\n((?:    .*\n?)+)", re.MULTILINE)


def event_schemas() -> dict[str, str]:
    """Return the JSON Schema of everything in `WRITTEN`, as indented text by name.

    Descriptions are those of the structs' docstrings.

    Examples
    --------
    >>> schema = msgspec.json.decode(event_schemas()["score.v1"])
    >>> schema["$defs"]["ScoreLine"]["properties"]["score"]
    {'type': 'number', 'description': 'As in an anomaly.'}
    """
    return {name: _text(_schema(struct)) for name, struct in WRITTEN.items()}


def _schema(struct: type[Struct]) -> dict[str, Any]:
    schema = msgspec.json.schema(struct)
    for name, definition in schema["$defs"].items():
        _describe(definition, _struct_named(name))
    return {"$schema": DIALECT, **schema}


def _struct_named(name: str) -> type[Struct]:
    return next(struct for struct in _STRUCTS if struct.__name__ == name)


def _describe(definition: dict[str, Any], struct: type[Struct]) -> None:
    """Put the summary of a docstring and its attributes where a schema has them."""
    doc = inspect.cleandoc(struct.__doc__ or "")
    definition["description"] = " ".join(doc.partition("\n\n")[0].split())
    for names, text in _ATTRIBUTE.findall(doc):
        for name in names.split(", "):
            definition["properties"][name]["description"] = " ".join(text.split())


def _text(schema: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"
