"""Nested JSON objects as columns, one for each path that leads to a value."""

from typing import Any

from msgspec import Struct

_DEEPEST = 5
"""How many keys a path has at most; what lies deeper is kept and not looked at."""

_MOST_KEYS = 60
"""An object with more keys than this, below the record itself, is a map and no structure."""

_MOST_COLUMNS = 2_000

Path = tuple[str, ...]


class FlatColumn(Struct, frozen=True):
    """The values at one path.

    Attributes
    ----------
    name : str
        The keys joined by `_`, unique.
    path : str or None
        The keys joined by dots; None where there is one.
    values : list
        One a row, None where there is none.
    """

    name: str
    path: str | None
    values: list[Any]


class Flattening:
    """Takes records and turns them into columns. It changes with each.

    Examples
    --------
    >>> flattening = Flattening()
    >>> flattening.add({"id": 1, "after": {"amount": 2.5}})
    >>> [(one.name, one.path, one.values) for one in flattening.columns()]
    [('id', None, [1]), ('after_amount', 'after.amount', [2.5])]
    """

    def __init__(self) -> None:
        self.rows = 0
        self._values: dict[Path, list[Any]] = {}
        self._objects: set[Path] = set()
        self._too_many: set[str] = set()

    def add(self, record: dict[str, Any]) -> None:
        """Take one record."""
        self._add(record, ())
        self.rows += 1

    def columns(self) -> list[FlatColumn]:
        """Return the columns, in the order in which their paths came up."""
        names: set[str] = {path[0] for path in self._values if len(path) == 1}
        columns = []
        for path in self._kept():
            name = path[0] if len(path) == 1 else _unused("_".join(path), names)
            names.add(name)
            columns.append(FlatColumn(name, _dotted(path), self._column(path)))
        return columns

    def left_out(self) -> dict[str, str]:
        """Return what no column can be made of, and why."""
        unnamed = {
            ".".join(path): "a key on its path is empty or has a dot, a quotation mark or the like"
            for path in self._values
            if not _can_be_named(path)
        }
        return unnamed | dict.fromkeys(self._too_many, f"there are over {_MOST_COLUMNS:,} columns")

    def _add(self, value: dict[str, Any], above: Path) -> None:
        for key, inner in value.items():
            path = (*above, key)
            if path not in self._values and len(self._values) >= _MOST_COLUMNS:
                self._too_many.add(path[0])
                continue
            column = self._values.setdefault(path, [])
            if isinstance(inner, dict) and len(path) < _DEEPEST:
                self._objects.add(path)
                self._add(inner, path)
            elif inner is not None:
                column.extend([None] * (self.rows - len(column)))
                column.append(inner)

    def _kept(self) -> list[Path]:
        closed = {path for path in self._objects if self._values[path] or self._is_map(path)}
        return [
            path
            for path in self._values
            if (path in closed or path not in self._objects or self._is_empty(path))
            and not any(path[:depth] in closed for depth in range(1, len(path)))
            and _can_be_named(path)
        ]

    def _is_map(self, path: Path) -> bool:
        return len(self._below(path)) > _MOST_KEYS

    def _is_empty(self, path: Path) -> bool:
        return not self._below(path)

    def _below(self, path: Path) -> list[Path]:
        return [p for p in self._values if len(p) == len(path) + 1 and p[:-1] == path]

    def _column(self, path: Path) -> list[Any]:
        values = self._values[path]
        if path in self._objects:
            # Now an object and now something else, or a map: nothing that could be looked into.
            return [{}] * self.rows
        return values + [None] * (self.rows - len(values))


def _dotted(path: Path) -> str | None:
    return None if len(path) == 1 else ".".join(path)


def _unused(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _can_be_named(path: Path) -> bool:
    if len(path) == 1:
        return True
    return all(
        key and "." not in key and '"' not in key and "\\" not in key and key.isprintable()
        for key in path
    )
