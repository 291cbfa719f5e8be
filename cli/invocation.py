"""What one call of the command line was given: its settings, and how it prints."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from streamscore.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from streamscore.settings import Settings

DEFAULT_FILE = Path("streamscore.toml")

DialectOption = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        metavar="NAME",
        help="How the files are written: a dialect of the source, or canonical. By default it is "
        "recognised.",
    ),
]
"""The option of commands that read files of records."""


class Invocation(msgspec.Struct, frozen=True):
    """The global options of one call, and the environment it was made in.

    Attributes
    ----------
    environ : Mapping[str, str]
        The environment's variables.
    config : Path or None
        The settings file named by ``--config``; None takes ``streamscore.toml`` where it exists.
    overrides : tuple of str
        The ``--set section.name=value`` options in their order.
    """

    environ: Mapping[str, str]
    config: Path | None = None
    overrides: tuple[str, ...] = ()

    def settings(self, **defaults: str) -> Settings:
        """Load the settings of this call.

        Parameters
        ----------
        **defaults : str
            Values given by a command's own options, as ``worker__slot="1"``; they count as flags
            and an explicit ``--set`` wins over them.

        Returns
        -------
        Settings
            Checked settings, each with where its value came from.

        Raises
        ------
        SettingsError
            With every fault of the file, the environment and the flags.
        UsageError
            When the file cannot be read or an override is not ``section.name=value``.
        """
        from streamscore.settings import load_settings

        given = {name.replace("__", "."): value for name, value in defaults.items()}
        given.update(_split_override(text) for text in self.overrides)
        return load_settings(self._file_text(), self.environ, given)

    def _file_text(self) -> str | None:
        path = self.config or DEFAULT_FILE
        if self.config is None and not path.exists():
            return None
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The settings file must be readable UTF-8 text; {path} is not: {error}. "
                "Give another with --config FILE."
            ) from error


def invocation_of(context: typer.Context) -> Invocation:
    """Return the global options that the running command was called with."""
    found = context.find_object(Invocation)
    if found is None:
        raise TypeError("the command was not called through cli.app.main")
    return found


def now_ms() -> int:
    """Return the time, in milliseconds since the epoch."""
    return int(time.time() * 1000)


def print_json(result: Any) -> None:
    """Print a result (structs, mappings, sequences) as one indented JSON document."""
    encoded = msgspec.json.format(msgspec.json.encode(result), indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns' names, aligned, one line each, then an empty line."""
    lines = [columns, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stdout.write("\n")


def error_console() -> Console:
    """Return a console on standard error, for progress and messages that are no result."""
    from rich.console import Console

    # Messages name settings as [kafka], which would be taken for markup.
    return Console(stderr=True, soft_wrap=True, markup=False, emoji=False)


def _split_override(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or "." not in name:
        raise UsageError(
            f"--set takes section.name=value, for instance --set worker.slot=1; received {text!r}."
        )
    return name.strip(), value
