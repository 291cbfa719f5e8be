"""Pictures of a training, for MLflow: scores, calibration, and the most anomalous records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.top_anomalies import TopAnomaly
from trainer.training import JudgedHistory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

QUIET, LOUD, MARK = "#7f8fa6", "#d35400", "#2c3e50"
"""Colours: of what is usual, of what stands out, of marks."""

DOTS_PER_INCH = 110
_REASONS_SHOWN = 3


def write_plots(
    folder: Path, training: JudgedHistory, top: Sequence[TopAnomaly], title: str
) -> None:
    """Write the three pictures as PNG files into a folder, which is made.

    Parameters
    ----------
    folder : Path
        Where `scores.png`, `calibration.png` and `top_anomalies.png` go.
    training : JudgedHistory
        What is shown.
    top : sequence of TopAnomaly
        The highest first.
    title : str
        What the source is called.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "scores": plot_scores(training, title),
        "calibration": plot_calibration(training, title),
        "top_anomalies": plot_top_anomalies(top, title),
    }
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=DOTS_PER_INCH)


def plot_scores(training: JudgedHistory, title: str) -> Figure:
    """Draw the scores of the records that were fit on, and of the later ones that calibrate.

    The first are left out where they were not scored.
    """
    figure, axes = new_figure(8.0, 4.5, f"{title}: scores")
    everything = np.concatenate([training.fit_scores, training.calibration_scores])
    edges = np.histogram_bin_edges(everything, bins=60)
    threshold = float(training.held_out.threshold[-1])
    for scores, colour, label in (
        (training.fit_scores, QUIET, "fit on"),
        (training.calibration_scores, LOUD, "calibration (later)"),
    ):
        if not len(scores):
            continue
        axes.hist(
            scores,
            bins=edges.tolist(),
            weights=np.full(len(scores), 1.0 / len(scores)),
            histtype="step",
            linewidth=1.6,
            color=colour,
            label=f"{label}, {len(scores):,} records",
        )
    if np.isfinite(threshold):
        rate = training.metrics["nominal_rate"]
        axes.axvline(threshold, color=MARK, linestyle="--", linewidth=1.2)
        axes.annotate(
            f" flagged at {rate:.2%}", (threshold, 0.97), xycoords=("data", "axes fraction")
        ).set(color=MARK, verticalalignment="top")
    axes.set(xlabel="score (higher is more anomalous)", ylabel="share of records", yscale="log")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def plot_calibration(training: JudgedHistory, title: str) -> Figure:
    """Draw which share of held-out records has a p-value of at most each rate.

    The band is where some 95% of such shares lie when the p-values are honest: n records judged
    against m scores have a share of variance rate (1 - rate) (1 / n + 1 / m), by the normal
    approximation of the difference of two shares.
    """
    judged_against = min(len(training.calibration_scores), training.window_records)
    rate = training.metrics["nominal_rate"]
    return calibration_figure(training.held_out.p_value, rate, judged_against, title)


def calibration_figure(
    p_values: NDArray[np.float64], rate: float, judged_against: int, title: str
) -> Figure:
    """Draw which share of records has a p-value of at most each rate, as `plot_calibration`.

    Parameters
    ----------
    p_values : float64 array
        Of records that the model was not fit on.
    rate : float
        The nominal rate.
    judged_against : int
        How many scores they were judged against.
    title : str
        What the source is called.
    """
    figure, axes = new_figure(
        5.6, 5.6, f"{title}: calibration on {len(p_values):,} held-out records"
    )
    rates = np.geomspace(max(1.0 / len(p_values), rate / 20), 0.5, 60)
    realised = np.searchsorted(np.sort(p_values), rates, side="right") / len(p_values)
    spread = 1.96 * np.sqrt(rates * (1.0 - rates) * (1 / len(p_values) + 1 / judged_against))
    lowest = float(rates[0]) / 3
    axes.fill_between(
        rates,
        np.maximum(rates - spread, lowest),
        rates + spread,
        color=QUIET,
        alpha=0.25,
        linewidth=0,
        label="95% where honest",
    )
    axes.plot(rates, rates, color=QUIET, linewidth=1.0, label="as promised")
    drawn = np.where(realised > 0, realised, np.nan)
    axes.plot(rates, drawn, color=LOUD, linewidth=1.8, label="realised")
    axes.axvline(rate, color=MARK, linestyle="--", linewidth=1.0)
    axes.annotate(
        f" {np.mean(p_values <= rate):.2%} flagged\n at {rate:.2%} nominal",
        (rate, 0.03),
        xycoords=("data", "axes fraction"),
    ).set(color=MARK, verticalalignment="bottom")
    axes.set(xscale="log", yscale="log", xlabel="nominal rate", ylabel="realised rate")
    axes.set_ylim(lowest, 0.7)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def plot_top_anomalies(top: Sequence[TopAnomaly], title: str) -> Figure:
    """Draw the highest scores as bars, each with its time and the fields that made it."""
    height = 1.4 + 0.3 * len(top)
    figure, axes = new_figure(9.5, height, f"{title}: the {len(top)} most anomalous later records")
    places = np.arange(len(top))
    scores = [one.score for one in top]
    axes.barh(places, scores, color=LOUD, alpha=0.75, height=0.72)
    axes.set_yticks(places.tolist(), [one.event_time[:16].replace("T", " ") for one in top])
    for place, one in zip(places, top, strict=True):
        shown = [f"{field} {share:.0%}" for field, share in one.reasons[:_REASONS_SHOWN]]
        label = axes.annotate("  " + ", ".join(shown), (0.0, float(place)))
        label.set(verticalalignment="center", fontsize=8.5)
    axes.set_ylim(len(top) - 0.4, -0.6)
    axes.set(xlabel="score (higher is more anomalous)", ylabel="event time (UTC)")
    return figure


def new_figure(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """Return a figure of that many inches, and its axes, in the style of all pictures."""
    from matplotlib.figure import Figure

    # Not through pyplot, which keeps every figure and a window system in the process.
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
