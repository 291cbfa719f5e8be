"""Labelled tables of ADBench and ADRepository as records of sources made for them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamscore.sources import Codec, Field, Source
from streamscore.sources.codec import Batch
from streamscore.sources.source import EventTime

_FEWEST_ANOMALIES = 100
_FIRST_MS = 1_600_000_000_000
_STEP_MS = 1_000
_SEED = 42


class TabularSet(NamedTuple):
    """A labelled table.

    Attributes
    ----------
    name : str
        As its file is called.
    columns : tuple of arrays of shape (n,)
        Numbers as float64, NaN where missing; categories as str.
    is_anomaly : bool array of shape (n,)
        The labels.
    """

    name: str
    columns: tuple[NDArray[Any], ...]
    is_anomaly: NDArray[np.bool_]

    @property
    def is_nominal(self) -> list[bool]:
        """Whether each column is a category."""
        return [column.dtype.kind == "U" for column in self.columns]

    def taken(self, places: NDArray[np.int64]) -> "TabularSet":
        """Return some rows in their order."""
        return TabularSet(
            self.name, tuple(c[places] for c in self.columns), self.is_anomaly[places]
        )

    def shuffled(self, seed: int, most: int) -> "TabularSet":
        """Return at most so many rows in random order, anomalies in their share or 100 of them."""
        places = np.random.default_rng(seed).permutation(len(self.is_anomaly))
        anomalies = places[self.is_anomaly[places]]
        normals = places[~self.is_anomaly[places]]
        share = min(1.0, most / len(places))
        kept = max(round(share * len(anomalies)), min(_FEWEST_ANOMALIES, len(anomalies)))
        chosen = np.concatenate([anomalies[:kept], normals[: round(share * len(normals))]])
        return self.taken(places[np.isin(places, chosen)])

    def source(self, history: str) -> Source:
        """Return a source for the rows: numbers are numbers, categories categories."""
        fields = {"at": Field(type="integer", role="time")}
        for i, column in enumerate(self.columns):
            if self.is_nominal[i]:
                fields[f"c{i}"] = Field(type="string", role="category")
            else:
                required = not bool(np.isnan(column).any())
                fields[f"c{i}"] = Field(type="float", role="number", required=required)
        time = EventTime(field="at", format="epoch_milliseconds", cycles=())
        return msgspec.convert(
            {
                "name": "table",
                "event_time": msgspec.to_builtins(time),
                "fields": msgspec.to_builtins(fields),
                "history": history,
            },
            Source,
        )

    def read(self, codec: Codec) -> Batch:
        """Write the rows as the JSON of records, a second apart, and read them back."""
        values: list[Sequence[Any]] = []
        for column in self.columns:
            plain = column.astype(object)
            if column.dtype.kind == "f":
                plain[np.isnan(column)] = None
            values.append(plain.tolist())
        names = [f"c{i}" for i in range(len(values))]
        rows = zip(*values, strict=True)
        batch = codec.read(
            [
                msgspec.json.encode(
                    {"at": _FIRST_MS + i * _STEP_MS} | dict(zip(names, row, strict=True))
                )
                for i, row in enumerate(rows)
            ]
        )
        if batch.faults:
            raise ValueError(f"{self.name}: every row is a record; got {batch.faults[0]}")
        return batch


def tabular_sets(folder: Path) -> tuple[list[TabularSet], str]:
    """Read the sets where they are at hand, otherwise make some; also say which."""
    files = sorted([*folder.glob("adbench/*.npz"), *folder.glob("adrepository/*.arff")])
    if not files:
        return [make(np.random.default_rng(_SEED)) for make in _MADE], f"generated, seed {_SEED}"
    readers: dict[str, Callable[[Path], TabularSet]] = {".npz": read_npz, ".arff": read_arff}
    return [readers[file.suffix](file) for file in files], "real"


def read_npz(path: Path) -> TabularSet:
    """Read a set of ADBench: rows X and labels y, 1 for an anomaly."""
    with np.load(path, allow_pickle=False) as file:
        rows, labels = file["X"].astype(np.float64), file["y"].ravel() == 1
    return TabularSet(path.stem, tuple(np.ascontiguousarray(rows.T)), labels)


def read_arff(path: Path) -> TabularSet:
    """Read a set of ADRepository: nominal attributes, the last the class, the rarer one anomalous.

    Numeric attributes stay numbers; a question mark is a missing value.
    """
    kinds, rows, in_data = [], [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text or text.startswith("%"):
            continue
        if in_data:
            rows.append([cell.strip().strip("'\"") for cell in text.split(",")])
        elif text.lower().startswith("@attribute"):
            kinds.append("{" in text)
        in_data = in_data or text.lower() == "@data"
    table = np.array(rows)
    columns = tuple(
        table[:, i] if is_nominal else _numbers(table[:, i])
        for i, is_nominal in enumerate(kinds[:-1])
    )
    classes, counts = np.unique(table[:, -1], return_counts=True)
    return TabularSet(path.stem, columns, table[:, -1] == classes[counts.argmin()])


def _numbers(cells: NDArray[np.str_]) -> NDArray[np.float64]:
    return np.where(cells == "?", "nan", cells).astype(np.float64)


def _clusters(rng: np.random.Generator) -> TabularSet:
    """Four clusters, and anomalies scattered around them."""
    centers = rng.normal(0, 4, (4, 6))
    rows = centers[rng.integers(0, 4, 2000)] + rng.normal(size=(2000, 6))
    is_anomaly = np.arange(2000) < 60
    rows[is_anomaly] = rng.uniform(-14, 14, (60, 6))
    return TabularSet("clusters", tuple(rows.T), is_anomaly)


def _broken_relations(rng: np.random.Generator) -> TabularSet:
    """Columns that follow from each other, and rows in which one does not."""
    rows = rng.normal(size=(2000, 2)) @ rng.normal(size=(2, 5)) + 0.05 * rng.normal(size=(2000, 5))
    is_anomaly = np.arange(2000) < 60
    places = np.arange(60)
    rows[places, places % 5] = rng.permutation(rows[:, 0])[:60]
    return TabularSet("broken relations", tuple(rows.T), is_anomaly)


def _rare_combinations(rng: np.random.Generator) -> TabularSet:
    """Categories that each follow from the one before, and rows in which none does."""
    values = rng.integers(0, 6, 2000)
    columns = [values]
    for _ in range(4):
        values = np.where(rng.random(2000) < 0.95, (values + 1) % 6, rng.integers(0, 6, 2000))
        columns.append(values)
    is_anomaly = np.arange(2000) < 60
    for column in columns:
        column[is_anomaly] = rng.integers(0, 6, 60)
    return TabularSet("rare combinations", tuple(c.astype(str) for c in columns), is_anomaly)


_MADE = (_clusters, _broken_relations, _rare_combinations)
