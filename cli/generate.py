"""``streamscore generate``: records like the real ones."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TextIO

import typer

from cli.invocation import error_console
from streamscore.errors import UsageError
from streamscore.quantities import counted

FORMATS: tuple[Literal["csv", "jsonl"], ...] = ("csv", "jsonl")


def register(app: typer.Typer) -> None:
    """Add ``streamscore generate``."""
    app.command(rich_help_panel="Streams")(generate)


def generate(
    source: Annotated[str, typer.Argument(help="accidents or reviews.")],
    rows: Annotated[int, typer.Option(min=0, help="How many records.")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same records.")] = 0,
    out: Annotated[
        str, typer.Option(metavar="FILE", help="Where to; - is standard output, .gz is gzipped.")
    ] = "-",
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="csv|jsonl", help="By default as the file is called."),
    ] = None,
    start: Annotated[str, typer.Option(metavar="DATE", help="The first day.")] = "2024-01-01",
    per_day: Annotated[float, typer.Option(help="Records a day.")] = 150.0,
    anomalies: Annotated[
        float, typer.Option(metavar="SHARE", help="Records that are made anomalous, 0 to 1.")
    ] = 0.0,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Line and kind of each anomaly, as JSON lines."),
    ] = None,
) -> None:
    """Generate records like the real ones, in the order of their event time.

    Nothing is copied from real records: they are drawn from tables of shares, and texts are
    composed from phrases.
    """
    from streamscore.sources import load_source
    from streamscore.synthetic.writing import GenerationPlan, labelled_records, write_records

    loaded = load_source(source)
    plan = GenerationPlan(
        rows=rows, seed=seed, start=_day(start), per_day=per_day, anomaly_share=anomalies
    )
    records = labelled_records(loaded, plan)  # faults are told before a file is touched
    with _labels_file(labels) as label_file, _output(out) as file:
        written, injected = write_records(
            loaded, records, _format(source, out, format_), file, label_file
        )
    if out != "-":
        anomalies_told = counted(injected, "anomaly", "anomalies")
        told = f"{out}: {counted(written, 'record')}, {anomalies_told} among them"
        error_console().print(told, highlight=False, markup=False)


def _format(source: str, out: str, wanted: str | None) -> Literal["csv", "jsonl"]:
    from streamscore.synthetic.writing import NATURAL_FORMATS

    if wanted is None:
        suffix = Path(out.removesuffix(".gz")).suffix.removeprefix(".")
        wanted = suffix if suffix in FORMATS else NATURAL_FORMATS.get(source, "jsonl")
    for known in FORMATS:
        if wanted == known:
            return known
    raise UsageError(f"--format is csv or jsonl, got {wanted!r}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start is a date such as 2024-01-31, got {text!r}") from None


@contextmanager
def _output(out: str) -> Iterator[TextIO]:
    try:
        if out == "-":
            yield sys.stdout
            sys.stdout.flush()
            return
        if out.endswith(".gz"):
            with gzip.open(out, "wt", encoding="utf-8", newline="") as zipped:
                yield zipped
        else:
            with Path(out).open("w", encoding="utf-8", newline="") as file:
                yield file
    except BrokenPipeError:
        # Whoever reads has seen enough; Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise UsageError(
            f"--out must name a file that can be written, got {out}: {error}"
        ) from None


@contextmanager
def _labels_file(path: Path | None) -> Iterator[TextIO | None]:
    try:
        with nullcontext() if path is None else path.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise UsageError(
            f"--labels must name a file that can be written, got {path}: {error}"
        ) from None
