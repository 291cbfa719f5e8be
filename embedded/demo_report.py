"""The summary of a demo as a person reads it."""

from __future__ import annotations

import shlex
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from embedded.demo_summary import Found, Summary
from embedded.services import Addresses
from streamscore.quantities import counted


def report(summary: Summary) -> list[RenderableType]:
    """Return what is printed at the end of a demo: what came in, and what came of it.

    Parameters
    ----------
    summary : Summary
        What happened.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in _rows(summary):
        table.add_row(name, text)
    return [Text(), Text("Summary", "bold underline"), table, Text()]


def whereabouts(addresses: Addresses, source: str) -> list[str]:
    """Return lines that say where everything is while it stays up, each to be shown whole.

    Parameters
    ----------
    addresses : Addresses
        Where it is.
    source : str
        The source that is scored: its name, or the path of its TOML file.
    """
    command = ["streamscore", "--config", addresses.settings_file]
    return [
        f"MLflow   {addresses.mlflow}",
        f"metrics  {addresses.metrics}",
        f"Kafka    {addresses.kafka}",
        f"logs     {addresses.logs}",
        "",
        "In another terminal, for instance:",
        "",
        f"  {shlex.join([*command, 'models', 'show', source])}",
        f"  {shlex.join([*command, 'deadletters', 'list', source])}",
        "",
    ]


def kept(folder: Path, source: str) -> list[str]:
    """Return lines that say what stays when everything has ended, each to be shown whole.

    Parameters
    ----------
    folder : Path
        Where data and logs are kept.
    source : str
        The source that was scored: its name, or the path of its TOML file.
    """
    again = shlex.join(["streamscore", "up", source, "--data-dir", str(folder)])
    return [f"Data and logs stay in {folder}. To go on with them:", "", f"  {again}", ""]


def _rows(summary: Summary) -> list[tuple[str, Text | str]]:
    return [
        ("records", _records(summary)),
        *(("", Text(fault, "red")) for fault in summary.faults),
        ("dead letters", _listed(summary.dead_letters)),
        ("anomalies", _anomalies(summary)),
        ("injected found", _found_and_explained(summary.injected_total)),
        *(("", f"{kind}: {_found(found)}") for kind, found in summary.injected.items()),
        ("latency", _latency(summary)),
        ("throughput", f"{summary.records_per_second:,.0f} records/s, as paced by --rate"),
        ("first alert", _first_alert(summary)),
    ]


def _records(summary: Summary) -> Text:
    agree = not summary.faults
    return Text.assemble(
        f"{summary.records_in:,} in = {summary.scored:,} scored + "
        f"{summary.dead_lettered:,} dead-lettered  ",
        ("✓ every record once", "bold green") if agree else ("✗ the counts differ", "bold red"),
    )


def _anomalies(summary: Summary) -> str:
    return (
        f"{summary.anomalies:,} flagged; of the records that nothing was put into "
        f"{summary.realised_rate:.2%}, nominal {summary.nominal_rate:.2%}"
    )


def _found(found: Found) -> str:
    if not found.injected:
        return "none were injected"
    return f"{found.found} of {found.injected} ({found.found / found.injected:.0%})"


def _found_and_explained(found: Found) -> str:
    if not found.found:
        return _found(found)
    return f"{_found(found)}, {found.explained} of them by a changed field"


def _latency(summary: Summary) -> str:
    latency = summary.latency_ms
    if not latency.events:
        return "no event was read"
    return (
        f"p50 {latency.p50:.0f} ms, p95 {latency.p95:.0f} ms, p99 {latency.p99:.0f} ms from "
        f"producing a record to reading its event ({counted(latency.events, 'event')})"
    )


def _first_alert(summary: Summary) -> str:
    if summary.first_alert_seconds < 0:
        return "there was none"
    return f"{summary.first_alert_seconds:.1f} s after the start"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
