"""Every command that a command prints is one that runs, as it is printed."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from cli.app import main
from cli.up import commands_for_others
from tests.command_lines import fault_of, is_only_named
from tests.source_tree import PACKAGES, modules, named, tree

SHOWN = re.compile(r"(?<!`)`(?:[^`|]*\| )?(streamscore [^`|]+)`(?!`)|\| (streamscore .+)")
"""A command between backquotes, or at the end of a pipe."""
ANY_VALUE = "7"
"""Stands for what is put in: it is a name, a path and a number."""


def texts(path: Path) -> Iterator[str]:
    """What a module may print: its texts without docstrings, which only the help shows."""
    every = list(ast.walk(tree(path)))
    docstrings = [node.value for node in every if isinstance(node, ast.Expr)]
    filled = [node for node in every if isinstance(node, ast.JoinedStr)]
    pieces = [part for node in filled for part in node.values]
    yield from ("".join(_part(part) for part in node.values) for node in filled)
    for node in every:
        is_whole = node not in docstrings and node not in pieces
        if is_whole and isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _part(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else ANY_VALUE


def commands_of(text: str) -> Iterator[str]:
    """The commands that a text shows."""
    for quoted, piped in SHOWN.findall(text):
        yield (quoted or piped).removesuffix(" ...").strip()


def fault_as_shown(command: str) -> str | None:
    """What is wrong with a command; one that is only named need be no whole call."""
    return fault_of(f"{command} --help" if is_only_named(command) else command)


@cache
def printed_commands() -> list[tuple[str, str]]:
    return [
        (named(path), command)
        for path in modules(*PACKAGES)
        for text in texts(path)
        for command in commands_of(text)
    ]


@pytest.mark.parametrize(("module", "command"), sorted(set(printed_commands())))
def test_a_command_that_a_message_shows_is_taken(module: str, command: str) -> None:
    assert fault_as_shown(command) is None


def test_the_commands_of_messages_are_found() -> None:
    shown = {command for _, command in printed_commands()}
    assert "streamscore deadletters resume 7" in shown
    assert "streamscore replay SOURCE - --follow" in shown
    assert len(shown) > 20


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("streamscore train SOURCE FILE", "Missing parameter: history"),
        ("streamscore train accidents", "Missing parameter: history"),
        ("streamscore fly", "No such command 'fly'."),
        ("streamscore models alter", "No such command 'alter'."),
        ("streamscore models promote accidents three", "Input should be a valid integer"),
        ("streamscore score accidents --slots 2", "No such option: --slots"),
        ("mlflow server", "mlflow is another program"),
    ],
)
def test_a_command_that_is_not_taken_is_found(command: str, fault: str) -> None:
    assert fault in (fault_as_shown(command) or "")


@pytest.mark.parametrize("source", ["accidents", "my orders.toml"])
def test_what_up_shows_for_other_terminals_is_taken(source: str) -> None:
    assert [fault_of(one) for one in commands_for_others("/tmp/my data/s.toml", source)] == [
        None
    ] * 2


def test_what_a_draft_shows_as_the_next_step_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "my sales.csv", tmp_path / "my sales.toml"
    rows = [f"2024-03-{day:02} 10:00,{day},x" for day in range(1, 29)]
    file.write_text("\n".join(["placed,amount,country", *rows]))
    assert main(["sources", "infer", str(file), "--out", str(out)]) == 0
    (following,) = re.findall(r"^Next: (.*)$", capsys.readouterr().err, re.MULTILINE)
    assert fault_of(following) is None
    assert str(file) in following
