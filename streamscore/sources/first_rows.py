"""The first rows of a file, looked at to recognise its spelling and then read like the others."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Raw

from streamscore.sources.beginnings import BYTE_ORDER_MARK
from streamscore.sources.columns import Columns
from streamscore.sources.dialect_rows import json_object, json_time, json_value
from streamscore.sources.faults import RecordFault
from streamscore.sources.recognition import MOST_BYTES, Recognition, Seen
from streamscore.sources.source import Source
from streamscore.sources.spellings import Spelling
from streamscore.sources.table_text import TableRow


def separated_columns(
    spellings: Sequence[Spelling], headers: Mapping[str, Sequence[str]]
) -> tuple[str, Columns]:
    """Return what separates the columns of a CSV, and the columns.

    Parameters
    ----------
    spellings : sequence of Spelling
        Those that the file may have.
    headers : mapping of str to sequence of str
        Its header, as each delimiter separates it. The one that gives the most columns with names
        of fields is taken, of several the first.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> from streamscore.sources.spellings import spellings_of
    >>> spellings = spellings_of(load_source("accidents"), "csv")
    >>> separated_columns(spellings, {",": ["damage;x"], ";": ["damage", "x"]})[0]
    ';'
    """
    separated = {delimiter: Columns(names) for delimiter, names in headers.items()}
    known = {
        delimiter: max(len(one.columns_of(columns)) for one in spellings)
        for delimiter, columns in separated.items()
    }
    delimiter = max(known, key=lambda one: known[one])
    return delimiter, separated[delimiter]


def spelling_of_table(
    source: Source,
    spellings: Sequence[Spelling],
    columns: Columns,
    rows: Iterator[TableRow],
    file_name: str,
) -> tuple[Spelling, Iterator[TableRow]]:
    """Return the spelling of a CSV, and its rows, those looked at included.

    Raises
    ------
    AmbiguityError
        When it is ambiguous.
    """
    recognition = Recognition(source, spellings)
    time_field = source.event_time.field
    places = {one.name: one.columns_of(columns)[time_field] for one in spellings}
    taken: list[TableRow] = []
    size = 0
    while not recognition.is_decided and size < MOST_BYTES and (row := next(rows, None)):
        taken.append(row)
        values = row[1]
        if isinstance(values, RecordFault):
            continue
        size += sum(map(len, values))
        if len(values) == len(columns.names):
            recognition.see({name: Seen(values[place]) for name, place in places.items()})
    return recognition.chosen(file_name), chain(taken, rows)


def spelling_of_lines(
    source: Source,
    spellings: Sequence[Spelling],
    lines: Iterator[bytes | RecordFault],
    file_name: str,
) -> tuple[Spelling, Iterator[bytes | RecordFault]]:
    """Return the spelling of JSON lines, and all the lines, those looked at included.

    Raises
    ------
    AmbiguityError
        When it is ambiguous.
    """
    recognition = Recognition(source, spellings)
    time_field = source.event_time.field
    taken: list[bytes | RecordFault] = []
    size = 0
    while not recognition.is_decided and size < MOST_BYTES and (line := next(lines, None)):
        taken.append(line)
        if isinstance(line, RecordFault):
            continue
        size += len(line)
        try:
            found = json_object(line.removeprefix(BYTE_ORDER_MARK))
        except RecordFault:
            continue
        recognition.see({one.name: _seen(one, found, time_field) for one in spellings})
    return recognition.chosen(file_name), chain(taken, lines)


def _seen(spelling: Spelling, found: Mapping[str, Raw], time_field: str) -> Seen:
    names = {field: spelling.written_names(field) for field in spelling.fields}
    present = [field for field, called in names.items() if json_value(found, called) is not None]
    lacks = len(spelling.lacks(present))
    try:
        return Seen(json_time(found, names[time_field]), lacks)
    except RecordFault:
        return Seen(None, lacks)
