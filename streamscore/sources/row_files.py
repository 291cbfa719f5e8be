"""Files of records read row by row, in the order of the file."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

from streamscore.errors import UsageError
from streamscore.sources.beginnings import BYTE_ORDER_MARK
from streamscore.sources.dialect_rows import DialectCsvRows, DialectJsonRows
from streamscore.sources.faults import RecordFault
from streamscore.sources.first_rows import (
    separated_columns,
    spelling_of_lines,
    spelling_of_table,
)
from streamscore.sources.record_files import RecordFile
from streamscore.sources.rows import CsvRows, JsonRows, Row
from streamscore.sources.source import Source
from streamscore.sources.spellings import Spelling, spellings_of, spellings_that_fit
from streamscore.sources.table_text import LONGEST_ROW, json_lines, open_table

OnDialect = Callable[[str], None]
"""Told the dialect of a file, `canonical` for the source's own spelling, before its first row."""


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


class _Opened(NamedTuple):
    content: IO[bytes]
    name: str
    on_dialect: OnDialect
    longest: int
    may_grow: Callable[[], bool]


def read_rows(
    source: Source,
    file: RecordFile,
    dialect: str | None = None,
    on_dialect: OnDialect = lambda _name: None,
    max_bytes: int = LONGEST_ROW,
    may_grow: Callable[[], bool] = lambda: False,
) -> Iterator[FileRow]:
    """Read a file of records row by row; blank lines are passed over.

    The file is opened once and read in its order. Its dialect is recognised from its first rows,
    which are kept until then.

    Parameters
    ----------
    source : Source
        The source whose records the file holds.
    file : RecordFile
        The file.
    dialect : str or None
        The spelling of the file, `canonical` for the source's own; None recognises it.
    on_dialect : callable
        Told the spelling.
    max_bytes : int
        The largest record, in bytes. A row longer than that and than `LONGEST_ROW` is not read
        whole; it is a fault, and reading goes on behind it.
    may_grow : callable
        Asked where a CSV ends within a row, behind a quote that nothing closes. True leaves that
        row out: the rest of it may still be written. Otherwise it is a row like the others.

    Yields
    ------
    FileRow
        Each row in the order of the file; a record is in the source's own spelling.

    Raises
    ------
    UsageError
        When the file cannot be read, or is a damaged gzip, or there is no such dialect.
    AmbiguityError
        When several dialects fit the file and read its times differently.
    SourceError
        When a CSV's header is unreadable or lacks required columns.
    """
    longest = max(LONGEST_ROW, max_bytes)
    try:
        layout = file.layout  # standard input is read to tell it
        spellings = spellings_of(source, layout, dialect)
        rows = _csv_rows if layout == "csv" else _json_rows
        with file.open() as content:
            opened = _Opened(content, file.name, on_dialect, longest, may_grow)
            yield from rows(source, spellings, opened)
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise UsageError(
            f"a file of records must be readable; {file.name} is not: {error}"
        ) from None


def _csv_rows(source: Source, spellings: Sequence[Spelling], opened: _Opened) -> Iterator[FileRow]:
    table = open_table(opened.content, opened.name, opened.longest)
    delimiter, columns = separated_columns(spellings, table.headers)
    fitting = spellings_that_fit(source, spellings, columns)
    all_rows = table.rows(delimiter, opened.may_grow)
    spelling, found = spelling_of_table(source, fitting, columns, all_rows, opened.name)
    opened.on_dialect(spelling.name)
    rows: CsvRows | DialectCsvRows = (
        CsvRows(source, columns.names)
        if spelling.is_canonical
        else DialectCsvRows(source, spelling, columns)
    )
    width = len(columns.names)
    for line, values in found:
        try:
            if isinstance(values, RecordFault):
                raise values
            if len(values) != width:
                expected = f"a row has {width} values, as its header"
                raise RecordFault("wrong_type", f"{expected}; got {len(values)}")
            yield FileRow(line, rows.read(values), None)
        except RecordFault as fault:
            yield FileRow(line, None, fault)


def _json_rows(source: Source, spellings: Sequence[Spelling], opened: _Opened) -> Iterator[FileRow]:
    all_lines = json_lines(opened.content, opened.longest)
    spelling, lines = spelling_of_lines(source, spellings, all_lines, opened.name)
    opened.on_dialect(spelling.name)
    rows: JsonRows | DialectJsonRows = (
        JsonRows(source) if spelling.is_canonical else DialectJsonRows(source, spelling)
    )
    for line, content in enumerate(lines, 1):
        if isinstance(content, RecordFault):
            yield FileRow(line, None, content)
            continue
        value = content.rstrip(b"\r\n")
        if line == 1:
            value = value.removeprefix(BYTE_ORDER_MARK)
        if not value.strip():
            continue
        try:
            yield FileRow(line, rows.read(value), None)
        except RecordFault as fault:
            yield FileRow(line, None, fault)
