"""How well anomalies are found in labelled tables, by the default of each table's schema.

Sets of ADBench and ADRepository, in random order: three fifths are history and the rest is judged.
Once the history holds normal rows alone, and once it is as dirty as the set, which the source then
says. Beside the default stand an isolation forest, nearest neighbours and local outlier factor of
scikit-learn and ECOD of PyOD on standardised, one-hot encoded rows. Where there are no such sets,
generated ones are taken; the bars are meant for the real ones.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks._records import SHARED_DATA
from benchmarks._tabular_sets import TabularSet, tabular_sets
from benchmarks._usual_detectors import USUAL_DETECTORS, design_matrix
from benchmarks._verdict import Bar, conclude
from streamscore.detectors.default_recipe import default_recipe
from streamscore.detectors.recipes import fit_recipe, recipe_named
from streamscore.features import Encoder
from streamscore.sources import Codec

_HISTORY_SHARE = 0.6
_HELD_BACK_SHARE = 2 / 9
"""Of the history: as training cuts it, seven tenths to fit and two to calibrate."""

BARS = (
    Bar("clean_auroc", 0.87),
    Bar("dirty_auroc", 0.81),
    Bar("clean_largest_ap_gap", 0.20, is_most=True),
    Bar("dirty_largest_ap_gap", 0.20, is_most=True),
)

Scores = NDArray[np.float64]


class Split(NamedTuple):
    """Rows to learn from, oldest first, and rows to judge."""

    history: TabularSet
    judged: TabularSet


class Found(NamedTuple):
    """What a detector found in a set: mean AUROC and average precision over the seeds."""

    auroc: float
    ap: float


def split(table: TabularSet, seed: int, most: int, *, is_dirty: bool) -> Split:
    """Cut a set in random order; a clean history's anomalies are all judged."""
    rows = table.shuffled(seed, most)
    places = np.arange(len(rows.is_anomaly))
    is_history = places < _HISTORY_SHARE * len(places)
    if not is_dirty:
        is_history &= ~rows.is_anomaly
    return Split(rows.taken(places[is_history]), rows.taken(places[~is_history]))


def default_scores(cut: Split, history: str, seed: int, recipe: str | None) -> tuple[str, Scores]:
    """Train the default, or the recipe that is named; return its name and its scores."""
    codec = Codec(cut.judged.source(history))
    past, judged = cut.history.read(codec), cut.judged.read(codec)
    fit = round(len(past.records) * (1.0 - _HELD_BACK_SHARE))
    chosen = recipe_named(recipe or default_recipe(codec, past.records[:fit]))
    encoder = Encoder.fit(codec, past.records[:fit], chosen.plan)
    matrix, rows = (encoder.encode(b.records, b.utc_ms, b.local_ms) for b in (past, judged))
    fitted = fit_recipe(chosen, matrix[:fit], matrix[fit:], encoder.columns, seed)
    return chosen.name, fitted.score(fitted.fold(rows, fitted.begin()))


def found_by(table: TabularSet, history: str, options: argparse.Namespace) -> dict[str, Found]:
    """Judge the default and the usual detectors; the default comes first, under its name."""
    each: dict[str, list[Found]] = {}
    for seed in options.seeds:
        cut = split(table, seed, options.rows, is_dirty=history == "dirty")
        name, scores = default_scores(cut, history, seed, options.recipe)
        _add(each, name, scores, cut.judged.is_anomaly)
        past, judged = design_matrix(cut.history, cut.judged)
        for usual, detect in USUAL_DETECTORS.items():
            _add(each, usual, detect(past, judged, seed), cut.judged.is_anomaly)
    return {name: Found(*np.mean(list(found), axis=0).tolist()) for name, found in each.items()}


def _add(
    each: dict[str, list[Found]], name: str, scores: Scores, is_anomaly: NDArray[np.bool_]
) -> None:
    auroc = float(roc_auc_score(is_anomaly, scores))
    each.setdefault(name, []).append(
        Found(auroc, float(average_precision_score(is_anomaly, scores)))
    )


def figures_of(history: str, every: list[dict[str, Found]]) -> dict[str, float]:
    """Return the means over the sets, and by how much the default was worse at most."""
    figures: dict[str, float] = {}
    gaps = []
    for place, name in enumerate(["", *(f"{usual}_" for usual in USUAL_DETECTORS)]):
        found = [list(one.values())[place] for one in every]
        figures[f"{history}_{name}auroc"] = float(np.mean([one.auroc for one in found]))
        figures[f"{history}_{name}ap"] = float(np.mean([one.ap for one in found]))
    for one in every:
        default, *usual = one.values()
        gaps.append(max(other.ap for other in usual) - default.ap)
    return figures | {f"{history}_largest_ap_gap": max(gaps)}


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    sets, origin = tabular_sets(options.data)
    sets = [one for one in sets if options.only in one.name]
    figures: dict[str, float] = {}
    for history in ("clean", "dirty"):
        every = [found_by(one, history, options) for one in sets]
        _print(f"{history} history, {origin} sets, seeds {options.seeds}", sets, every)
        figures |= figures_of(history, every)
    return conclude("detection_tabular", figures, BARS)


def _print(title: str, sets: list[TabularSet], every: list[dict[str, Found]]) -> None:
    table = Table("set", "rows", "anomalies", "default", title=f"AUROC / AP, {title}")
    for name in ("default", *USUAL_DETECTORS):
        table.add_column(name)
    for one, found in zip(sets, every, strict=True):
        shown = [f"{each.auroc:.3f} / {each.ap:.3f}" for each in found.values()]
        count, anomalies = len(one.is_anomaly), int(one.is_anomaly.sum())
        table.add_row(one.name[:24], f"{count:,}", f"{anomalies:,}", next(iter(found)), *shown)
    Console(width=150).print(table)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.detection_tabular")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--rows", type=int, default=20_000, help="at most, of a set")
    parser.add_argument("--data", type=Path, default=SHARED_DATA / "anomaly")
    parser.add_argument("--only", default="", help="sets whose name holds this")
    parser.add_argument("--recipe", help="judge this recipe instead of the default")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
