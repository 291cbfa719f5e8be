"""A sample of a file as columns of values, the file read once."""

import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import IO, Any

import msgspec
from msgspec import Struct

from streamscore.errors import UsageError
from streamscore.quantities import counted
from streamscore.sources.beginnings import BYTE_ORDER_MARK
from streamscore.sources.faults import RecordFault
from streamscore.sources.inference.flattening import Flattening
from streamscore.sources.record_files import Layout, RecordFile
from streamscore.sources.table_text import json_lines, open_table

_decode = msgspec.json.Decoder().decode

_MOST_CHARACTERS = 256_000_000
"""Where a sample ends at the latest: what it holds in memory is a small multiple of this."""


class Column(Struct, frozen=True, kw_only=True):
    """One column of a sample.

    Attributes
    ----------
    name : str
        What its field is called: the name in the file, or the keys of a path joined by `_`.
    path : str or None
        Where it lies in a record, keys joined by dots, where that is not its name.
    values : list
        One a row: texts of a CSV, JSON values otherwise; None where there is none.
    """

    name: str
    values: list[Any]
    path: str | None = None


class Sample(Struct, frozen=True, kw_only=True):
    """The first rows of a file.

    Attributes
    ----------
    file_name : str
        As the user named it.
    layout : {"csv", "jsonl"}
        How records stand in it.
    columns : tuple of Column
        In the order of the file.
    rows : int
        How many rows the columns hold.
    unread : int
        Rows among them that are no CSV row or no JSON object; they are not in the columns.
    total_rows : int
        About how many rows the file has: its lines are counted.
    left_out : dict of str to str
        What no field can be made of -> why.
    """

    file_name: str
    layout: Layout
    columns: tuple[Column, ...]
    rows: int
    unread: int
    total_rows: int
    left_out: dict[str, str]


def read_sample(file: RecordFile, most_rows: int) -> Sample:
    """Read the first rows of a file, and count the lines of the rest.

    Parameters
    ----------
    file : RecordFile
        CSV with a header, or JSON lines.
    most_rows : int
        At most so many rows.

    Raises
    ------
    UsageError
        When the file cannot be read, holds no row, or has a header that is none.
    """
    try:
        read = _csv_sample if file.layout == "csv" else _json_sample
        with file.open() as content:
            sample = read(file.name, content, most_rows)
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise UsageError(
            f"a file of records must be readable; {file.name} is not: {error}"
        ) from None
    if not sample.rows:
        found = "nothing"
        if sample.unread:
            found = counted(sample.unread, "line that is no record", "lines that are no records")
        raise UsageError(
            f"a source is inferred from records; {file.name} holds {found}. A CSV has a header and "
            "rows, a .jsonl file one JSON object a line"
        )
    return sample


def _csv_sample(name: str, content: IO[bytes], most_rows: int) -> Sample:
    table = open_table(content, name)
    # As a producer does who knows no names of fields yet: by what gives the most columns.
    delimiter = max(table.headers, key=lambda mark: len(table.headers[mark]))
    header = table.headers[delimiter]
    _check_header(name, header)
    rows: list[list[str]] = []
    unread = characters = 0
    for _, values in islice(table.rows(delimiter), most_rows):
        if isinstance(values, RecordFault) or len(values) != len(header) or not _is_utf8(values):
            unread += 1
            continue
        rows.append(values)
        characters += sum(map(len, values))
        if characters > _MOST_CHARACTERS:
            break
    rest = table.lines.count_rest()
    columns = [
        Column(name=title, values=[row[place] or None for row in rows])
        for place, title in enumerate(header)
    ]
    return _sample(name, "csv", columns, len(rows), unread, rest, {})


def _json_sample(name: str, content: IO[bytes], most_rows: int) -> Sample:
    flattening = Flattening()
    unread = characters = 0
    lines = json_lines(content)
    for line in islice((line for line in map(_stripped, lines) if line), most_rows):
        if isinstance(line, RecordFault) or (record := _object(line)) is None:
            unread += 1
            continue
        flattening.add(record)
        characters += len(line)
        if characters > _MOST_CHARACTERS:
            break
    rest = sum(1 for _ in lines)
    columns = [
        Column(name=one.name, path=one.path, values=one.values) for one in flattening.columns()
    ]
    return _sample(name, "jsonl", columns, flattening.rows, unread, rest, flattening.left_out())


def _stripped(line: bytes | RecordFault) -> bytes | RecordFault:
    return line if isinstance(line, RecordFault) else line.strip().removeprefix(BYTE_ORDER_MARK)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        record = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _sample(
    name: str,
    layout: Layout,
    columns: Sequence[Column],
    rows: int,
    unread: int,
    rest: int,
    left_out: dict[str, str],
) -> Sample:
    faults = {column.name: _name_fault(column.name) for column in columns}
    unnamed = {title: fault for title, fault in faults.items() if fault}
    return Sample(
        file_name=name,
        layout=layout,
        columns=tuple(column for column in columns if column.name not in unnamed),
        rows=rows,
        unread=unread,
        total_rows=rows + unread + rest,
        left_out=unnamed | left_out,
    )


def _name_fault(name: str) -> str:
    if not name.strip():
        return "it has no name"
    if any(character in '"\\' or not character.isprintable() for character in name):
        return "its name has a quotation mark, a backslash or an unprintable character"
    return ""


def _check_header(name: str, header: Sequence[str]) -> None:
    repeated = [title for title, count in Counter(header).items() if count > 1 and title.strip()]
    if repeated:
        raise UsageError(
            f"a column may occur once; the header of {name} repeats {', '.join(repeated)}. Rename "
            "all but one in the file"
        )
    if len(header) == 1 and "|" in header[0]:
        raise UsageError(
            f"a CSV separates values by commas, semicolons or tabs; the header of {name} has bars. "
            "Write the file anew with commas"
        )
    if not _is_utf8(header):
        raise UsageError(f"a file of records is UTF-8; the header of {name} is not. Convert it")
    if header and all(_is_number(title) for title in header):
        raise UsageError(
            f"the first line of a CSV names its columns; that of {name} holds numbers only: "
            f"{', '.join(header[:5])}. Put a line with names before it"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_utf8(values: Sequence[str]) -> bool:
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return False
    return True
