"""``streamscore runs``: replays beside the live stream, opened, listed and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import error_console, invocation_of, now_ms, print_json, print_table
from cli.source_names import SourceArgument, named_source
from streamscore.quantities import counted

if TYPE_CHECKING:
    from adapters.run_reports import RunReport

Name = Annotated[str, typer.Argument(help="The run's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add ``streamscore runs``."""
    group = typer.Typer(no_args_is_help=True)
    group.command("open")(open_)
    group.command("list")(list_)
    group.command()(close)
    app.add_typer(
        group,
        name="runs",
        help="Open, list and close runs: replays beside the live stream.",
        rich_help_panel="Streams",
    )


def open_(
    context: typer.Context,
    source: SourceArgument,
    name: Name,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION|ALIAS", help="The model that scores it; by default production's."
        ),
    ] = None,
    partitions: Annotated[
        int | None, typer.Option(help="Partitions of its topics; by default the live stream's.")
    ] = None,
    json: Json = False,
) -> None:
    """Open a run: its topics are created, and every worker of the source begins to score it."""
    from adapters.runs import open_run
    from streamscore.sources import load_source

    invocation = invocation_of(context)
    run = open_run(
        invocation.settings(),
        load_source(source),
        name,
        environ=invocation.environ,
        now_ms=now_ms(),
        model=model,
        partitions=partitions,
    )
    if json:
        print_json(run)
    else:
        typer.echo(
            f"{run.run} of {run.source} is open since {run.opened_at}, scored by version "
            f"{run.version}, {counted(run.partitions, 'partition')}."
        )


def list_(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="A source's name or TOML file; all by default.")
    ] = None,
    json: Json = False,
) -> None:
    """List runs, and how far each has come."""
    from adapters.run_reports import list_runs

    named = None if source is None else named_source(source)
    found = list_runs(invocation_of(context).settings(), named and named.name)
    if named is not None:
        named.check_in_use(lambda: bool(found), "runs")
    if json:
        print_json(found)
        return
    print_table(
        (
            *("SOURCE", "RUN", "STATUS", "MODEL", "RECORDS", "SCORED", "DEAD", "LEFT"),
            *("ANOMALIES", "DONE", "OPENED"),
        ),
        [_line(one) for one in found],
    )
    for one in found:
        if one.fault is not None:
            error_console().print(f"{one.run.key}: {one.fault}", style="yellow")


def close(
    context: typer.Context,
    source: SourceArgument,
    name: Name,
    force: Annotated[
        bool, typer.Option("--force", help="Also when records are left; they are never scored.")
    ] = False,
    json: Json = False,
) -> None:
    """Close a run: its results stay, its state goes, and no worker scores it any more."""
    from adapters.runs import close_run

    settings = invocation_of(context).settings()
    run = close_run(settings, named_source(source).name, name, now_ms=now_ms(), force=force)
    if json:
        print_json(run)
    else:
        typer.echo(f"{run.run} of {run.source} is closed; its results stay.")


def _line(one: RunReport) -> tuple[str, ...]:
    from streamscore.runs import LaterRun

    run = one.run
    if isinstance(run, LaterRun):
        return (run.source, run.run, *["?"] * 9)
    if one.fault is not None:
        figures = ["?"] * 5 + ["no"]
    else:
        counts = (one.records, one.scored, one.dead_letters, one.left, one.anomalies)
        figures = [f"{count:,}" for count in counts] + ["yes" if one.is_done else "no"]
    return (run.source, run.run, run.status, run.version, *figures, run.opened_at)
