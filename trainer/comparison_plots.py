"""Pictures of a comparison: what the first detector gives, and how all compare by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streamscore.calibration import Judged, RollingWindow
from streamscore.evaluation.measures import alarm_threshold
from streamscore.events import iso_utc
from trainer.comparison import Compared
from trainer.plots import LOUD, MARK, QUIET, calibration_figure, new_figure, plot_top_anomalies
from trainer.projection import Projection
from trainer.top_anomalies import TopAnomaly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BINS = 60
_PERIODS = 40
_COLOURS = (LOUD, QUIET, "#16a085", MARK, "#8e44ad", "#c0b283", "#2980b9")


def plot_detection(compared: Compared, title: str) -> Figure:
    """Draw the first detector's scores of clean records and of anomalies."""
    performance, rate = compared.performances[0], compared.comparison.nominal_rate
    anomalies = np.concatenate(performance.anomalies)
    name = compared.comparison.detectors[0].name
    figure, axes = new_figure(8.0, 4.5, f"{title}: scores of {name}")
    edges = np.histogram_bin_edges(np.concatenate([performance.clean, anomalies]), bins=_BINS)
    for scores, colour, label in (
        (performance.clean, QUIET, "taken for clean"),
        (anomalies, LOUD, "anomalies put in"),
    ):
        axes.hist(
            scores,
            bins=edges.tolist(),
            weights=np.full(len(scores), 1.0 / len(scores)),
            histtype="step",
            linewidth=1.6,
            color=colour,
            label=f"{label}, {len(scores):,} records",
        )
    axes.axvline(alarm_threshold(performance.clean, rate), color=MARK, linestyle="--")
    axes.set(xlabel="score (higher is more anomalous)", ylabel="share of records", yscale="log")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def plot_flagged(compared: Compared, title: str) -> Figure:
    """Draw as a pie which share of the clean records is flagged."""
    flagged = _flagged(compared)
    figure, axes = new_figure(5.0, 4.5, f"{title}: flagged of {len(flagged):,} clean records")
    found = int(flagged.sum())
    axes.pie(
        [len(flagged) - found, found],
        labels=[f"normal\n{len(flagged) - found:,}", f"flagged\n{found:,}"],
        colors=[QUIET, LOUD],
        autopct="%.2f%%",
        startangle=90,
    )
    return figure


def plot_trend(compared: Compared, title: str) -> Figure:
    """Draw which share of the clean records is flagged, period by period."""
    flagged, moments = _flagged(compared), compared.task.test.utc_ms
    figure, axes = new_figure(9.0, 4.0, f"{title}: flagged over time")
    edges = np.linspace(moments[0], moments[-1] + 1, min(_PERIODS, max(2, len(flagged) // 50)) + 1)
    counts = np.histogram(moments, edges)[0]
    found = np.histogram(moments[flagged], edges)[0]
    rates = np.divide(found, counts, out=np.full(len(counts), np.nan), where=counts > 0)
    days = (edges[:-1].astype("int64").astype("datetime64[ms]")).tolist()
    axes.plot(days, 100 * rates, color=LOUD, marker="o", markersize=3)
    axes.axhline(100 * compared.comparison.nominal_rate, color=MARK, linestyle="--")
    axes.set(xlabel="event time (UTC)", ylabel="flagged, %")
    axes.set_ylim(bottom=0)
    figure.autofmt_xdate()
    return figure


def plot_kinds(compared: Compared, title: str) -> Figure:
    """Draw the average precision of each kind as bars, the detectors beside each other."""
    detectors, kinds = compared.comparison.detectors, list(compared.comparison.kinds)
    height = 1.6 + 0.16 * len(kinds) * (len(detectors) + 1)
    figure, axes = new_figure(8.5, height, f"{title}: average precision by kind")
    step = 1.0 / (len(detectors) + 1)
    for place, one in enumerate(detectors):
        found = [one.kinds[kind].measures.auprc for kind in kinds]
        places = np.arange(len(kinds)) + place * step
        colour = _COLOURS[place % len(_COLOURS)]
        axes.barh(places, found, height=step, color=colour, label=one.name)
    axes.set_yticks((np.arange(len(kinds)) + (len(detectors) - 1) * step / 2).tolist(), kinds)
    axes.axvline(compared.comparison.prevalence, color=MARK, linestyle=":", linewidth=1.0)
    axes.set_xlim(0, 1)
    axes.invert_yaxis()
    axes.set(xlabel=f"average precision at {compared.comparison.prevalence:.2%} prevalence")
    figure.legend(loc="outside lower center", ncols=min(3, len(detectors)), frameon=False)
    return figure


def plot_promise(compared: Compared, title: str) -> Figure:
    """Draw the realised over the nominal flag rate of the first detector."""
    window = compared.task.codec.source.calibration.window_records
    judged_against = min(len(compared.performances[0].calibration), window)
    rate = compared.comparison.nominal_rate
    return calibration_figure(_judged(compared).p_value, rate, judged_against, title)


def plot_top(compared: Compared, title: str) -> Figure:
    """Draw the clean records that the first detector finds most anomalous, with its reasons."""
    performance, moments = compared.performances[0], compared.task.test.utc_ms
    top = [
        TopAnomaly(
            event_time=iso_utc(int(moments[place])),
            score=float(performance.clean[place]),
            reasons=[(" or ".join(one.fields), one.share) for one in reasons],
        )
        for place, reasons in performance.top
    ]
    return plot_top_anomalies(top, title)


def plot_projection(projection: Projection, title: str) -> Figure:
    """Draw encoded records in two dimensions, anomalies marked by their kind."""
    figure, axes = new_figure(8.5, 6.5, f"{title}: encoded records, by t-SNE")
    clean = projection.kinds == ""
    across, up = projection.points.T
    axes.scatter(across[clean], up[clean], s=6, color=QUIET, alpha=0.5, label="clean")
    for place, kind in enumerate(dict.fromkeys(projection.kinds[~clean].tolist())):
        own = projection.kinds == kind
        colour = f"C{place % 10}"
        marker = "ox^sD"[place // 10 % 5]
        axes.scatter(across[own], up[own], s=22, color=colour, marker=marker, label=kind)
    axes.set_xticks([])
    axes.set_yticks([])
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    return figure


def _judged(compared: Compared) -> Judged:
    source, performance = compared.task.codec.source, compared.performances[0]
    capacity = source.calibration.window_records
    window = RollingWindow(performance.calibration, capacity, source.nominal_rate)
    return window.fold(performance.clean)


def _flagged(compared: Compared) -> NDArray[np.bool_]:
    flagged: NDArray[np.bool_] = _judged(compared).p_value <= compared.comparison.nominal_rate
    return flagged
