"""Where records are read from: something with a name, a layout, and bytes."""

import gzip
from pathlib import Path
from typing import IO, Literal, Protocol, cast

from msgspec import Struct

from streamscore.errors import UsageError

Layout = Literal["csv", "jsonl"]
"""How records stand in a file: CSV with a header, or one JSON object a line."""

_SUFFIXES: dict[str, Layout] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


class RecordFile(Protocol):
    """A file of records, wherever it lies."""

    @property
    def name(self) -> str:
        """What it is called, as the user named it."""
        ...

    @property
    def layout(self) -> Layout:
        """How records stand in it."""
        ...

    def open(self) -> IO[bytes]:
        """Open its bytes, unzipped, at the beginning; OSError where that fails."""
        ...


class LocalFile(Struct, frozen=True):
    """A file on this machine.

    Attributes
    ----------
    path : Path
        A file named `.csv`, `.jsonl` or `.ndjson`, each with `.gz` behind it where it is gzipped.
    told_layout : {"csv", "jsonl"} or None
        How records stand in it, where that is known whatever its name says.

    Examples
    --------
    >>> LocalFile(Path("may.jsonl.gz")).layout
    'jsonl'
    """

    path: Path
    told_layout: Layout | None = None

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    @property
    def layout(self) -> Layout:
        """How records stand in it; UsageError where its name does not tell."""
        return self.told_layout or layout_of(self.path.name)

    def open(self) -> IO[bytes]:
        """Open its bytes, unzipped."""
        if self.path.suffix == ".gz":
            return cast("IO[bytes]", gzip.open(self.path))
        return self.path.open("rb")


def short_name(file: RecordFile) -> str:
    """Return the last part of a file's name.

    Examples
    --------
    >>> short_name(LocalFile(Path("may/a.csv")))
    'a.csv'
    """
    return file.name.rpartition("/")[2]


def layout_of(name: str) -> Layout:
    """Tell from a file's name how records stand in it.

    Raises
    ------
    UsageError
        When its suffix is none of those known.
    """
    layout = _SUFFIXES.get(Path(name.removesuffix(".gz")).suffix.lower())
    if layout is None:
        known = ", ".join(_SUFFIXES)
        raise UsageError(f"a file of records ends in {known}, or that and .gz; got {name}")
    return layout
