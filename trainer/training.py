"""Training: history, split in time, becomes a calibrated bundle and the figures that judge it.

The oldest records fit the encoder and the detector, later ones calibrate, and the latest are held
out to measure what share is flagged when the calibrated model meets records it has not seen.
"""

from collections.abc import Callable
from math import ceil

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.bundle import Bundle, Trained, make_bundle
from streamscore.calibration import Judged, RollingWindow
from streamscore.detectors.combination import Combination
from streamscore.detectors.default_recipe import default_recipe
from streamscore.detectors.recipes import fit_recipe, recipe_named
from streamscore.errors import HistoryError
from streamscore.events import iso_utc
from streamscore.features import Encoder
from streamscore.sources import Codec, Source
from trainer.history import History

Clock = Callable[[], float]

_LEAST_FIT = 500
"""Twice the 256 rows that a tree of an isolation forest is grown on."""

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


class Split(Struct, frozen=True):
    """How many records, oldest first, fit, calibrate and are held out."""

    fit: int
    calibration: int
    held_out: int


class JudgedHistory(Struct, frozen=True, kw_only=True):
    """A history, scored and judged.

    Attributes
    ----------
    split : Split
        How the history was cut.
    fit_scores, calibration_scores, held_out_scores : float64 arrays
        Scores of the three slices in the order of time, higher is more anomalous; the first is
        empty where what was fit on is not scored.
    held_out : Judged
        The held-out slice, judged through a rolling window that began with the calibration slice.
    window_records : int
        The most scores that the window held.
    metrics : dict of str to float
        Figures for the registry; finite.
    """

    split: Split
    fit_scores: NDArray[np.float64]
    calibration_scores: NDArray[np.float64]
    held_out_scores: NDArray[np.float64]
    held_out: Judged
    window_records: int
    metrics: dict[str, float]


class Training(JudgedHistory, frozen=True, kw_only=True):
    """What a training made.

    Attributes
    ----------
    bundle : Bundle
        The model. Its window holds the latest scores of all records that it was not fit on.
    matrix : float64 array of shape (n, d)
        The whole history, encoded.
    channels : float64 array of shape (n, channels)
        Its scores in each channel.
    """

    bundle: Bundle
    matrix: NDArray[np.float64]
    channels: NDArray[np.float64]

    @property
    def scores(self) -> NDArray[np.float64]:
        """Scores of the whole history: float64 of shape (n,)."""
        return np.concatenate([self.fit_scores, self.calibration_scores, self.held_out_scores])


