"""Files are read whole; what no record can be made of is written down, and the rest goes on."""

import json
from pathlib import Path

import msgspec
import pytest

from producer.ordering import SpooledOrdering
from producer.reading import FileReader, Reading, RejectFile, file_names
from streamscore.errors import UsageError
from streamscore.sources import Source
from streamscore.sources.dialects import Dialect, FieldSpelling
from streamscore.sources.faults import RecordFault
from streamscore.sources.record_files import LocalFile
from streamscore.sources.source import EventTime, Field
from streamscore.sources.time_range import TimeRange

SOURCE = Source(
    name="trial",
    event_time=EventTime(field="at", format="epoch_milliseconds"),
    fields={
        "at": Field(type="integer", role="time"),
        "size": Field(type="integer", role="number"),
    },
)
AT = 1_700_000_000_000
ALWAYS = TimeRange()


def canonical(path: Path, rows: int, skipped: int, rejected: dict[str, int]) -> Reading:
    return Reading(rows, skipped, rejected, {str(path): "canonical"})


def read(path: Path, times: TimeRange = ALWAYS, max_bytes: int = 1000) -> tuple[Reading, list[str]]:
    rejects = path.with_name("rejects.jsonl")
    with SpooledOrdering([path.name]) as ordering, RejectFile(rejects) as file:
        reader = FileReader(SOURCE, times, max_bytes)
        reading = reader.read([LocalFile(path)], ordering, file, lambda _rows: False)
        return reading, [ordered.row_id for ordered in ordering.rows()]


def test_rejected_rows_are_written_down_with_line_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        f"at,size\r\n{AT},1\r\n{AT},x\r\n{AT}\r\n,4\r\n{AT},5\r\n", encoding="utf-8-sig"
    )
    reading, row_ids = read(path)
    assert row_ids == ["a.csv:2", "a.csv:6"]
    assert reading == canonical(path, 5, 0, {"wrong_type": 2, "missing_field": 1})
    lines = [json.loads(line) for line in path.with_name("rejects.jsonl").read_bytes().splitlines()]
    assert [(line["line"], line["reason"]) for line in lines] == [
        (3, "wrong_type"),
        (4, "wrong_type"),
        (5, "missing_field"),
    ]
    assert lines[0]["file"] == str(path)
    assert "size: expected" in lines[0]["detail"]


def test_there_is_no_reject_file_where_nothing_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"at": %d}\n' % AT)
    assert read(path)[0] == canonical(path, 1, 0, {})
    assert not path.with_name("rejects.jsonl").exists()


def test_files_in_several_dialects_are_read_into_one_order(tmp_path: Path) -> None:
    dialect = Dialect(event_time="epoch_seconds", fields={"size": FieldSpelling(name="weight")})
    source = msgspec.structs.replace(SOURCE, dialects={"old": dialect})
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    new.write_text(f"at,size\n{AT + 500},1\n")
    old.write_text(f"at,weight\n{AT // 1000},2\n{AT // 1000 + 1},3\n")
    with SpooledOrdering(["n", "o"]) as ordering, RejectFile(tmp_path / "rejects") as file:
        reader = FileReader(source, ALWAYS, 1000)
        reading = reader.read([LocalFile(new), LocalFile(old)], ordering, file, lambda _rows: False)
        values = [(found.row_id, json.loads(found.row.value)) for found in ordering.rows()]
    assert reading.dialects == {str(new): "canonical", str(old): "old"}
    assert values == [
        ("o:2", {"at": AT, "size": 2}),
        ("n:2", {"at": AT + 500, "size": 1}),
        ("o:3", {"at": AT + 1000, "size": 3}),
    ]
    with RejectFile(tmp_path / "rejects") as file, SpooledOrdering(["n"]) as ordering:
        reader = FileReader(source, ALWAYS, 1000, "old")
        with pytest.raises(UsageError, match="in the dialect old needs the columns weight"):
            reader.read([LocalFile(new)], ordering, file, lambda _rows: False)


def test_rows_outside_the_range_are_skipped_and_too_big_ones_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"at": AT}, {"at": AT + 5}, {"at": AT + 5, "text": "x" * 1000}, {"at": AT + 9}]
    path.write_text("\n".join(map(json.dumps, rows)))
    reading, row_ids = read(path, TimeRange(AT + 1, AT + 9))
    assert row_ids == ["a.jsonl:2"]
    assert reading == canonical(path, 4, 2, {"too_big": 1})


def test_a_reject_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"nothing\n")
    path.with_name("rejects.jsonl").mkdir()
    with pytest.raises(UsageError, match="Name another with --rejects"):
        read(path)


def test_a_prompt_reject_file_shows_each_row_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    with RejectFile(path, is_prompt=True) as rejects:
        for line in (1, 2):
            rejects.write("a.csv", line, RecordFault("not_json", "x"))
            assert len(path.read_bytes().splitlines()) == line


def test_reading_ends_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"at": %d}\n' % AT * 2000)
    with SpooledOrdering(["a"]) as ordering, RejectFile(tmp_path / "r") as rejects:
        reader = FileReader(SOURCE, ALWAYS, 1000)
        reading = reader.read([LocalFile(path)], ordering, rejects, lambda rows: rows >= 1000)
    assert reading.rows == 1024


def test_files_of_one_name_are_told_apart_and_none_is_read_twice(tmp_path: Path) -> None:
    assert file_names([LocalFile(tmp_path / "x.csv"), LocalFile(tmp_path / "y.csv")]) == (
        "x.csv",
        "y.csv",
    )
    with pytest.raises(UsageError, match="given once"):
        file_names([LocalFile(tmp_path / "x.csv"), LocalFile(tmp_path / "sub/../x.csv")])
    with pytest.raises(UsageError, match="at least one file"):
        file_names([])
