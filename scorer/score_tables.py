"""Tables of row scores: CSV, JSON lines, Parquet; written batch by batch."""

from __future__ import annotations

import contextlib
import csv
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from scorer.file_scoring import RowScore
from streamscore.errors import UsageError

Write = Callable[[Sequence[RowScore]], None]

SUFFIXES = (".csv", ".jsonl", ".parquet")
_COLUMNS = RowScore.__struct_fields__


@contextlib.contextmanager
def table_file(path: Path) -> Iterator[Write]:
    """Open a file to write row scores to; its suffix says how.

    They are written beside it, and take its place at the end of the block: where that fails, what
    was there stays.

    Parameters
    ----------
    path : Path
        Ends in one of `SUFFIXES`.

    Yields
    ------
    callable
        Takes row scores, as often as there are some.

    Raises
    ------
    UsageError
        When the suffix is another, or the file cannot be written.
    """
    check_suffix(path)
    opened = _parquet_file if path.suffix == ".parquet" else _text_file
    try:
        with _in_place_of(path) as beside, opened(beside) as write:
            yield write
    except OSError as error:
        raise UsageError(f"{path} must be writable; it is not: {error}") from error


def check_suffix(path: Path) -> None:
    """Check that the suffix of a file says how row scores are written to it.

    Raises
    ------
    UsageError
        When it is none of `SUFFIXES`.
    """
    if path.suffix not in SUFFIXES:
        raise UsageError(f"scores go to a file ending in {', '.join(SUFFIXES)}; received {path}")


@contextlib.contextmanager
def _in_place_of(path: Path) -> Iterator[Path]:
    """Yield a file of the same suffix beside a file, which it takes the place of at the end."""
    target = path.resolve()  # a link stays one
    if target.exists() and not target.is_file():
        yield target  # a pipe is written to as it is
        return
    beside = target.with_name(f".{target.stem}.unfinished{target.suffix}")
    try:
        yield beside
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def csv_writer(file: IO[str]) -> Write:
    """Write the header, and return what writes row scores as CSV; nothing is an empty value."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)

    def write(rows: Sequence[RowScore]) -> None:
        for row in rows:
            # JSON's true, false, and shortest numbers that read back the same.
            writer.writerow(msgspec.to_builtins(_values(row)))

    return write


def json_writer(file: IO[str]) -> Write:
    """Return what writes row scores as JSON lines; nothing is null."""

    def write(rows: Sequence[RowScore]) -> None:
        file.writelines(msgspec.json.encode(row).decode() + "\n" for row in rows)

    return write


def _values(row: RowScore) -> list[Any]:
    values = [getattr(row, name) for name in _COLUMNS]
    return [str(value).lower() if isinstance(value, bool) else value for value in values]


@contextlib.contextmanager
def _text_file(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        yield csv_writer(file) if path.suffix == ".csv" else json_writer(file)


@contextlib.contextmanager
def _parquet_file(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}
    hints = {field.name: field.type for field in msgspec.structs.fields(RowScore)}
    schema = pa.schema([(name, types[_plain(hints[name])]) for name in _COLUMNS])
    with pq.ParquetWriter(path, schema) as writer:

        def write(rows: Sequence[RowScore]) -> None:
            table = [msgspec.structs.asdict(row) for row in rows]
            writer.write_table(pa.Table.from_pylist(table, schema=schema))

        yield write


def _plain(hint: Any) -> type:
    """Return `float` of `float | None`."""
    kinds = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
    found: type = kinds[0]
    return found
