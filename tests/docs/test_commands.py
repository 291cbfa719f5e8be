"""The commands, settings, targets and examples that the documents show are there."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from cli.app import build_app
from streamscore.errors import SettingsError, StreamscoreError
from streamscore.metrics import METRICS
from streamscore.settings import Settings, describe, load_settings
from streamscore.sources.source_files import parse_source
from tests.command_lines import fault_of

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
)
CODE = re.compile(r"```(\w*)\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s(])streamscore ((?:--?\w[\w-]*(?:[= ]\S+)? )*)([a-z][\w-]*)(.*)")
GLOBAL_OPTIONS = {"--config", "--set", "--debug", "--version", "--help"}


def code_of(text: str, *, without: frozenset[str] = frozenset()) -> list[str]:
    """The pieces of code of a document, a command that goes on in the next line put together."""
    return [
        (block or inline).replace("\\\n", " ")
        for language, block, inline in CODE.findall(text)
        if language not in without
    ]


def faults_of(line: str) -> list[str]:
    """What a line says of the command line that is not so."""
    found = COMMAND.search(line.partition(" #")[0])
    if found is None:
        return []
    before, name, rest = found.groups()
    faults = [one for one in re.findall(r"--[\w-]+", before) if one not in GLOBAL_OPTIONS]
    group = get_command(build_app({}))
    command = group.commands.get(name)  # type: ignore[attr-defined]  # a group has commands
    if command is None:
        return [*faults, name]
    words = rest.split()
    if hasattr(command, "commands") and words:
        command = command.commands.get(words[0])
        if command is None:
            return [*faults, f"{name} {words[0]}"]
    known = {option for one in command.params for option in [*one.opts, *one.secondary_opts]}
    used = re.findall(r"(?<!\S)--[\w-]+", rest.split("|")[0].split(">")[0])
    return [*faults, *(f"{name} {one}" for one in used if one not in known | {"--help"})]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_and_option_that_is_shown_exists(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    lines = [line for code in code_of(text) for line in code.splitlines()]
    assert [fault for line in lines for fault in faults_of(line)] == []


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("streamscore settings --json", []),
        ("$ bin/uv run streamscore --set worker.slot=1 topics check --source x", []),
        ("streamscore fly", ["fly"]),
        ("streamscore topics alter", ["topics alter"]),
        ("streamscore score accidents --slots 2", ["score --slots"]),
        ("streamscore --quiet settings", ["--quiet"]),
    ],
)
def test_what_the_command_line_lacks_is_found(line: str, faults: list[str]) -> None:
    assert faults_of(line) == faults


CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
CALL = re.compile(r"\bstreamscore [^|;>#)\n]+")


def calls(text: str) -> list[str]:
    """The calls of the program in the blocks that a reader types."""
    blocks = [block.replace("\\\n", " ") for block in CONSOLE.findall(text)]
    return [call for block in blocks for call in CALL.findall(block)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_call_that_is_shown_to_be_typed_is_taken_as_it_stands(name: str) -> None:
    faults = {call: fault_of(call) for call in calls((ROOT / name).read_text("utf-8"))}
    assert {call: fault for call, fault in faults.items() if fault is not None} == {}


def test_the_calls_of_a_document_are_found() -> None:
    assert "streamscore models show accidents" in calls((ROOT / "README.md").read_text("utf-8"))
    assert len(calls((ROOT / "docs/operate.md").read_text("utf-8"))) > 20


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_that_is_shown_exists(name: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    lines = [
        line for code in code_of((ROOT / name).read_text("utf-8")) for line in code.split("\n")
    ]
    shown = {found[1] for line in lines if (found := re.match(r"\$? ?make ([a-z-]+)", line))}
    assert shown - targets == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_setting_and_metric_that_is_shown_exists(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    settings = {row.name for row in describe(Settings())}
    sections = {setting.split(".")[0] for setting in settings}
    metrics = {metric.name for metric in METRICS}
    suffixes = ("_bucket", "_sum", "_count")
    for code in code_of(text, without=frozenset({"json"})):
        for dotted in re.findall(r"(?<![\w./-])(?<!-m )([a-z]+\.[a-z][a-z_]+)(?![\w./({-])", code):
            if dotted.split(".")[0] in sections:
                assert dotted in settings, f"{dotted} is no setting"
        for metric in re.findall(r"\bstreamscore_[a-z_]+\w", code):
            bare = next((metric.removesuffix(s) for s in suffixes if metric.endswith(s)), metric)
            assert {metric, bare} & metrics, f"{metric} is no metric"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_toml_example_is_a_source_or_settings(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for language, block, _ in CODE.findall(text):
        if language == "toml":
            assert is_source(block) or is_settings(block)


def is_source(toml: str) -> bool:
    try:
        parse_source(toml.encode(), "example")
    except StreamscoreError:
        return False
    return True


def is_settings(toml: str) -> bool:
    try:
        load_settings(toml, {}, {})
    except SettingsError:
        return False
    return True
