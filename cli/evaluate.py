"""``streamscore evaluate``: detectors compared on a user's own history."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import (
    DialectOption,
    Invocation,
    error_console,
    invocation_of,
    print_json,
    print_table,
)
from cli.record_inputs import FILE_HELP, Format
from cli.train import history_files, training_plan

if TYPE_CHECKING:
    from streamscore.settings import Settings
    from trainer.comparison import Compared, Comparison


def register(app: typer.Typer) -> None:
    """Add ``streamscore evaluate``."""
    app.command(rich_help_panel="Models")(evaluate)


def evaluate(  # noqa: PLR0913  # an argument for each option
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source: its name, or the path of its TOML.")],
    history: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...|topic",
            help=f"The history. {FILE_HELP} Or the word topic, for the source's records in Kafka.",
        ),
    ],
    detector: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further detector to compare; may repeat."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="How many trials, each with anomalies of its own.")
    ] = 3,
    prevalence: Annotated[
        float, typer.Option(metavar="SHARE", help="The share that anomalies stand for.")
    ] = 0.01,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="From this event time on.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="TIME", help="Before this event time only.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(metavar="NAME", help="With topic: a run's records.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides every random choice.")] = None,
    labels: Annotated[
        bool | None,
        typer.Option(
            "--labels/--no-labels",
            help="Measure on what people said of the stream's records too; with topic it is so.",
        ),
    ] = None,
    dialect: DialectOption = None,
    format_: Format = None,
    no_mlflow: Annotated[
        bool, typer.Option("--no-mlflow", help="Print the tables, and leave MLflow alone.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write pictures and tables here too."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare detectors on your own history: which finds what, how surely, and at what cost.

    The history is cut in time: the oldest records are learned from, later ones calibrate, and
    anomalies of known kinds are put into the latest.
    """
    import time

    from trainer.evaluating import EvaluationPlan, run_evaluation

    invocation = invocation_of(context)
    settings = invocation.settings(**({} if seed is None else {"trainer__seed": str(seed)}))
    files = history_files(history, format_, invocation)
    asked = not files if labels is None else labels
    plan = EvaluationPlan(
        history=training_plan(source, files, from_, to, None, dialect, run, labels=asked),
        detectors=tuple(detector or ()),
        trials=seeds,
        prevalence=prevalence,
    )
    compared = run_evaluation(settings, plan, time.perf_counter, told=_tell)
    if not json:
        _show(compared.comparison)
    comparison = _kept(invocation, settings, compared, out, is_logged=not no_mlflow)
    if json:
        print_json(comparison)
    elif comparison.address is not None:
        typer.echo(f"  MLflow    {comparison.address}")


def _kept(
    invocation: Invocation,
    settings: Settings,
    compared: Compared,
    out: Path | None,
    *,
    is_logged: bool,
) -> Comparison:
    """Write pictures and tables where they are wanted, and log them to MLflow."""
    from trainer.comparison_files import write_comparison
    from trainer.evaluating import publish_evaluation

    if out is not None:
        write_comparison(out, compared)
    if not is_logged:
        return compared.comparison
    with tempfile.TemporaryDirectory() as folder:
        return publish_evaluation(settings, compared, Path(folder), invocation.environ)


def _show(comparison: Comparison) -> None:
    from trainer.comparison_files import summary_lines, tables_of

    for table in tables_of(comparison):
        print_table([column.upper() for column in table.columns], table.rows)
    typer.echo("\n".join(summary_lines(comparison)))


def _tell(name: str) -> None:
    error_console().print(f"Comparing {name}")
