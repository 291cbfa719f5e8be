"""The text of a CSV: its encoding, and what separates its columns."""

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import IO, Generic, NamedTuple, Self, TypeVar

from streamscore.errors import SourceError
from streamscore.sources.beginnings import rejoined
from streamscore.sources.record_files import Layout

_LONGEST_VALUE = 16_000_000
"""Longest text of one CSV value, in characters; the csv module's own limit is 131,072."""

_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = (",", ";", "\t")

Line = TypeVar("Line", str, bytes)


class Recorded(Generic[Line]):
    """Lines that are noted as they are taken, so that they can be read again.

    Parameters
    ----------
    lines : iterator of str or bytes
        The lines.

    Attributes
    ----------
    taken : list of str or bytes
        Those taken.
    size : int
        Their characters or bytes.
    """

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines: Iterator[Line] = lines
        self.taken: list[Line] = []
        self.size = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Line:
        line = next(self._lines)
        self.taken.append(line)
        self.size += len(line)
        return line


class Table(NamedTuple):
    """A CSV that is open, its header read.

    Attributes
    ----------
    headers : dict of str to list of str
        The header, by each delimiter that may be meant; the usual one first.
    header_lines : int
        How many lines the header took.
    lines : iterator of str
        The rest.
    """

    headers: dict[str, list[str]]
    header_lines: int
    lines: Iterator[str]


def open_table(content: IO[bytes], name: str) -> Table:
    """Read the header of a CSV: UTF-8, or UTF-16 where a byte order mark says so.

    Parameters
    ----------
    content : binary file
        At its beginning; it is read once, in order.
    name : str
        The file's, for messages.

    Raises
    ------
    SourceError
        When the header cannot be read.
    """
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_VALUE))
    lines = iter(_text_of(content))
    first = Recorded(lines)
    try:
        next(csv.reader(first), [])
        headers = {mark: next(csv.reader(first.taken, delimiter=mark), []) for mark in _DELIMITERS}
    except csv.Error as error:
        raise SourceError(
            f"the first line of a CSV names its columns; that of {name} cannot be read: {error}"
        ) from None
    if any("\0" in line for line in first.taken):
        raise SourceError(
            f"a CSV is UTF-8, or UTF-16 that begins with a byte order mark; {name} has zero bytes "
            "in its first line. Save it as UTF-8"
        )
    return Table(headers, len(first.taken), lines)


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


def json_lines(content: IO[bytes]) -> Iterator[bytes]:
    """Return the lines of a file as UTF-8, also where a byte order mark says that it is UTF-16."""
    head = content.read(2)
    if head in _UTF_16_MARKS:
        text = io.TextIOWrapper(rejoined(head, content), "utf-16", "surrogatepass", newline="\n")
        return (line.encode(errors="surrogatepass") for line in text)
    first = head if head.endswith(b"\n") else head + content.readline()
    return chain(io.BytesIO(first), content)


def _text_of(content: IO[bytes]) -> io.TextIOWrapper:
    head = content.read(2)
    whole = rejoined(head, content)
    if head in _UTF_16_MARKS:
        return io.TextIOWrapper(whole, "utf-16", errors="surrogatepass", newline="")
    # What is not UTF-8 becomes surrogates, which make that row alone a fault.
    return io.TextIOWrapper(whole, "utf-8-sig", errors="surrogateescape", newline="")
