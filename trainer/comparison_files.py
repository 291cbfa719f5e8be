"""The files of a comparison: pictures, tables and a summary, as they are logged."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from streamscore.quantities import counted
from trainer.comparison import Compared, Comparison
from trainer.comparison_plots import (
    plot_detection,
    plot_flagged,
    plot_kinds,
    plot_projection,
    plot_promise,
    plot_top,
    plot_trend,
)
from trainer.comparison_tables import (
    TextTable,
    detector_table,
    interval_table,
    kind_table,
    labelled_table,
    reason_table,
)
from trainer.flag_rate import flag_rate_lines
from trainer.plots import DOTS_PER_INCH
from trainer.projection import project

SUMMARY = "summary.txt"
TABLES = "tables.md"
RESULTS = "results.json"


def write_comparison(folder: Path, compared: Compared) -> None:
    """Write the pictures as PNG files, the tables, the summary, and all figures as JSON.

    Parameters
    ----------
    folder : Path
        Where to; made.
    compared : Compared
        What was found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    comparison = compared.comparison
    title = compared.task.codec.source.title or comparison.source
    figures = {
        "scores": plot_detection(compared, title),
        "flagged": plot_flagged(compared, title),
        "top_anomalies": plot_top(compared, title),
        "trend": plot_trend(compared, title),
        "kinds": plot_kinds(compared, title),
        "calibration": plot_promise(compared, title),
    }
    projection = project(compared.task, comparison.seeds[0])
    if projection is not None:
        figures["projection"] = plot_projection(projection, title)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=DOTS_PER_INCH)
    told = [*tables_of(comparison), interval_table(comparison.detectors)]
    tables = "\n\n".join(table.markdown() for table in told)
    (folder / TABLES).write_text(f"# {title}\n\n{tables}\n", encoding="utf-8")
    (folder / SUMMARY).write_text("\n".join(summary_lines(comparison)) + "\n", encoding="utf-8")
    encoded = msgspec.json.format(msgspec.json.encode(comparison), indent=1)
    (folder / RESULTS).write_bytes(encoded)


def tables_of(comparison: Comparison) -> list[TextTable]:
    """Return the tables that have a row: detectors, kinds, reasons, labels."""
    found = comparison.detectors
    tables = [detector_table(found), kind_table(found), reason_table(found), labelled_table(found)]
    return [table for table in tables if table.rows]


def summary_lines(comparison: Comparison) -> list[str]:
    """Tell in sentences what was compared and what came of it."""
    best = max(comparison.detectors, key=lambda one: one.measures.auprc)
    kinds = sorted(best.kinds, key=lambda kind: -best.kinds[kind].measures.auprc)
    return [
        (
            f"Compared {counted(len(comparison.detectors), 'detector')} for {comparison.source} in "
            f"{comparison.seconds:.1f} s."
        ),
        (
            f"  history   {comparison.history}, {comparison.first_event_time} to "
            f"{comparison.last_event_time}"
        ),
        (
            f"  records   {comparison.train_rows:,} to learn from, {comparison.calibration_rows:,} "
            f"to calibrate, {comparison.test_rows:,} to test, from {comparison.test_from}"
        ),
        (
            f"  anomalies {sum(comparison.kinds.values()):,} of "
            f"{counted(len(comparison.kinds), 'kind')} in "
            f"{counted(len(comparison.seeds), 'trial')}, weighed to "
            f"{comparison.prevalence:.2%} prevalence"
        ),
        (
            f"  best      {best.name}: average precision {best.measures.auprc:.3f}, "
            f"{best.measures.recall_at_1_percent:.0%} found at 1% of false alarms"
        ),
        f"  found     best: {', '.join(kinds[:3])}; least: {', '.join(kinds[3:][-3:]) or '-'}",
        *flag_rate_lines(comparison.flag_rates[best.name], "the clean records"),
        *(f"  failed    {name}: {why}" for name, why in comparison.failed.items()),
        *([f"  labels    {_listed(comparison.labels)}"] if comparison.labels else []),
    ]


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.items())
