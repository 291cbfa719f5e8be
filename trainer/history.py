"""History: the records that a model learns from, by event time."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.sources import Codec, RecordFault
from streamscore.sources.codec import Record
from streamscore.sources.record_files import RecordFile, short_name
from streamscore.sources.row_files import read_rows
from streamscore.sources.time_range import TimeRange

_ALL_TIME = TimeRange()


class History(Struct, frozen=True, kw_only=True):
    """Checked records in the order of their event time; ties in the order they were read.

    Attributes
    ----------
    records : sequence of Record, of length n
        The decoded records.
    utc_ms, local_ms : int64 arrays of shape (n,)
        Event times, since the epoch and as the wall clock of the source's zone showed them.
    origin : str
        Where they were read, for people.
    skipped : dict of str to int
        What was passed over, by reason: those of `RecordFault`, `control`, `injected`,
        `labelled_anomaly`, `out_of_time` (outside the range asked for), `older` (beyond the most
        that were wanted).
    """

    records: Sequence[Record]
    utc_ms: NDArray[np.int64]
    local_ms: NDArray[np.int64]
    origin: str
    skipped: dict[str, int]

    def __len__(self) -> int:
        return len(self.records)


class HistoryBuilder:
    """Takes values as they are read and keeps the latest good ones. It changes with each.

    Parameters
    ----------
    codec : Codec
        Decodes and checks, as the scorer does.
    most_records : int
        How many are kept at most; memory holds a quarter more.
    range_ : TimeRange
        Which event times are wanted.
    """

    def __init__(self, codec: Codec, most_records: int, range_: TimeRange = _ALL_TIME) -> None:
        self._codec = codec
        self._most = most_records
        self._range = range_
        self._records: list[Record] = []
        self._keys: list[tuple[int, int, int, int]] = []
        self._skipped: Counter[str] = Counter()

    def skip(self, reason: str) -> None:
        """Count a record that is passed over."""
        self._skipped[reason] += 1

    def take(self, value: bytes | None, part: int, place: int) -> None:
        """Take one record's bytes.

        Parameters
        ----------
        value : bytes or None
            As on the topic.
        part, place : int
            File and line, or partition and offset: they order records of the same event time.
        """
        try:
            record = self._codec.decode(value)
            instant = self._codec.event_time(record)
        except RecordFault as fault:
            self.skip(fault.reason)
            return
        if not self._range.holds(instant.utc_ms):
            self.skip("out_of_time")
            return
        self._records.append(record)
        self._keys.append((instant.utc_ms, part, place, instant.local_ms))
        if len(self._records) > self._most + self._most // 4:
            self._drop_oldest()

    def history(self, origin: str) -> History:
        """Return what was kept, in order."""
        self._drop_oldest()
        keys = np.array(self._keys, np.int64).reshape(-1, 4)
        return History(
            records=self._records,
            utc_ms=np.ascontiguousarray(keys[:, 0]),
            local_ms=np.ascontiguousarray(keys[:, 3]),
            origin=origin,
            skipped=dict(sorted(self._skipped.items())),
        )

    def _drop_oldest(self) -> None:
        order = sorted(range(len(self._keys)), key=self._keys.__getitem__)
        kept = order[-self._most :]
        if len(kept) < len(order):
            self._skipped["older"] += len(order) - len(kept)
        self._records = [self._records[i] for i in kept]
        self._keys = [self._keys[i] for i in kept]


def history_from_files(
    codec: Codec,
    files: Iterable[RecordFile],
    most_records: int,
    range_: TimeRange = _ALL_TIME,
    dialect: str | None = None,
) -> History:
    """Read history from files of records.

    Parameters
    ----------
    codec : Codec
        The source's codec.
    files : iterable of RecordFile
        The files, in any order of time.
    most_records : int
        How many are kept at most, the latest.
    range_ : TimeRange
        Which event times are wanted.
    dialect : str or None
        How the files are written; None recognises it.

    Raises
    ------
    UsageError
        When a file cannot be read.
    """
    builder = HistoryBuilder(codec, most_records, range_)
    names = []
    for part, file in enumerate(files):
        names.append(short_name(file))
        for line, row, fault in read_rows(codec.source, file, dialect, max_bytes=codec.max_bytes):
            if row is not None:
                builder.take(row.value, part, line)
            elif fault is not None:
                builder.skip(fault.reason)
    return builder.history(", ".join(names))
