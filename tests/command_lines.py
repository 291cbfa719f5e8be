"""Command lines as the program reads them, without doing what they ask for."""

import shlex
from functools import cache

from typer.core import TyperCommand, TyperGroup

from cli.app import build_command


def fault_of(line: str) -> str | None:
    """What the program would say against a call of ``streamscore``; None where it would run it."""
    program, *words = shlex.split(line)
    if program != "streamscore":
        return f"{program} is another program"
    try:
        _idle_program()(words, prog_name=program, standalone_mode=False)
    except Exception as error:  # noqa: BLE001  # whatever it is, the reader would see it
        return str(error) or "help is shown in its place"
    return None


def is_only_named(line: str) -> bool:
    """Whether a line has nothing but the names of a command and of the group that it is in."""
    command: object = _idle_program()
    for word in line.split()[1:]:
        command = command.commands.get(word) if isinstance(command, TyperGroup) else None
    return command is not None


@cache
def _idle_program() -> TyperGroup:
    program = build_command({})
    _make_idle(program)
    return program


def _make_idle(command: TyperCommand | TyperGroup) -> None:
    if isinstance(command, TyperGroup):
        for one in command.commands.values():
            assert isinstance(one, TyperCommand | TyperGroup)
            _make_idle(one)
    else:
        command.callback = lambda **_given: None
