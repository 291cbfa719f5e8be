"""Reading the files of a replay, and writing down the rows that no record can be made of."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec
from msgspec import Struct

from producer.content import ContentHash
from producer.ordering import Ordering
from streamscore.errors import UsageError
from streamscore.formats import format_named
from streamscore.sources import Source
from streamscore.sources.faults import RecordFault
from streamscore.sources.record_files import LocalFile, RecordFile, short_name
from streamscore.sources.row_files import FileRow, read_rows
from streamscore.sources.rows import Row
from streamscore.sources.time_range import TimeRange

_TOLD_EVERY_ROWS = 256


class Reading(Struct, frozen=True):
    """What was read.

    Attributes
    ----------
    rows : int
        Rows of the files, blank lines and headers left out.
    skipped : int
        Rows outside the range of event time.
    rejected : dict of str to int
        Reason -> rows that no record can be made of, or that have no event time to go by.
    dialects : dict of str to str
        File -> how it is written, as far as the files were read.
    """

    rows: int
    skipped: int
    rejected: dict[str, int]
    dialects: dict[str, str]


class RejectFile:
    """A JSON line for each rejected row: file, line, reason, detail. Made with the first one.

    Parameters
    ----------
    path : Path
        Where; what is there is replaced.
    is_prompt : bool
        Whether a line can be read as soon as its row is rejected, and survives a kill.
    """

    def __init__(self, path: Path, *, is_prompt: bool = False) -> None:
        self.path = path
        self._is_prompt = is_prompt
        self.counts: Counter[str] = Counter()
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, name: str, line: int, fault: RecordFault) -> None:
        """Write one row down.

        Raises
        ------
        UsageError
            When the file cannot be written.
        """
        self.counts[fault.reason] += 1
        entry = {"file": name, "line": line, "reason": fault.reason, "detail": fault.detail}
        entry["format"] = format_named("rejects").version
        try:
            if self._file is None:
                self._file = self.path.open("wb")
            self._file.write(msgspec.json.encode(entry) + b"\n")
            if self._is_prompt:
                self._file.flush()
        except OSError as error:
            raise UsageError(
                f"the reject file must be writable; {self.path} is not: {error}. "
                "Name another with --rejects FILE."
            ) from None


def file_names(files: Sequence[RecordFile]) -> tuple[str, ...]:
    """Return what each file is called in row ids: its last name, or its whole where names repeat.

    Raises
    ------
    UsageError
        When there is no file, or one occurs twice.

    Examples
    --------
    >>> paths = [Path("may/a.csv"), Path("may/b.csv"), Path("june/b.csv")]
    >>> file_names([LocalFile(path) for path in paths])
    ('a.csv', 'may/b.csv', 'june/b.csv')
    """
    if not files:
        raise UsageError("a replay needs at least one file, got none")
    places = Counter(_place(file) for file in files)
    repeated = sorted(place for place, count in places.items() if count > 1)
    if repeated:
        raise UsageError(f"a file may be given once; {', '.join(repeated)} is given again")
    names = Counter(map(short_name, files))
    return tuple(short_name(file) if names[short_name(file)] == 1 else file.name for file in files)


def _place(file: RecordFile) -> str:
    return str(file.path.resolve()) if isinstance(file, LocalFile) else file.name


class FileReader:
    """Reads the files of a source into an ordering.

    Parameters
    ----------
    source : Source
        The source.
    times : TimeRange
        Rows outside it are skipped.
    max_bytes : int
        The largest record, in bytes; a larger one is rejected.
    dialect : str or None
        How the files are written; None recognises it of each.
    """

    def __init__(
        self, source: Source, times: TimeRange, max_bytes: int, dialect: str | None = None
    ) -> None:
        self._source = source
        self._times = times
        self._max_bytes = max_bytes
        self._dialect = dialect
        self._dialects: dict[str, str] = {}
        self._content = ContentHash()
        self._read = self._skipped = 0

    def content(self) -> str:
        """Return the hash of the bytes of the files read."""
        return self._content.text()

    def read(
        self,
        files: Sequence[RecordFile],
        into: Ordering,
        rejects: RejectFile,
        should_stop: Callable[[int], bool],
    ) -> Reading:
        """Read all files.

        Parameters
        ----------
        files : sequence of RecordFile
            What is read.
        into : Ordering
            Takes the rows.
        rejects : RejectFile
            Takes the others.
        should_stop : callable
            Told the number of rows every few hundred; True ends the reading.

        Raises
        ------
        UsageError
            When a file cannot be read.
        """
        for number, line, found in self._rows(files):
            row = self.accepted(files[number].name, found, rejects)
            if row is not None:
                into.add(number, line, row)
            if not self._read % _TOLD_EVERY_ROWS and should_stop(self._read):
                break
        return self.reading(rejects)

    def accepted(self, name: str, found: FileRow, rejects: RejectFile) -> Row | None:
        """Count one row of a file, and return it unless it is rejected or outside the range.

        Raises
        ------
        UsageError
            When the reject file cannot be written.
        """
        self._read += 1
        row, fault = found.row, found.fault
        if row is not None and len(row.value) > self._max_bytes:
            limit = f"a record has at most {self._max_bytes} bytes"
            fault = RecordFault("too_big", f"{limit}, got {len(row.value)}")
        if fault is not None or row is None:
            rejects.write(name, found.line, fault or RecordFault("null_value", "empty"))
            return None
        if self._times.holds(row.utc_ms):
            return row
        self._skipped += 1
        return None

    def reading(self, rejects: RejectFile) -> Reading:
        """Return what was read so far."""
        return Reading(self._read, self._skipped, dict(rejects.counts), self._dialects)

    def file_rows(
        self, file: RecordFile, may_grow: Callable[[], bool] = lambda: False
    ) -> Iterator[FileRow]:
        """Yield the rows of one file, in the dialect that was told or that is recognised.

        Parameters
        ----------
        file : RecordFile
            The file.
        may_grow : callable
            As for `read_rows`.
        """
        note = partial(self._dialects.__setitem__, file.name)
        return read_rows(self._source, file, self._dialect, note, self._max_bytes, may_grow)

    def _rows(self, files: Sequence[RecordFile]) -> Iterator[tuple[int, int, FileRow]]:
        for number, file in enumerate(files):
            for found in self.file_rows(self._content.watched(file)):
                yield number, found.line, found
