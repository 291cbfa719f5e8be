"""A compared detector on the history of a source: judged as a model is, with nothing to promote."""

from __future__ import annotations

from streamscore.features import Encoder
from streamscore.sources import Codec
from trainer.compared.limits import Limits
from trainer.compared.preparation import PLAN
from trainer.compared.process import Scored, fit_and_score
from trainer.history import History
from trainer.training import (
    Clock,
    JudgedHistory,
    described,
    history_metrics,
    judge_held_out,
    split_in_time,
)


class ComparedTraining(JudgedHistory, frozen=True, kw_only=True):
    """A history judged by a compared detector; what it was fit on is not scored.

    Attributes
    ----------
    scored : Scored
        Scores of the two later slices together, and what they cost.
    """

    scored: Scored


def train_compared(
    codec: Codec, history: History, name: str, seed: int, clock: Clock, limits: Limits
) -> ComparedTraining:
    """Fit a compared detector to history, score the later slices and judge the last.

    Parameters
    ----------
    codec : Codec
        The source's codec.
    history : History
        What to learn from.
    name : str
        Name of the compared detector.
    seed : int
        Decides every random choice.
    clock : callable
        Seconds from any fixed moment.
    limits : Limits
        What its process may take.

    Raises
    ------
    HistoryError
        When there are too few records.
    UsageError
        When there is no such detector, or an extra is not installed.
    DetectorError
        When it fails, or takes too much.
    """
    split = split_in_time(codec.source, len(history), described(history))
    started = clock()
    encoder = Encoder.fit(codec, history.records[: split.fit], PLAN)
    matrix = encoder.encode(history.records, history.utc_ms, history.local_ms)
    encode_seconds = clock() - started
    scored = fit_and_score(
        name,
        matrix[: split.fit],
        matrix[split.fit :],
        encoder.columns,
        seed=seed,
        timeout_seconds=limits.timeout_seconds,
        memory_bytes=limits.memory_bytes,
    )
    calibration, held_out = scored.scores[: split.calibration], scored.scores[split.calibration :]
    judged = judge_held_out(codec.source, calibration, held_out)
    costs = {
        "encode_seconds": encode_seconds,
        "fit_seconds": scored.fit_seconds,
        "sampled_fit_rows": float(scored.fit_rows),
        "prepared_columns": float(scored.width),
        "microseconds_a_record": scored.microseconds_a_record,
        "size_bytes": float(scored.size_bytes),
    }
    return ComparedTraining(
        split=split,
        fit_scores=scored.scores[:0],
        calibration_scores=calibration,
        held_out_scores=held_out,
        held_out=judged,
        window_records=codec.source.calibration.window_records,
        metrics=history_metrics(codec.source, history, split, held_out, judged) | costs,
        scored=scored,
    )
