"""``streamscore up``: Kafka, MLflow and the scorer on this machine, until stopped."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.invocation import invocation_of, print_json, print_table

if TYPE_CHECKING:
    from embedded.up import Running

_LOOK_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    """Add ``streamscore up``."""
    app.command(rich_help_panel="Start here")(up)


def up(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Sources to score: names, or TOML files. All built-in by default."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where data and logs lie, and stay (embedded.data_dir)."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")] = False,
) -> None:
    """Run Kafka, MLflow and the scorer on this machine, until Ctrl-C.

    Other terminals use them with the settings file that is printed.
    """
    from embedded.termination import orderly_end
    from embedded.up import running_stack
    from streamscore.sources import builtin_names, load_source

    named = sources or builtin_names()
    for one in named:  # a fault of a source is told before anything is started
        load_source(one)
    invocation = invocation_of(context)
    embedded = invocation.settings().embedded
    chosen = data_dir or (Path(embedded.data_dir) if embedded.data_dir else None)
    try:
        with (
            orderly_end(),
            running_stack(
                named,
                invocation.environ,
                data_dir=chosen,
                keep=embedded.keep or data_dir is not None,
                cache_dir=Path(embedded.cache_dir) if embedded.cache_dir else None,
            ) as running,
        ):
            _tell(running, json=json)
            while True:
                time.sleep(_LOOK_SECONDS)
                running.check()
    except KeyboardInterrupt:
        return  # as it is meant to end


def _tell(running: Running, *, json: bool) -> None:
    addresses = running.addresses
    if json:
        print_json(addresses)
        return
    print_table(
        ("WHAT", "WHERE"),
        [
            ("Kafka", addresses.kafka),
            ("MLflow", addresses.mlflow),
            ("metrics", addresses.metrics),
            ("logs", addresses.logs),
        ],
    )
    commands = commands_for_others(addresses.settings_file, running.sources[0])
    typer.echo("In another terminal, for instance:\n")
    for command in commands:
        typer.echo(f"  {command}")
    typer.echo("\nCtrl-C ends all of it.")


def commands_for_others(settings_file: str, source: str) -> list[str]:
    """Return commands for another terminal, which use what is up.

    Parameters
    ----------
    settings_file : str
        Path of the settings that lead to it.
    source : str
        A source that is scored: its name, or the path of its TOML file.

    Examples
    --------
    >>> commands_for_others("/tmp/s.toml", "accidents")[1]
    'streamscore --config /tmp/s.toml replay accidents FILE'
    """
    command = ["streamscore", "--config", settings_file]
    return [
        shlex.join([*command, "train", source, "--history", "FILE"]),
        shlex.join([*command, "replay", source, "FILE"]),
    ]
