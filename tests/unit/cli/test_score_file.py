"""`streamscore score-file` with a bundle's folder: no Kafka, no MLflow."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cli.app import main
from scorer.file_scoring import RowScore, score_file
from streamscore.bundle import write_bundle
from streamscore.sources.record_files import LocalFile
from tests.command_lines import fault_of
from tests.sensors import SENSORS_TOML, sensor_values, write_lines
from tests.trained_sensors import CODEC, sensors_history, sensors_model, sensors_training
from trainer.training import train


@pytest.fixture
def source(tmp_path: Path) -> str:
    (tmp_path / "sensors.toml").write_bytes(SENSORS_TOML)
    return str(tmp_path / "sensors.toml")


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    write_bundle(sensors_training().bundle, tmp_path / "bundle")
    return str(tmp_path / "bundle")


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "records.jsonl", [*sensor_values(30), b"{"])


def expected(records: Path) -> list[RowScore]:
    return [row for rows in score_file(sensors_model(), LocalFile(records)) for row in rows]


def test_scores_are_printed_as_csv_and_the_counts_beside(
    source: str, bundle: str, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score-file", source, str(records), "--bundle", bundle]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert len(lines) == 32
    assert lines[0] == ",".join(RowScore.__struct_fields__)
    assert lines[-1].startswith("31,")
    assert "30 rows scored with" in printed.err
    assert "1 rejected" in printed.err


def test_json_lines_hold_every_figure(
    source: str, bundle: str, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score-file", source, str(records), "--bundle", bundle, "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [msgspec.json.decode(line, type=RowScore) for line in lines] == expected(records)


def test_a_file_takes_the_scores_and_standard_output_stays_empty(
    source: str, bundle: str, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.jsonl"
    call = ["score-file", source, str(records), "--bundle", bundle, "--out", str(out)]
    assert main(call) == 0
    assert capsys.readouterr().out == ""
    found = [msgspec.json.decode(line, type=RowScore) for line in out.read_bytes().splitlines()]
    assert found == expected(records)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("absent.csv", None),
        ("broken.csv.gz", b"no gzip"),
        ("headless.csv", b"a,b\n1,2\n"),
        ("empty.jsonl", b""),
        ("orders.jsonl", b'{"order": 1}\n{"order": 2}\n'),
    ],
)
def test_a_result_stays_where_a_file_has_no_row_to_score(
    name: str,
    text: bytes | None,
    source: str,
    bundle: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, out = tmp_path / name, tmp_path / "keep.csv"
    if text is not None:
        file.write_bytes(text)
    out.write_text("kept")
    call = ["score-file", source, str(file), "--bundle", bundle]
    assert main([*call, "--out", str(out)]) == 2
    assert out.read_text() == "kept"
    assert not list(tmp_path.glob(".*"))
    capsys.readouterr()
    assert main(call) == 2
    printed = capsys.readouterr()
    assert ("line,event_time" in printed.out) == (name == "orders.jsonl")
    assert printed.err.startswith("Used wrongly: ")


def test_a_file_of_another_source_is_told_to_be_one(
    source: str, bundle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_lines(tmp_path / "orders.jsonl", [b'{"order": 1}', b'{"order": 2}'])
    assert main(["score-file", source, str(file), "--bundle", bundle]) == 2
    printed = capsys.readouterr()
    assert [line.split(",")[0] for line in printed.out.splitlines()] == ["line", "1", "2"]
    assert "2 rows were rejected, the first one because of missing_field" in printed.err
    (shown,) = re.findall(r"`(.+?)`", printed.err.partition(". It is probably not of ")[2])
    assert fault_of(shown) is None


def test_a_result_takes_the_place_of_an_earlier_one(
    source: str, bundle: str, records: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("before")
    call = ["score-file", source, str(records), "--bundle", bundle, "--out", str(out)]
    assert main(call) == 0
    assert len(out.read_text().splitlines()) == 32


def test_only_records_of_a_range_of_time_are_scored(
    source: str, bundle: str, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [row.event_time for row in expected(records) if row.event_time is not None]
    call = ["score-file", source, str(records), "--bundle", bundle, "--json"]
    assert main([*call, "--from", times[10], "--to", times[20]]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = [msgspec.json.decode(line, type=RowScore) for line in lines]
    assert [row.event_time for row in found if row.rejected is None] == times[10:20]
    assert [row.line for row in found if row.rejected is not None] == [31]
    assert main([*call, "--from", times[20], "--to", times[10]]) == 2
    assert "must start before it ends" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bundle", "b", "--model", "3"], "received --model 3 and --bundle b"),
        (["--out", "records.jsonl"], "must be another file"),
        (["--bundle", "BUNDLE", "--out", "scores.xlsx"], "ending in .csv, .jsonl, .parquet"),
    ],
)
def test_a_wrong_call_is_told(
    source: str,
    bundle: str,
    records: Path,
    options: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(records.parent)
    given = [bundle if option == "BUNDLE" else option for option in options]
    assert main(["score-file", source, "records.jsonl", *given]) == 2
    assert said in capsys.readouterr().err


def test_a_bundle_of_another_source_is_refused(
    bundle: str, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score-file", "reviews", str(records), "--bundle", bundle]) == 1
    assert "must be made for the source that runs, reviews" in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_error(source: str, bundle: str, tmp_path: Path) -> None:
    records = write_lines(tmp_path / "many.jsonl", sensor_values(9000))
    call = [sys.executable, "-m", "cli.app", "score-file", source, str(records)]
    with subprocess.Popen(
        [*call, "--bundle", bundle], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("line,")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_rows_in_no_order_can_be_scored_each_by_itself(
    source: str, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = train(CODEC, sensors_history(), "categorical", 7, lambda: 0.0)
    write_bundle(made.bundle, tmp_path / "remembering")
    twice = write_lines(tmp_path / "twice.jsonl", [*sensor_values(90), *sensor_values(90)])
    scores = {}
    for option in ((), ("--stateless",)):
        arguments = ("score-file", source, str(twice), "--bundle", str(tmp_path / "remembering"))
        assert main([*arguments, "--json", *option]) == 0
        lines = capsys.readouterr().out.splitlines()
        scores[option] = [msgspec.json.decode(line, type=RowScore).score for line in lines]
    stateless = scores["--stateless",]
    assert stateless[90:] == stateless[:90]
    assert scores[()][90:] != scores[()][:90]
