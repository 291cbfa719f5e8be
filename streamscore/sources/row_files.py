"""Files of records, CSV or JSON lines, plain or gzipped, row by row in the order of the file."""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from streamscore.errors import SourceError, UsageError
from streamscore.sources.faults import RecordFault
from streamscore.sources.rows import CsvRows, JsonRows, Row
from streamscore.sources.source import Source

CSV_SUFFIXES = (".csv",)
JSON_SUFFIXES = (".jsonl", ".ndjson")

_LONGEST_VALUE = 16_000_000
"""Longest text of one CSV value, in characters; the csv module's own limit is 131,072."""


class FileRow(NamedTuple):
    """One row of a file: a record, or why none can be made of it.

    Attributes
    ----------
    line : int
        The line of the file that the row begins in, from 1; a CSV's header is line 1.
    row : Row or None
        The record; None where there is a fault.
    fault : RecordFault or None
        What is wrong with the row.
    """

    line: int
    row: Row | None
    fault: RecordFault | None


def read_rows(source: Source, path: Path) -> Iterator[FileRow]:
    """Read a file of records row by row; blank lines are passed over.

    Parameters
    ----------
    source : Source
        The source whose records the file holds.
    path : Path
        A file named `.csv`, `.jsonl` or `.ndjson`, each with `.gz` behind it where it is gzipped.

    Yields
    ------
    FileRow
        Each row in the order of the file.

    Raises
    ------
    UsageError
        When the file cannot be read, has another suffix or is a damaged gzip.
    SourceError
        When a CSV's header is unreadable or lacks required columns.
    """
    rows = _rows_reader(path)
    try:
        with _opened(path) as file:
            yield from rows(source, file)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"a file of records must be readable; {path} is not: {error}") from None
    except csv.Error as error:  # of the header: that of a row is the row's fault
        raise SourceError(
            f"the first line of a CSV names its columns; that of {path} cannot be read: {error}"
        ) from None


def _rows_reader(path: Path) -> Callable[[Source, IO[bytes]], Iterator[FileRow]]:
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix in CSV_SUFFIXES:
        return _csv_rows
    if suffix in JSON_SUFFIXES:
        return _json_rows
    known = ", ".join(CSV_SUFFIXES + JSON_SUFFIXES)
    raise UsageError(f"a file of records ends in {known}, or that and .gz; got {path}")


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _csv_rows(source: Source, file: IO[bytes]) -> Iterator[FileRow]:
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_VALUE))
    # What is not UTF-8 becomes surrogates, which make that row alone a fault.
    with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text:
        yield from _csv_text_rows(source, text)


def _csv_text_rows(source: Source, text: io.TextIOWrapper) -> Iterator[FileRow]:
    reader = csv.reader(text)
    header = next(reader, [])
    rows = CsvRows(source, header)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
            if not values:
                continue
            if len(values) != len(header):
                expected = f"a row has {len(header)} values, as its header"
                raise RecordFault("wrong_type", f"{expected}; got {len(values)}")
            yield FileRow(line, rows.read(values), None)
        except StopIteration:
            return
        except csv.Error as error:
            yield FileRow(line, None, RecordFault("wrong_type", f"a row must be CSV: {error}"))
        except RecordFault as fault:
            yield FileRow(line, None, fault)


def _json_rows(source: Source, file: IO[bytes]) -> Iterator[FileRow]:
    rows = JsonRows(source)
    for line, content in enumerate(file, 1):
        value = content.rstrip(b"\r\n")
        if line == 1:
            value = value.removeprefix(b"\xef\xbb\xbf")
        if not value.strip():
            continue
        try:
            yield FileRow(line, rows.read(value), None)
        except RecordFault as fault:
            yield FileRow(line, None, fault)
