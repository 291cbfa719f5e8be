"""The list of detectors, and what is said of a name that is none of them."""

import json
import re
from pathlib import Path

import pytest

from cli.app import main
from streamscore.detectors.recipes import recipe_names
from streamscore.errors import UsageError
from trainer.compared.names import compared_names
from trainer.detector_names import is_compared, named_detectors


def test_every_detector_is_listed_with_what_it_is_good_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["detectors"]) == 0
    stream, compared, _ = capsys.readouterr().out.split("\n\n", 2)
    for names, table in ((recipe_names(), stream), (compared_names(), compared)):
        rows = dict(re.split(r"  +", line, maxsplit=1) for line in table.splitlines()[1:])
        assert sorted(rows) == sorted(names)
        assert all(rows.values())
    assert "(needs streamscore[torch])" in compared


def test_the_list_is_json_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detectors", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == [one.name for one in named_detectors()]
    assert {one["use"] for one in listed} == {"stream", "compare"}
    assert {one["name"] for one in listed if one["needs"]} >= {"pyod-auto-encoder", "pyod-vae"}


@pytest.mark.parametrize(
    ("mistaken", "meant"),
    [("pyod-ecodd", "pyod-ecod"), ("hbos", "pyod-hbos"), ("isolation_forest", "isolation-forest")],
)
def test_names_like_a_mistaken_one_come_first(mistaken: str, meant: str) -> None:
    with pytest.raises(UsageError) as told:
        is_compared(mistaken)
    first, stream, compared, *_ = str(told.value).split("\n")
    assert first.startswith(f"a detector must be one of those listed; received {mistaken!r}. Did")
    assert meant in first
    assert stream.strip() == f"They score the stream: {', '.join(recipe_names())}."
    assert compared.strip().endswith(", ".join(compared_names()) + ".")


def test_a_name_like_none_gets_the_lists_alone() -> None:
    with pytest.raises(UsageError, match=r"received 'xyzzy'\.\n"):
        is_compared("xyzzy")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--detector", "oracle"], "a detector must be one of those listed; received 'oracle'"),
        (
            ["--detector", "pyod-ecod", "--bundle-dir", "made"],
            "--bundle-dir takes a detector that scores the stream; received pyod-ecod",
        ),
        (
            ["--detector", "categorical", "--detector", "repeats"],
            "one detector is trained at a time; received categorical and repeats",
        ),
        (
            ["--detector", "text"],
            "the recipe text is for records with texts; received accidents, which has no field",
        ),
        (
            ["--detector", "categorical+text", "--bundle-dir", "made"],
            "the recipe text is for records with texts; received accidents, which has no field",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_before_any_history_is_read(
    options: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    assert main(["train", "accidents", "--history", str(history), *options]) == 2
    assert told in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["history.jsonl"]
