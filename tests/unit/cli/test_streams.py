"""Commands about streams and their files: generate, sources, and what replay refuses at once."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cli.app import main


def test_generate_writes_what_the_file_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "accidents", "--rows", "3", "--out", str(tmp_path / "a.csv")]) == 0
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0].startswith("crash_date,traffic_control_device")
    assert len(lines) == 4
    gzipped = tmp_path / "a.jsonl.gz"
    assert main(["generate", "accidents", "--rows", "3", "--out", str(gzipped)]) == 0
    assert len(gzip.decompress(gzipped.read_bytes()).splitlines()) == 3
    assert "3 records, 0 anomalies among them" in capsys.readouterr().err


def test_generate_prints_the_natural_format_of_its_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["generate", "reviews", "--rows", "2", "--seed", "3"]) == 0
    first = capsys.readouterr().out
    assert all("rating" in json.loads(line) for line in first.splitlines())
    main(["generate", "reviews", "--rows", "2", "--seed", "3"])
    assert capsys.readouterr().out == first


def test_generate_labels_its_anomalies(tmp_path: Path) -> None:
    out, labels = str(tmp_path / "a.csv"), tmp_path / "labels.jsonl"
    options = ["--rows", "200", "--anomalies", "0.2", "--labels", str(labels), "--out", out]
    assert main(["generate", "accidents", *options]) == 0
    assert 20 <= len([json.loads(line)["kind"] for line in labels.read_text().splitlines()]) <= 60


def test_generate_ends_quietly_when_nobody_reads_on() -> None:
    command = [sys.executable, "-m", "cli.app", "generate", "accidents", "--rows", "50000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"crash_date")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["generate", "trial"], "neither"),
        (["generate", "accidents", "--format", "xml"], "csv or jsonl, got 'xml'"),
        (["replay", "accidents", "a.csv", "--model", "3"], "--model is for a run"),
        (["replay", "accidents", "a.csv", "--run", "June"], "at most 49 lower-case letters"),
        (["runs", "open", "accidents", "a.b", "--model", "3"], "at most 49 lower-case letters"),
        (
            ["train", "accidents", "--history", "a.csv", "--run", "june"],
            "--run names whose records are read from Kafka",
        ),
        (["generate", "accidents", "--start", "May"], "a date such as 2024-01-31, got 'May'"),
        (["generate", "accidents", "--out", "/no/such/folder/a.csv"], "can be written"),
        (["generate", "accidents", "--rows", "9999999"], "ask for more a day"),
        (["replay", "accidents", "a.csv", "--speed", "fast"], "1000x; got 'fast'"),
        (["replay", "accidents", "a.csv", "--speed", "2x", "--rate", "5"], "--speed or by --rate"),
        (["replay", "accidents", "no-such.csv"], "must be readable"),
        (["replay", "accidents", "a.xlsx"], "ends in .csv"),
        (["replay", "accidents", "a.csv", "--from", "noon"], "got 'noon'"),
        (["replay", "accidents", "a.csv", "--dialect", "mine"], "of canonical, city, "),
        (["sources", "check", "reviews", "a.csv", "--dialect", "mine"], "edition-2018; got 'mine'"),
        (["train", "reviews", "--history", "topic", "--dialect", "canonical"], "for the topic"),
        (["sources", "show", "trial"], "neither"),
        (["train", "accidents", "--history", "a.csv", "--bundle-dir", "/proc/no"], "/proc/no is"),
    ],
)
def test_a_wrong_call_says_the_rule_and_the_value(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err.replace("\n", " ")


def test_sources_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sources", "list"]) == 0
    assert "accidents" in capsys.readouterr().out
    assert main(["sources", "show", "reviews"]) == 0
    shown = capsys.readouterr().out
    assert "epoch_milliseconds" in shown
    assert "private" in shown
    assert "DIALECT            edition-2018" in shown
    assert "helpful_vote       vote, read as grouped, 0 where empty" in shown
    assert main(["sources", "show", "reviews", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fields"]["rating"]["max"] == 5


def test_checking_a_file_ends_with_1_where_a_row_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    assert main(["generate", "accidents", "--rows", "5", "--out", str(path)]) == 0
    assert main(["sources", "check", "accidents", str(path)]) == 0
    assert "accepted  5" in capsys.readouterr().out
    path.write_text(path.read_text() + "x,y\n")
    assert main(["sources", "check", "accidents", str(path), "--json"]) == 1
    sample = json.loads(capsys.readouterr().out)["sample"]
    assert (sample["rows"], sample["accepted"]) == (6, 5)
    assert sample["faults"][0]["first_line"] == 7


def test_a_file_is_checked_and_inferred_by_the_largest_record_of_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, config = tmp_path / "a.jsonl", tmp_path / "mine.toml"
    assert main(["generate", "reviews", "--rows", "300", "--out", str(path)]) == 0
    line = json.loads(path.read_text().splitlines()[0])
    with path.open("a") as file:
        file.write(json.dumps(line | {"text": "x" * 5_000}) + "\n")
    for largest, accepted in ((4_000, 300), (20_000, 301)):
        config.write_text(f"[scorer]\nrecord_max_bytes = {largest}\n")
        capsys.readouterr()
        for command in (["check", "reviews"], ["infer"]):
            main(["--config", str(config), "sources", *command, str(path), "--json"])
            assert json.loads(capsys.readouterr().out)["sample"]["accepted"] == accepted


def test_checking_a_whole_file_tells_its_dialect_and_all_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    line = {"unixReviewTime": 1529193600, "overall": 5, "asin": "a", "reviewerID": "u"}
    good, bad = json.dumps(line | {"verified": True}), json.dumps(line | {"vote": "no"})
    path.write_text("\n".join([*[good] * 10_000, bad]))
    assert main(["sources", "check", "reviews", str(path)]) == 0
    assert "accepted  10,000" in capsys.readouterr().out
    assert main(["sources", "check", "reviews", str(path), "--all"]) == 1
    told = capsys.readouterr().out
    assert "DIALECT         edition-2018\nrows looked at  10,001\n" in told
    assert "wrong_type  1       line 10001  helpful_vote (vote): expected a number" in told
    options = ["--all", "--dialect", "canonical", "--json"]
    assert main(["sources", "check", "reviews", str(path), *options]) == 1
    sample = json.loads(capsys.readouterr().out)["sample"]
    assert (sample["dialect"], sample["rows"], sample["accepted"]) == ("canonical", 10_001, 0)


def test_a_replay_never_writes_its_rejects_over_its_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nothing\n")
    assert main(["replay", "accidents", str(path), "--rejects", str(path)]) == 2
    assert "must not be one of the files replayed" in capsys.readouterr().err.replace("\n", " ")
    assert path.read_text() == "nothing\n"
