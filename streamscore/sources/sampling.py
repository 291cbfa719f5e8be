"""How a sample of data fits a source."""

from itertools import islice
from pathlib import Path

from msgspec import Struct

from streamscore.sources.codec import Codec
from streamscore.sources.faults import REASONS, Reason, RecordFault
from streamscore.sources.record_files import LocalFile
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
    rows, accepted : int
        Rows looked at, and those that a scorer would score.
    faults : tuple of FaultCount
        The others, in the order of `REASONS`.
    """

    rows: int
    accepted: int
    faults: tuple[FaultCount, ...]


def check_sample(source: Source, path: Path, limit: int) -> SampleCheck:
    """Look at the first rows of a file as a producer and a scorer would.

    Parameters
    ----------
    source : Source
        The source.
    path : Path
        CSV or JSON lines, plain or gzipped.
    limit : int
        At most so many rows.

    Raises
    ------
    UsageError
        When the file cannot be read.
    SourceError
        When a CSV's header lacks required columns.
    """
    codec = Codec(source)
    rows = 0
    faults: dict[Reason, FaultCount] = {}
    for found in islice(read_rows(source, LocalFile(path)), limit):
        rows += 1
        fault = _fault(codec, found)
        if fault is not None:
            before = faults.get(fault.reason, FaultCount(fault.reason, 0, found.line, fault.detail))
            faults[fault.reason] = FaultCount(
                fault.reason, before.rows + 1, before.first_line, before.detail
            )
    listed = tuple(faults[reason] for reason in REASONS if reason in faults)
    return SampleCheck(rows, rows - sum(fault.rows for fault in listed), listed)


def _fault(codec: Codec, found: FileRow) -> RecordFault | None:
    if found.row is None:
        return found.fault
    try:
        codec.event_time(codec.decode(found.row.value))
    except RecordFault as fault:
        return fault
    return None
