"""Wires the commands into ``streamscore`` and turns errors into exit codes."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_command

import cli
from cli.help_text import tidy_help
from cli.invocation import Invocation, error_console
from streamscore.errors import StreamscoreError, UsageError

EXIT_INTERRUPTED = 130


def build_app(environ: Mapping[str, str]) -> typer.Typer:
    """Return the application with every command of this package.

    Parameters
    ----------
    environ : Mapping[str, str]
        The environment that settings are read from.
    """
    app = typer.Typer(
        name="streamscore",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def streamscore(
        context: typer.Context,
        config: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", help="Settings file; streamscore.toml is taken if it is there."
            ),
        ] = None,
        set_: Annotated[
            list[str] | None,
            typer.Option("--set", metavar="SECTION.NAME=VALUE", help="One setting; may repeat."),
        ] = None,
        _debug: Annotated[
            bool, typer.Option("--debug", help="Show the traceback of errors.")
        ] = False,
        _version: Annotated[
            bool,
            typer.Option(
                "--version", help="Print the version.", is_eager=True, callback=_print_version
            ),
        ] = False,
    ) -> None:
        """Find the abnormal records of a stream, within milliseconds and exactly once."""
        context.obj = Invocation(environ, config, tuple(set_ or ()))

    for module in pkgutil.iter_modules(cli.__path__, "cli."):
        register = getattr(importlib.import_module(module.name), "register", None)
        if register is not None:
            register(app)
    return app


def build_command(environ: Mapping[str, str]) -> TyperGroup:
    """Return what parses and runs a call, with every command of this package.

    Parameters
    ----------
    environ : Mapping[str, str]
        The environment that settings are read from.
    """
    command = get_command(build_app(environ))
    if not isinstance(command, TyperGroup):
        raise TypeError("the application is a group of commands")
    tidy_help(command)
    return command


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : Sequence[str], optional
        The arguments after the program's name; the process's own by default.

    Returns
    -------
    int
        0 done, 1 failed, 2 used wrongly, 130 ended by Ctrl-C.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        build_command(os.environ)(arguments, prog_name="streamscore")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except StreamscoreError as error:
        if "--debug" in arguments:
            raise
        _show(error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


def _show(error: StreamscoreError) -> None:
    from rich.text import Text

    title = "Used wrongly" if isinstance(error, UsageError) else "Failed"
    error_console().print(Text.assemble((f"{title}: ", "bold red"), (str(error), "red")))


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"streamscore {version('streamscore')}")
        raise typer.Exit


if __name__ == "__main__":
    sys.exit(main())
