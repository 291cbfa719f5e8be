"""The records that benchmarks read: real ones where they are at hand, otherwise generated."""

from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from streamscore.sources import Source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import read_rows
from streamscore.synthetic import generate

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Where real files lie beside the project, on machines that have them."""

REAL_FILES = {
    "accidents": "accidents/traffic_accidents.csv",
    "reviews": "reviews/2023_Amazon_Fashion_part1.jsonl",
}

_SEED = 42


class Records(NamedTuple):
    """Values of a source as they lie on its topic, and where they are from.

    Attributes
    ----------
    values : list of bytes
        JSON objects.
    origin : str
        For people: a file's name, or that they are generated.
    """

    values: list[bytes]
    origin: str


def records_of(source: Source, most: int, shared_data: Path = SHARED_DATA) -> Records:
    """Read the real file of a source where it is present, otherwise generate records.

    Parameters
    ----------
    source : Source
        Accidents or reviews.
    most : int
        How many are wanted at most; a real file may hold fewer.
    shared_data : Path
        Folder of the real files.
    """
    path = shared_data / REAL_FILES[source.name]
    if path.exists():
        found = (row for _, row, _ in read_rows(source, LocalFile(path)))
        rows = (row.value for row in found if row is not None)
        return Records(list(islice(rows, most)), f"real, {path.name}")
    made = generate(source.name, most, np.random.default_rng(_SEED))
    return Records([msgspec.json.encode(record) for record in made], f"generated, seed {_SEED}")


def repeated(values: list[bytes], count: int) -> list[bytes]:
    """Repeat values in their order until there are `count`."""
    return list(islice(cycle(values), count))
