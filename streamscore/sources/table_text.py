"""The text of a file of records: its encoding, its lines, and what separates a CSV's columns.

A line is never read further than a row may be long, so that memory stays bounded whatever the file
holds.
"""

import csv
import io
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, Self

from streamscore.errors import SourceError
from streamscore.sources.beginnings import rejoined
from streamscore.sources.faults import RecordFault
from streamscore.sources.record_files import Layout

LONGEST_ROW = 16_000_000
"""Longest text of a row, in characters or bytes, unless more is asked for."""

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = (",", ";", "\t")
_SKIPPED_AT_ONCE = 1 << 16
_LINE_END = len("\r\n")

TableRow = tuple[int, list[str] | RecordFault]
"""The line that a row of a CSV begins in, and its values or why it has none."""


class TableLines:
    """The lines of a CSV. A row that takes more than its share of text is a fault.

    Parameters
    ----------
    text : text file
        The CSV; its line ends are kept.
    longest : int
        Longest text of a row, in characters.

    Attributes
    ----------
    is_passed : bool
        Whether another line than the last one was asked for.
    """

    def __init__(self, text: IO[str], longest: int) -> None:
        self._text = text
        self._readline = text.readline
        self._longest = longest
        self._left = longest + _LINE_END
        self._number = 0
        self.is_passed = False

    def begin_row(self) -> int:
        """Return the line that the next row begins in, from 1."""
        self._left = self._longest + _LINE_END
        return self._number + 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._readline(self._left + 1)
        if not line:
            self.is_passed = True
            raise StopIteration
        self._number += 1
        self._left -= len(line)
        if self._left < 0:
            while line and line[-1] not in "\r\n":
                line = self._readline(_SKIPPED_AT_ONCE)
            raise _too_big(self._longest)
        return line

    def count_rest(self) -> int:
        """Read on to the end, and return how many lines there were."""
        ends, chunk = 0, ""
        while more := self._text.read(_SKIPPED_AT_ONCE):
            chunk = more
            ends += chunk.count("\n")
        return ends + (chunk[-1:] not in ("", "\n"))


class Table(NamedTuple):
    """A CSV that is open, its header read.

    Attributes
    ----------
    headers : dict of str to list of str
        The header, by each delimiter that may be meant; the usual one first.
    lines : TableLines
        The rest.
    """

    headers: dict[str, list[str]]
    lines: TableLines

    def rows(
        self, delimiter: str, may_grow: Callable[[], bool] = lambda: False
    ) -> Iterator[TableRow]:
        """Yield the rows, whatever number of values they have; blank lines are passed over.

        Where the text ends within a row and `may_grow` says so, that row is left out.
        """
        reader = csv.reader(self.lines, delimiter=delimiter)
        while True:
            line = self.lines.begin_row()
            found: list[str] | RecordFault
            try:
                found = next(reader)
                if self.lines.is_passed and may_grow():
                    return  # it wanted another line to end the row
            except StopIteration:
                return
            except csv.Error as error:
                found = RecordFault("wrong_type", f"a row must be CSV: {error}")
            except RecordFault as fault:
                found = fault.with_traceback(None)  # which would keep the text
            if found:
                yield line, found


def open_table(content: IO[bytes], name: str, longest: int = LONGEST_ROW) -> Table:
    """Read the header of a CSV: UTF-8, or UTF-16 where a byte order mark says so.

    Parameters
    ----------
    content : binary file
        At its beginning; it is read once, in order.
    name : str
        The file's, for messages.
    longest : int
        Longest text of a row, in characters.

    Raises
    ------
    SourceError
        When the header cannot be read.
    """
    csv.field_size_limit(max(csv.field_size_limit(), longest))
    lines = TableLines(_text_of(content), longest)
    taken: list[str] = []
    try:
        next(csv.reader(_noted(lines, taken)), [])
        headers = {mark: next(csv.reader(taken, delimiter=mark), []) for mark in _DELIMITERS}
    except (csv.Error, RecordFault) as error:
        raise SourceError(
            f"the first line of a CSV names its columns; that of {name} cannot be read: {error}"
        ) from None
    if any("\0" in line for line in taken):
        raise SourceError(
            f"a CSV is UTF-8, or UTF-16 that begins with a byte order mark; {name} has zero bytes "
            "in its first line. Save it as UTF-8"
        )
    return Table(headers, lines)


def layout_of_line(first: bytes) -> Layout | None:
    """Tell from the first line of a text that is not blank how records stand in it.

    Parameters
    ----------
    first : bytes
        The line, with the byte order mark that may stand before it.

    Returns
    -------
    {"csv", "jsonl"} or None
        JSON where it begins an object, CSV where it has one of the delimiters; None where it may be
        anything.

    Examples
    --------
    >>> layout_of_line(b'{"at": 1}'), layout_of_line(b"at;size"), layout_of_line(b"at")
    ('jsonl', 'csv', None)
    """
    encoding = "utf-16" if first[:2] in _UTF_16_MARKS else "utf-8-sig"
    text = first.decode(encoding, errors="replace").strip()
    if text.startswith("{"):
        return "jsonl"
    if text.startswith("[") or not any(mark in text for mark in _DELIMITERS):
        return None
    return "csv"


def json_lines(content: IO[bytes], longest: int = LONGEST_ROW) -> Iterator[bytes | RecordFault]:
    """Yield the lines of a file as UTF-8, also where a byte order mark says that it is UTF-16.

    Parameters
    ----------
    content : binary file
        At its beginning; it is read once, in order.
    longest : int
        Longest line, in bytes (of UTF-16: characters); a fault stands for one that is longer.
    """
    readline = _line_reader(content)
    most = longest + _LINE_END
    while line := readline(most + 1):
        if len(line) <= most:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = readline(_SKIPPED_AT_ONCE)
        yield _too_big(longest)


def _line_reader(content: IO[bytes]) -> Callable[[int], bytes]:
    head = content.read(2)
    whole = rejoined(head, content)
    if head not in _UTF_16_MARKS:
        return whole.readline
    text = io.TextIOWrapper(whole, "utf-16", "surrogatepass", newline="\n")
    return lambda size: text.readline(size).encode(errors="surrogatepass")


def _text_of(content: IO[bytes]) -> io.TextIOWrapper:
    head = content.read(2)
    whole = rejoined(head, content)
    if head in _UTF_16_MARKS:
        return io.TextIOWrapper(whole, "utf-16", errors="surrogatepass", newline="")
    # What is not UTF-8 becomes surrogates, which make that row alone a fault.
    return io.TextIOWrapper(whole, "utf-8-sig", errors="surrogateescape", newline="")


def _noted(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _too_big(longest: int) -> RecordFault:
    return RecordFault("too_big", f"the limit of a row is {longest:,} characters; it has more")
