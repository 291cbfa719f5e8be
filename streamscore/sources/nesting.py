"""Between a record's own shape and its values by the names of their fields."""

import copy
from collections.abc import Mapping
from typing import Any

from streamscore.sources.source import Path, Source


class Nesting:
    """Puts the values of fields where the source says that they lie in a record, and back.

    Parameters
    ----------
    source : Source
        Its fields may have paths.

    Attributes
    ----------
    is_flat : bool
        Whether every field lies in the record itself, under its own name.

    Examples
    --------
    >>> from streamscore.sources.source import EventTime, Field
    >>> at = Field(type="integer", role="time", path="payload.ts_ms")
    >>> time = EventTime(field="at", format="epoch_milliseconds")
    >>> nesting = Nesting(Source(name="orders", event_time=time, fields={"at": at}))
    >>> nesting.record({"at": 7, "op": "c"})
    {'op': 'c', 'payload': {'ts_ms': 7}}
    >>> nesting.values({"op": "c", "payload": {"ts_ms": 7}})
    {'at': 7}
    """

    def __init__(self, source: Source) -> None:
        self._paths = {name: source.path_of(name) for name in source.fields}
        self.is_flat = all(path == (name,) for name, path in self._paths.items())

    def values(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the values of the fields that a record has; a flat record is its own answer."""
        if self.is_flat:
            return record
        found = {}
        for name, path in self._paths.items():
            parent = _parent(record, path)
            if parent is not None and path[-1] in parent:
                found[name] = parent[path[-1]]
        return found

    def record(self, values: dict[str, Any]) -> dict[str, Any]:
        """Make a record of values by field name; what is no field stays where it is."""
        if self.is_flat:
            return values
        made = {name: value for name, value in values.items() if name not in self._paths}
        return self._put(made, values)

    def replaced(self, record: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """Return a copy of a record whose fields have these values, and no others."""
        if self.is_flat:
            return dict(values)
        made = copy.deepcopy(record)
        for path in self._paths.values():
            parent = _parent(made, path)
            if parent is not None:
                parent.pop(path[-1], None)
        return self._put(made, values)

    def _put(self, record: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        for name, path in self._paths.items():
            if name in values:
                parent = record
                for key in path[:-1]:
                    inner = parent.get(key)
                    if not isinstance(inner, dict):
                        inner = parent[key] = {}
                    parent = inner
                parent[path[-1]] = values[name]
        return record


def _parent(record: dict[str, Any], path: Path) -> dict[str, Any] | None:
    """Return the object that holds the last key of a path, where there is one."""
    parent: Any = record
    for key in path[:-1]:
        parent = parent.get(key)
        if not isinstance(parent, dict):
            return None
    found: dict[str, Any] = parent
    return found
