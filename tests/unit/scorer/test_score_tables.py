import csv
import io
import os
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from scorer.file_scoring import RowScore
from scorer.score_tables import csv_writer, table_file
from streamscore.errors import UsageError

ROWS = [
    RowScore(
        line=2,
        event_time="2024-07-01T10:00:00.000Z",
        score=0.1 + 0.2,
        p_value=1 / 3,
        threshold=0.7,
        severity=0.0,
    ),
    RowScore(
        line=4,
        event_time="2024-07-01T10:00:01.000Z",
        score=0.9,
        p_value=0.001,
        severity=61.5,
        flagged=True,
        reason="a, b",
    ),
    RowScore(line=5, rejected='wrong_type: got "x"'),
]


def read_csv(text: str) -> list[RowScore]:
    found = []
    for row in csv.DictReader(io.StringIO(text)):
        known = {name: value for name, value in row.items() if value != ""}
        found.append(msgspec.convert(known, RowScore, strict=False))
    return found


def written(path: Path) -> list[RowScore]:
    with table_file(path) as write:
        write(ROWS[:2])
        write([])
        write(ROWS[2:])
    if path.suffix == ".csv":
        return read_csv(path.read_text("utf-8"))
    if path.suffix == ".jsonl":
        return [msgspec.json.decode(line, type=RowScore) for line in path.read_bytes().splitlines()]
    return msgspec.convert(pq.read_table(path).to_pylist(), list[RowScore])


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_is_written_reads_back_the_same(tmp_path: Path, suffix: str) -> None:
    assert written(tmp_path / f"scores.{suffix}") == ROWS


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    with table_file(tmp_path / "a.parquet"):
        pass
    assert pq.read_schema(tmp_path / "a.parquet").names == list(RowScore.__struct_fields__)
    text = io.StringIO()
    csv_writer(text)
    assert text.getvalue() == ",".join(RowScore.__struct_fields__) + "\n"


def write_in_part(path: Path) -> None:
    with table_file(path) as write:
        write(ROWS[:1])
        raise ZeroDivisionError


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_what_was_there_stays_until_all_is_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"scores.{suffix}"
    path.write_bytes(b"before")
    path.chmod(0o640)
    with pytest.raises(ZeroDivisionError):
        write_in_part(path)
    assert path.read_bytes() == b"before"
    assert written(path) == ROWS
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_goes_on_leading_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "scores.csv"
    link.symlink_to(tmp_path / "elsewhere" / "scores.csv")
    assert written(link) == ROWS
    assert link.is_symlink()


def test_a_pipe_takes_scores_as_they_are_written(tmp_path: Path) -> None:
    pipe = tmp_path / "scores.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with table_file(pipe) as write:
        write(ROWS)
    assert read_csv(os.read(reader, 10_000).decode()) == ROWS
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["a.xlsx", "absent/a.csv", "absent/a.parquet"])
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(UsageError, match=r"ending in \.csv|must be writable"),
        table_file(tmp_path / name),
    ):
        pass
