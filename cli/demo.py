"""``streamscore demo``: the whole path on this machine, live."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import DialectOption, invocation_of, print_json

if TYPE_CHECKING:
    from embedded.demo_plan import DemoPlan
    from embedded.demo_view import DemoView

_LOOK_SECONDS = 0.5
_PLAIN_WIDTH = 200  # nothing is folded in a log


def register(app: typer.Typer) -> None:
    """Add ``streamscore demo``."""
    app.command(rich_help_panel="Start here")(demo)


def demo(  # noqa: PLR0913  # an argument for each option
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Records of your own; the first 70% are history."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="accidents, reviews, or a TOML file; else what fits --data."),
    ] = None,
    dialect: DialectOption = None,
    rows: Annotated[int, typer.Option(help="Most records to replay.")] = 3_000,
    inject: Annotated[
        float, typer.Option(metavar="RATE", help="Share of records that an anomaly is put into.")
    ] = 0.02,
    rate: Annotated[float, typer.Option(help="Records a second.")] = 200.0,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 7,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep data and logs in this new folder.")
    ] = None,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the summary.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Show all of it: Kafka, MLflow, training, live alerts with reasons, and a summary.

    Everything runs on this machine and ends with this command. In a terminal it stays up to be
    looked at until Enter or Ctrl-C, unless --exit is given.
    """
    import msgspec
    from rich.console import Console

    from embedded.demo_data import source_of
    from embedded.demo_plan import DemoPlan
    from embedded.demo_view import DemoView
    from streamscore.sources import load_source

    plan = DemoPlan(
        data=data,
        source=source or "accidents",
        rows=rows,
        inject=inject,
        seed=seed,
        dialect=dialect,
        rate=rate,
        keep=keep,
    )
    plan.check()
    plan = msgspec.structs.replace(plan, source=source_of(plan, source is not None))
    console = Console(stderr=json)
    if not console.is_terminal:
        console.width = _PLAIN_WIDTH
    view = DemoView(console, load_source(plan.source).event_time.zone)
    if source is None and plan.source.endswith(".toml"):
        view.say(f"No built-in source fits {data}; it is described in {plan.source}")
        view.say("Look it through: what is edited there counts when the demo is run again.")
    stays = console.is_terminal and sys.stdin.isatty() and not exit_
    _run(plan, view, invocation_of(context).environ, stays, json)


def _run(
    plan: DemoPlan, view: DemoView, environ: Mapping[str, str], stays: bool, json: bool
) -> None:
    import msgspec

    from embedded.demo import demo as shown_demo
    from embedded.demo_report import kept, report, whereabouts
    from embedded.termination import orderly_end
    from streamscore.errors import StreamscoreError

    with orderly_end(), shown_demo(plan, environ, view) as shown:
        view.say(*report(shown.summary))
        if stays:
            view.say_whole(*whereabouts(shown.addresses, plan.source))
        elif plan.keep is not None:
            view.say_whole(*kept(plan.keep, plan.source))
        if json:
            addresses = shown.addresses if stays else None  # they would lead nowhere
            print_json(msgspec.structs.replace(shown.summary, addresses=addresses))
        if shown.summary.faults:
            raise StreamscoreError(
                "the demo's counts must agree; " + "; ".join(shown.summary.faults)
            )
        if stays:
            view.say("Everything stays up to be looked at. Enter or Ctrl-C ends it.")
            _wait_for_the_user(shown.check)


def _wait_for_the_user(check: Callable[[], None]) -> None:
    """Wait for Enter or Ctrl-C; `check` raises when something has ended by itself."""
    try:
        while not select.select([sys.stdin], [], [], _LOOK_SECONDS)[0]:
            check()
    except KeyboardInterrupt:
        return
