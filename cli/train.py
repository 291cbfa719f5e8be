"""``streamscore train``: one training run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import (
    DialectOption,
    Invocation,
    error_console,
    invocation_of,
    print_json,
)
from cli.record_inputs import FILE_HELP, Format
from streamscore.errors import UsageError

if TYPE_CHECKING:
    from streamscore.sources.record_files import Layout, RecordFile
    from trainer.app import TrainingPlan
    from trainer.report import ComparedRun, TrainingReport

TOPIC = "topic"
"""The value of ``--history`` that reads the source's topic."""


def register(app: typer.Typer) -> None:
    """Add ``streamscore train``."""
    app.command(rich_help_panel="Models")(train)


def train(  # noqa: PLR0913  # an argument for each option
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source: its name, or the path of its TOML.")],
    history: Annotated[
        list[str],
        typer.Option(
            metavar="FILE|topic",
            help=f"What to learn from, may repeat. {FILE_HELP} Or the word topic, for the source's "
            "records in Kafka.",
        ),
    ],
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Learn from this event time on."),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="TIME", help="Learn from before this event time only.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="With --history topic: a run's records, not the stream's."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides every random choice.")] = None,
    detector: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="One detector or recipe; without it what fits the source. `streamscore detectors` "
            "lists them.",
        ),
    ] = None,
    dialect: DialectOption = None,
    format_: Format = None,
    labels: Annotated[
        bool,
        typer.Option(
            "--labels/--no-labels",
            help="With --history topic: leave out what was labelled as an anomaly.",
        ),
    ] = True,
    bundle_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the bundle here, and leave MLflow alone."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train a model on history and put it into production.

    A detector of PyOD or River is judged alike and logged to MLflow, but it is compared alone and
    never put into production.
    """
    import time

    from trainer.app import run_training, write_trained_bundle
    from trainer.compared.app import run_compared
    from trainer.detector_names import is_compared

    invocation = invocation_of(context)
    settings = invocation.settings(**({} if seed is None else {"trainer__seed": str(seed)}))
    files = history_files(history, format_, invocation)
    name = _only_one(detector)
    plan = training_plan(source, files, from_, to, name, dialect, run, labels=labels)
    if name is not None and is_compared(name):
        _refuse_a_bundle(name, bundle_dir)
        report = run_compared(settings, plan, name, time.perf_counter)
    elif bundle_dir is not None:
        report = write_trained_bundle(settings, plan, bundle_dir, time.perf_counter)
    else:
        report = run_training(
            settings, plan, environ=invocation.environ, clock=time.perf_counter, warn=_warn
        )
    if json:
        print_json(report)
    else:
        typer.echo("\n".join(_lines(report)))


def history_files(
    history: list[str], layout: Layout | None, invocation: Invocation
) -> tuple[RecordFile, ...]:
    """Return the files of history that are named; none where it is the topic."""
    from adapters.record_inputs import record_files

    if TOPIC in history and len(history) > 1:
        raise UsageError(
            f"history is either files or the topic; received {', '.join(history)}. Give one or the "
            "other, or write ./topic for a file of that name"
        )
    return () if history == [TOPIC] else record_files(history, layout, invocation.environ)


def training_plan(
    source: str,
    files: tuple[RecordFile, ...],
    start: str | None,
    end: str | None,
    detector: str | None,
    dialect: str | None,
    run: str | None,
    *,
    labels: bool,
) -> TrainingPlan:
    """Return what is to be read and trained, of a command's options."""
    from streamscore.runs import check_run_name
    from streamscore.sources import load_source
    from streamscore.sources.time_range import time_range
    from trainer.app import TrainingPlan

    if not files and dialect is not None:
        raise UsageError(
            f"--dialect says how files are written; received {dialect} for the topic, which holds "
            "the source's own spelling. Leave it out"
        )
    if run is not None:
        check_run_name(run)
        if files:
            raise UsageError(
                f"--run names whose records are read from Kafka; received {run} with files. Give "
                "--history topic, or leave --run out"
            )
    loaded = load_source(source)
    return TrainingPlan(
        source=loaded,
        run=run,
        files=files,
        time_range=time_range(loaded, start, end),
        detector=detector,
        dialect=dialect,
        labels=labels,
    )


def _only_one(detectors: list[str] | None) -> str | None:
    if detectors is None:
        return None
    if len(detectors) > 1:
        raise UsageError(
            f"one detector is trained at a time; received {' and '.join(detectors)}. Leave all but "
            "one out, or join those that score the stream by +; `streamscore evaluate` compares "
            "several"
        )
    return detectors[0]


def _refuse_a_bundle(detector: str, folder: Path | None) -> None:
    if folder is not None:
        raise UsageError(
            f"--bundle-dir takes a detector that scores the stream; received {detector}, which is "
            "compared alone and makes no bundle. Leave --bundle-dir out, or choose another: "
            "`streamscore detectors` lists them"
        )


def _compared_lines(report: TrainingReport, run: ComparedRun) -> list[str]:
    from streamscore.detectors.recipes import recipe_names

    figures = report.metrics
    learned = f"{figures['sampled_fit_rows']:,.0f} records in {figures['fit_seconds']:.1f} s"
    score, size = figures["microseconds_a_record"], figures["size_bytes"] / 1e6
    return [
        f"  cost      {score:,.1f} us a record, {size:,.2f} MB, learned from {learned}",
        f"  promoted  no: {report.detector} has no compiled kernel, so it is compared alone",
        f"            To score the stream, train one of {', '.join(recipe_names())}",
        f"  MLflow    {run.address}",
    ]


def _lines(report: TrainingReport) -> list[str]:
    from trainer.flag_rate import flag_rate_lines

    figures = report.metrics
    counts = [
        f"{figures['fit_rows']:,.0f} to fit",
        f"{figures['calibration_rows']:,.0f} to calibrate",
        f"{figures['held_out_rows']:,.0f} held out",
    ]
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in report.skipped.items())
    lines = [
        f"Trained {report.detector} for {report.source} in {report.seconds:.1f} s.",
        f"  history   {report.history}, {report.first_event_time} to {report.last_event_time}",
        f"  records   {figures['rows']:,.0f}: {', '.join(counts)}",
        *([f"  skipped   {skipped}"] if skipped else []),
        *flag_rate_lines(report.flag_rate, "those held out"),
    ]
    if report.compared is not None:
        return [*lines, *_compared_lines(report, report.compared)]
    if report.bundle is not None:
        return [*lines, f"  bundle    {report.bundle}"]
    version = report.registered
    if version is None:
        return lines
    replaced = f" (was {version.previous_version})" if version.previous_version else ""
    return [
        *lines,
        f"  model     {version.name} version {version.version} is in {version.alias}{replaced}",
        f"  MLflow    {version.address}",
    ]


def _warn(sentence: str) -> None:
    error_console().print(sentence, style="yellow")
