"""The tables of a comparison of detectors, as rows of text."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import NamedTuple

from streamscore.evaluation.intervals import Interval
from streamscore.evaluation.measures import Measures
from streamscore.evaluation.results import DetectorResult

_MEASURES = ("AUROC", "AUPRC", "recall at 1%", "recall at 0.1%")


class TextTable(NamedTuple):
    """A table of text.

    Attributes
    ----------
    columns : tuple of str
        What stands above the columns.
    rows : list of list of str
        The cells.
    """

    columns: tuple[str, ...]
    rows: list[list[str]]

    def markdown(self) -> str:
        """Write the table as markdown.

        Examples
        --------
        >>> print(TextTable(("a", "b"), [["1", "2"]]).markdown())
        | a | b |
        |---|---|
        | 1 | 2 |
        """
        head = [list(self.columns), *self.rows]
        lines = ["| " + " | ".join(cells) + " |" for cells in head]
        return "\n".join([lines[0], "|---" * len(self.columns) + "|", *lines[1:]])


def detector_table(found: Sequence[DetectorResult]) -> TextTable:
    """List the detectors with their measures and 95% intervals, flag rate, cost and size."""
    columns = ("detector", *_MEASURES, "flagged when clean", "microseconds", "KiB")
    rows = [
        [one.name, *_with_intervals(one.measures, one.intervals), *_costs(one)] for one in found
    ]
    return TextTable(columns, rows)


def kind_table(found: Sequence[DetectorResult]) -> TextTable:
    """List AUPRC and recall at 1% by kind and detector."""
    rows = [
        [kind, *(_kind(one, kind) for one in found)]
        for kind in dict.fromkeys(kind for one in found for kind in one.kinds)
    ]
    return TextTable(("AUPRC (recall at 1%)", *(one.name for one in found)), rows)


def interval_table(found: Sequence[DetectorResult]) -> TextTable:
    """List all measures by detector and kind, with their 95% intervals."""
    rows = [
        [one.name, kind, *_with_intervals(own.measures, own.intervals)]
        for one in found
        for kind, own in one.kinds.items()
        if own.intervals
    ]
    return TextTable(("detector", "kind", *_MEASURES), rows)


def reason_table(found: Sequence[DetectorResult]) -> TextTable:
    """List by kind in which share of the alarms the first reason, or one of three, is right."""
    explained = [one for one in found if any(kind.explained for kind in one.kinds.values())]
    rows = [
        [kind, *(_hits(one, kind) for one in explained)]
        for kind in dict.fromkeys(kind for one in explained for kind in one.kinds)
    ]
    return TextTable(("first reason / first three", *(one.name for one in explained)), rows)


def labelled_table(found: Sequence[DetectorResult]) -> TextTable:
    """List how detectors do on what people judged; no row where nothing was."""
    rows = [
        [
            one.name,
            f"{one.labelled.anomalies:,}",
            f"{one.labelled.normal:,}",
            _share(one.labelled.precision),
            _share(one.labelled.recall),
        ]
        for one in found
        if one.labelled is not None
    ]
    return TextTable(("judged by people", "anomalies", "normal", "precision", "recall"), rows)


def _with_intervals(measures: Measures, intervals: Mapping[str, Interval]) -> Iterator[str]:
    for name, value in measures._asdict().items():
        low, high = intervals[name]
        yield f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _costs(one: DetectorResult) -> list[str]:
    size = f"{one.size_bytes / 1024:,.0f}" if one.size_bytes else "-"
    time = f"{one.microseconds:.2f}" if one.microseconds else "-"
    return [f"{one.flag_rate:.2%}", time, size]


def _kind(one: DetectorResult, kind: str) -> str:
    if kind not in one.kinds:
        return "-"
    measures = one.kinds[kind].measures
    return f"{measures.auprc:.3f} ({measures.recall_at_1_percent:.2f})"


def _share(value: float) -> str:
    """Write a share; a dash where it is one of nothing."""
    return "-" if isnan(value) else f"{value:.3f}"


def _hits(one: DetectorResult, kind: str) -> str:
    found = one.kinds.get(kind)
    if found is None or not found.explained:
        return "-"
    return f"{found.top_1:.2f} / {found.top_3:.2f}"
