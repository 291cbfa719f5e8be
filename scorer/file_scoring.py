"""A file scored as one partition of the stream would be, row by row, without Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from msgspec import Struct

from streamscore.calibration import severity
from streamscore.detectors import Reason
from streamscore.events import iso_utc
from streamscore.scoring import Model, PartitionFold, Scored
from streamscore.sources.record_files import RecordFile
from streamscore.sources.row_files import FileRow, read_rows
from streamscore.sources.time_range import TimeRange

_ALL_TIME = TimeRange()

BATCH_RECORDS = 4096
"""Rows read and scored at once; no score depends on it."""


class RowScore(Struct, frozen=True, kw_only=True):
    """What became of one row of a file: a score, or a rejection.

    Attributes
    ----------
    line : int
        Line of the file that the row begins in, from 1.
    event_time : str or None
        When it happened, ISO 8601 in UTC; None for a rejected row, as all that follows but
        `flagged` and `rejected`.
    score : float or None
        Higher is more anomalous.
    p_value : float or None
        In (0, 1], against the rolling window at that row.
    threshold : float or None
        The score above which the row would be flagged; None too while the window is too short.
    severity : float or None
        0 to 100; 0 where the row is not flagged.
    flagged : bool
        Whether the p-value is at most the source's nominal rate.
    reason : str or None
        The field that made a flagged row abnormal the most.
    rejected : str or None
        Why the row is no record of the source.
    words : str or None
        Why a flagged row is abnormal, in words; None too where a private field is spoken of.
    """

    line: int
    event_time: str | None = None
    score: float | None = None
    p_value: float | None = None
    threshold: float | None = None
    severity: float | None = None
    flagged: bool = False
    reason: str | None = None
    rejected: str | None = None
    words: str | None = None


def score_file(
    model: Model,
    file: RecordFile,
    batch_records: int = BATCH_RECORDS,
    dialect: str | None = None,
    times: TimeRange = _ALL_TIME,
) -> Iterator[list[RowScore]]:
    """Score the rows of a file in their order, as a partition of these records would be.

    Parameters
    ----------
    model : Model
        What scores. The window starts with its bundle, as that of a stream of one partition.
    file : RecordFile
        A file of the model's source.
    batch_records : int
        How many rows are read and yielded at once, at least 1.
    dialect : str or None
        How the file is written; None recognises it.
    times : TimeRange
        Records of other event times are passed over, as if the file did not have them.

    Yields
    ------
    list of RowScore
        One for each row of the file, in its order; the lists are never empty.

    Raises
    ------
    UsageError
        When the file cannot be read.
    """
    fold = PartitionFold(model, model.new_window(1))
    every = read_rows(model.source, file, dialect, max_bytes=model.codec.max_bytes)
    rows = (one for one in every if one.row is None or times.holds(one.row.utc_ms))
    while batch := list(islice(rows, batch_records)):
        yield _scored(fold, batch)


def _scored(fold: PartitionFold, rows: list[FileRow]) -> list[RowScore]:
    read = [(at, row.row.value) for at, row in enumerate(rows) if row.row is not None]
    scored = fold.fold([value for _, value in read])
    faults = {at: row.fault for at, row in enumerate(rows) if row.fault is not None}
    faults |= {read[place][0]: fault for place, fault in scored.faults}
    scores = _row_scores(fold.model, [rows[read[i][0]].line for i in scored.good], scored)
    # What is no fault was scored, in the same order.
    return [
        RowScore(line=row.line, rejected=str(faults[at])) if at in faults else next(scores)
        for at, row in enumerate(rows)
    ]


def _row_scores(model: Model, lines: list[int], scored: Scored) -> Iterator[RowScore]:
    rate, judged = model.source.nominal_rate, scored.judged
    flagged = scored.flagged(rate)
    reasons: dict[int, Reason] = {}
    if flagged:
        records = [scored.records[at] for at in flagged]
        found = model.attribute(records, scored.matrix[flagged], scored.channels[flagged])
        reasons = {at: why[0] for at, why in zip(flagged, found, strict=True)}
    for at, line in enumerate(lines):
        threshold = float(judged.threshold[at])
        yield RowScore(
            line=line,
            event_time=iso_utc(scored.event_time_ms[at]),
            score=float(scored.scores[at]),
            p_value=float(judged.p_value[at]),
            threshold=threshold if np.isfinite(threshold) else None,
            severity=severity(float(judged.tail[at]), rate) if at in reasons else 0.0,
            flagged=at in reasons,
            reason=reasons[at].fields[0] if at in reasons else None,
            words=(reasons[at].words or None) if at in reasons else None,
        )
