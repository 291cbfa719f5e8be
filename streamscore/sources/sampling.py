"""How the rows of a file fit a source."""

from itertools import islice

from msgspec import Struct

from streamscore.sources.codec import Codec
from streamscore.sources.faults import REASONS, Reason, RecordFault
from streamscore.sources.record_files import RecordFile
from streamscore.sources.row_files import FileRow, read_rows
from streamscore.sources.source import Source


class FaultCount(Struct, frozen=True):
    """Rows that break a rule in the same way.

    Attributes
    ----------
    reason : Reason
        The reason.
    rows : int
        How many rows.
    first_line : int
        The line of the first.
    detail : str
        What is wrong with the first.
    """

    reason: Reason
    rows: int
    first_line: int
    detail: str


class SampleCheck(Struct, frozen=True):
    """What was found.

    Attributes
    ----------
    dialect : str
        How the file is written; `canonical` is the source's own spelling.
    rows, accepted : int
        Rows looked at, and those that a scorer would score.
    faults : tuple of FaultCount
        The others, in the order of `REASONS`.
    """

    dialect: str
    rows: int
    accepted: int
    faults: tuple[FaultCount, ...]


def check_sample(
    source: Source,
    file: RecordFile,
    limit: int | None = None,
    dialect: str | None = None,
    max_bytes: int = 1_000_000,
) -> SampleCheck:
    """Look at the rows of a file as a producer and a scorer would.

    Parameters
    ----------
    source : Source
        The source.
    file : RecordFile
        The file.
    limit : int or None
        At most so many rows; None looks at all.
    dialect : str or None
        How the file is written; None recognises it.
    max_bytes : int
        The largest record that a scorer takes, in bytes.

    Raises
    ------
    UsageError
        When the file cannot be read, or its dialect is ambiguous or unknown.
    SourceError
        When a CSV's header lacks required columns.
    """
    codec = Codec(source, max_bytes)
    rows = 0
    dialects: list[str] = []
    faults: dict[Reason, FaultCount] = {}
    for found in islice(read_rows(source, file, dialect, dialects.append, max_bytes), limit):
        rows += 1
        fault = _fault(codec, found)
        if fault is not None:
            before = faults.get(fault.reason, FaultCount(fault.reason, 0, found.line, fault.detail))
            faults[fault.reason] = FaultCount(
                fault.reason, before.rows + 1, before.first_line, before.detail
            )
    listed = tuple(faults[reason] for reason in REASONS if reason in faults)
    return SampleCheck(dialects[0], rows, rows - sum(fault.rows for fault in listed), listed)


def _fault(codec: Codec, found: FileRow) -> RecordFault | None:
    if found.row is None:
        return found.fault
    try:
        codec.event_time(codec.decode(found.row.value))
    except RecordFault as fault:
        return fault
    return None
