"""Sources as arguments name them, where a command needs no more than the name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from streamscore.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

SourceArgument = Annotated[
    str, typer.Argument(help="A source: its name, or the path of its TOML file.")
]


class NamedSource(NamedTuple):
    """A source that is named.

    Attributes
    ----------
    argument : str
        As it was named.
    name : str
        Its name.
    is_described : bool
        Whether it is there to be read: built in, or a TOML file. One that is not may be in use all
        the same, with its file elsewhere.
    """

    argument: str
    name: str
    is_described: bool

    def check_in_use(self, is_in_use: Callable[[], bool], what: str) -> None:
        """Check that a source that is known by its name alone is one.

        Parameters
        ----------
        is_in_use : callable
            Whether there is something of a source of that name; asked only where it is needed.
        what : str
            What there would be of it.

        Raises
        ------
        SourceError
            When there is nothing.
        """
        if self.is_described or is_in_use():
            return
        from streamscore.sources import builtin_names

        raise SourceError(
            f"a source is one of {', '.join(builtin_names())}, the path of a TOML file, or the "
            f"name of one that has {what}; {self.argument!r} is none of these"
        )


def named_source(argument: str) -> NamedSource:
    """Return the source that an argument names: built in, by its TOML's path, or by name alone.

    Parameters
    ----------
    argument : str
        As the user wrote it.

    Raises
    ------
    SourceError
        When it is neither a file nor can be a name, or the file breaks a rule.

    Examples
    --------
    >>> named_source("accidents").is_described, named_source("orders").is_described
    (True, False)
    """
    from streamscore.sources import builtin_names, load_source
    from streamscore.sources.source import NAME_PATTERN

    can_be_in_use = re.search(NAME_PATTERN, argument) and not Path(argument).is_file()
    if can_be_in_use and argument not in builtin_names():
        return NamedSource(argument, argument, is_described=False)
    return NamedSource(argument, load_source(argument).name, is_described=True)
