"""How the help of commands is shown."""

from __future__ import annotations

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption


def tidy_help(command: TyperCommand | TyperGroup, parent: typer.Context | None = None) -> None:
    """Let the help of a command, and of all below it, read as it was meant.

    A flag takes no value, so no type stands behind it. Lines of a paragraph go on in each other,
    wherever the docstring has broken them.

    Parameters
    ----------
    command : TyperCommand or TyperGroup
        Is changed.
    parent : typer.Context, optional
        That of the group it is in.
    """
    context = typer.Context(command, parent=parent, **command.context_settings)
    for option in command.get_params(context):
        if isinstance(option, TyperOption) and option.is_flag and option.metavar is None:
            option.metavar = ""
    if command.help:
        paragraphs = command.help.split("\n\n")
        command.help = "\n\n".join(" ".join(one.split()) for one in paragraphs)
    if isinstance(command, TyperGroup):
        for one in command.commands.values():
            if isinstance(one, TyperCommand | TyperGroup):
                tidy_help(one, context)
