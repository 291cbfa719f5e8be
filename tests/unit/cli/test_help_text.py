"""The help of every command reads as it was meant."""

from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from cli.app import build_command, main


def every_command(
    command: TyperCommand | TyperGroup, parent: typer.Context | None = None
) -> Iterator[tuple[typer.Context, TyperCommand | TyperGroup]]:
    """A command and all below it, each with its context."""
    context = typer.Context(command, parent=parent, **command.context_settings)
    yield context, command
    if isinstance(command, TyperGroup):
        for one in command.commands.values():
            assert isinstance(one, TyperCommand | TyperGroup)
            yield from every_command(one, context)


def test_no_flag_is_shown_as_if_it_took_a_value() -> None:
    for context, command in every_command(build_command({})):
        for option in command.get_params(context):
            if isinstance(option, TyperOption) and option.is_flag:
                assert not option.display_type_rich(context), f"{command.name} {option.opts}"


def test_an_option_with_a_value_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "<bool>" not in shown
    assert "--seed             <int>" in shown
    assert "--keep             DIR" in shown


def test_the_lines_of_a_paragraph_go_on_in_each_other() -> None:
    for _, command in every_command(build_command({})):
        assert command.help, f"{command.name} says nothing of itself"
        assert all("\n" not in paragraph for paragraph in command.help.split("\n\n"))
