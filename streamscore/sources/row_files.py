"""Files of records read row by row, in the order of the file."""

import csv
import io
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from streamscore.errors import SourceError, UsageError
from streamscore.sources.faults import RecordFault
from streamscore.sources.record_files import RecordFile
from streamscore.sources.rows import CsvRows, JsonRows, Row
from streamscore.sources.source import Source

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


def read_rows(source: Source, file: RecordFile) -> Iterator[FileRow]:
    """Read a file of records row by row; blank lines are passed over.

    Parameters
    ----------
    source : Source
        The source whose records the file holds.
    file : RecordFile
        The file.

    Yields
    ------
    FileRow
        Each row in the order of the file.

    Raises
    ------
    UsageError
        When the file cannot be read, or is a damaged gzip.
    SourceError
        When a CSV's header is unreadable or lacks required columns.
    """
    rows = _csv_rows if file.layout == "csv" else _json_rows
    try:
        with file.open() as content:
            yield from rows(source, content)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(
            f"a file of records must be readable; {file.name} is not: {error}"
        ) from None
    except csv.Error as error:  # of the header: that of a row is the row's fault
        raise SourceError(
            f"the first line of a CSV names its columns; that of {file.name} cannot be read: "
            f"{error}"
        ) from None


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
