"""The messages that the troubleshooting page explains are messages of the code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/troubleshooting.md"
PACKAGES = ("streamscore", "adapters", "producer", "scorer", "trainer", "embedded", "cli")
OTHERS = {
    "TopicAuthorizationFailed",
    "GroupAuthorizationFailed",
    "TransactionalIdAuthorizationFailed",
    "fenced",
}
"""What Kafka itself says."""


def messages() -> list[str]:
    """What the headings and the list of refusals quote."""
    text = PAGE.read_text("utf-8")
    headings = [line for line in text.splitlines() if line.startswith("### ")]
    quoted = [piece for line in headings for piece in re.findall(r"`([^`]+)`", line)]
    refusals = re.findall(r"^- \*(.+?)\*:", text, re.MULTILINE)
    return [message for message in [*quoted, *refusals] if message not in OTHERS]


@cache
def texts_of_the_code() -> tuple[str, ...]:
    """Every text of the code, adjacent ones joined, with ... where a value is put in."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    found.append("".join(_part(part) for part in node.values))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(re.sub(r"%[sdg]", "...", node.value))
    return tuple(found)


def _part(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "..."


def fragments(message: str) -> list[str]:
    """The parts of a message between the values that it quotes, those long enough to tell.

    Messages are put together around some words, so these separate parts as well.
    """
    joints = r"\.\.\.|\bN\b|\bmust\b|waiting for|received|: "
    parts = [part.strip(" .;") for part in re.split(joints, message)]
    return [part for part in parts if len(part) > 4]


@pytest.mark.parametrize("message", messages())
def test_a_message_that_is_explained_is_one_of_the_code(message: str) -> None:
    parts = fragments(message)
    assert parts, f"{message} names nothing to look for"
    lacking = [part for part in parts if not any(part in text for text in texts_of_the_code())]
    assert lacking == []


def test_a_message_that_nothing_says_is_found() -> None:
    assert fragments("version ... is refused, ... goes on") == ["version", "is refused,", "goes on"]
    assert not any("the moon must be full" in text for text in texts_of_the_code())