def split_in_time(source: Source, rows: int, origin: str = "the history") -> Split:
    """Cut a history of that many records.

    Seven tenths fit, two calibrate, one is held out; but calibration gets at least twice, and the
    held-out slice once, as many as hold one flag at the nominal rate.

    Parameters
    ----------
    source : Source
        Its nominal rate decides how many are the least.
    rows : int
        How many good records there are.
    origin : str
        Where they come from, for the message.

    Raises
    ------
    HistoryError
        When there are too few.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> split_in_time(load_source("accidents"), 10_000)
    Split(fit=7000, calibration=2000, held_out=1000)
    """
    one_flag = ceil(1.0 / source.nominal_rate)
    fit = min(rows * 7 // 10, rows - 3 * one_flag)
    held_out = (rows - fit) // 3
    if fit < _LEAST_FIT:
        least = max(ceil(_LEAST_FIT * 10 / 7), _LEAST_FIT + 3 * one_flag)
        raise HistoryError(
            f"training {source.name} at a nominal rate of {source.nominal_rate:g} needs at least "
            f"{least} good records; received {rows} from {origin}. Give more history, or a wider "
            "range of time"
        )
    return Split(fit, rows - fit - held_out, held_out)


def train(
    codec: Codec, history: History, detector: str | None, seed: int, clock: Clock
) -> Training:
    """Train a model.

    Parameters
    ----------
    codec : Codec
        The source's codec.
    history : History
        What to learn from.
    detector : str or None
        Name of the recipe; None takes the one that fits the source and its history.
    seed : int
        Decides every random choice: the same history and seed give the same bundle.
    clock : callable
        Seconds from any fixed moment.

    Raises
    ------
    HistoryError
        When there are too few records.
    UsageError
        When there is no such detector.
    """
    split = split_in_time(codec.source, len(history), described(history))
    started = clock()
    past = history.records[: split.fit]
    recipe = recipe_named(detector or default_recipe(codec, past))
    encoder = Encoder.fit(codec, past, recipe.plan)
    matrix = encoder.encode(history.records, history.utc_ms, history.local_ms)
    encoded = clock()
    cuts = [split.fit, split.fit + split.calibration]
    learned, later, _ = np.split(matrix, cuts)
    fitted = fit_recipe(recipe, learned, later, encoder.columns, seed)
    fit_done = clock()
    channels = fitted.fold(matrix, fitted.begin())
    scores = fitted.score(channels)
    fit_scores, calibration, held_out = np.split(scores, cuts)
    judged = judge_held_out(codec.source, calibration, held_out)
    seconds = {
        "encode_seconds": encoded - started,
        "fit_seconds": fit_done - encoded,
        "score_seconds": clock() - fit_done,
    }
    return Training(
        bundle=_bundle(codec, encoder, recipe.name, fitted, history, split, channels, seed),
        split=split,
        matrix=matrix,
        channels=channels,
        fit_scores=fit_scores,
        calibration_scores=calibration,
        held_out_scores=held_out,
        held_out=judged,
        window_records=codec.source.calibration.window_records,
        metrics=history_metrics(codec.source, history, split, held_out, judged) | seconds,
    )


def described(history: History) -> str:
    """Say where a history comes from and what was passed over."""
    skipped = ", ".join(f"{count} {reason}" for reason, count in history.skipped.items())
    return f"{history.origin} (skipped: {skipped})" if skipped else history.origin


def judge_held_out(
    source: Source, calibration: NDArray[np.float64], held_out: NDArray[np.float64]
) -> Judged:
    """Judge the held-out scores through a window that begins with those that calibrate."""
    window = RollingWindow(calibration, source.calibration.window_records, source.nominal_rate)
    return window.fold(held_out)


def _bundle(
    codec: Codec,
    encoder: Encoder,
    recipe: str,
    detectors: Combination,
    history: History,
    split: Split,
    channels: NDArray[np.float64],
    seed: int,
) -> Bundle:
    latest = channels[split.fit :][-codec.source.calibration.window_records :]
    trained = Trained(
        first_event_time=iso_utc(int(history.utc_ms[0])),
        last_event_time=iso_utc(int(history.utc_ms[split.fit - 1])),
        fit_rows=split.fit,
        calibration_rows=len(latest),
        seed=seed,
    )
    kept, stateless = detectors.stateless_channels, None
    if 0 < len(kept) < len(detectors.channels):
        stateless = detectors.stateless().score(latest[:, kept])
    window = detectors.score(latest)
    return make_bundle(codec, encoder, recipe, detectors, window, trained, stateless)


def history_metrics(
    source: Source,
    history: History,
    split: Split,
    held_out: NDArray[np.float64],
    judged: Judged,
) -> dict[str, float]:
    """Return counts, the realised flag rate, and quantiles of the held-out scores."""
    quantiles = np.quantile(held_out, list(_QUANTILES.values()))
    return {
        "rows": len(history),
        "fit_rows": split.fit,
        "calibration_rows": split.calibration,
        "held_out_rows": split.held_out,
        "skipped_rows": sum(history.skipped.values()),
        "nominal_rate": source.nominal_rate,
        "realised_flag_rate": float(np.mean(judged.p_value <= source.nominal_rate)),
        **{f"score_{name}": float(q) for name, q in zip(_QUANTILES, quantiles, strict=True)},
    }
