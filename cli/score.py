"""``streamscore score``: the scorer service."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.invocation import invocation_of


def register(app: typer.Typer) -> None:
    """Add ``streamscore score``."""
    app.command(rich_help_panel="Streams")(score)


def score(
    context: typer.Context,
    sources: Annotated[
        list[str], typer.Argument(help="Sources to score: names, or paths of TOML files.")
    ],
    slot: Annotated[
        int | None, typer.Option(help="This worker's slot, used by no other (worker.slot).")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of /health, /ready and /metrics (worker.port).")
    ] = None,
) -> None:
    """Score streams with their production models, until stopped."""
    from scorer.app import run_scorer
    from streamscore.sources import load_source

    invocation = invocation_of(context)
    flags = {"worker__slot": slot, "worker__port": port}
    given = {name: str(value) for name, value in flags.items() if value is not None}
    settings = invocation.settings(**given)
    run_scorer(settings, [load_source(name) for name in sources], invocation.environ)
