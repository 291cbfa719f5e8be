"""A file's spelling is recognised from its header and first rows, never guessed."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec
import pytest

from streamscore.errors import SourceError, UsageError
from streamscore.sources import Source, recognition
from streamscore.sources.record_files import Layout
from streamscore.sources.row_files import FileRow, read_rows
from streamscore.sources.source_files import parse_source

SOURCE: Source = parse_source(
    b"""
name = "sales"
[event_time]
field = "at"
format = "iso8601"
[fields.at]
type = "string"
role = "time"
[fields.amount]
type = "float"
role = "number"
[dialects.days]
event_time = "serial_days"
[dialects.month-first]
event_time = ["%m/%d/%Y", "serial_days"]
[dialects.day-first]
event_time = ["%d/%m/%Y", "serial_days"]
[dialects.export]
layout = "jsonl"
fields.amount = { name = ["sum", "total"] }
[dialects.shop]
event_time = ["%d.%m.%Y", "epoch_seconds"]
fields.at = { name = "When" }
fields.amount = { name = "Betrag", convert = "decimal_comma", default = 0 }
""",
    "sales",
)


class Content(msgspec.Struct):
    """A file in memory that can be opened once and not be sought."""

    content: bytes
    layout: Layout = "csv"
    name: str = "it.csv"
    opened: int = 0

    def open(self) -> IO[bytes]:
        self.opened += 1
        assert self.opened == 1
        stream = BytesIO(self.content)
        stream.seek = stream.tell = None  # type: ignore[assignment,method-assign]
        return stream


def csv_rows(header: str, rows: Iterable[str], dialect: str | None = None) -> list[FileRow]:
    text = "\n".join([header, *rows, ""])
    return list(read_rows(SOURCE, Content(text.encode()), dialect))


def recognised(header: str, rows: Iterable[str]) -> str:
    told: list[str] = []
    text = "\n".join([header, *rows, ""])
    list(read_rows(SOURCE, Content(text.encode()), None, told.append))
    (name,) = told
    return name


def json_recognised(*lines: str) -> str:
    told: list[str] = []
    list(read_rows(SOURCE, Content("\n".join(lines).encode(), "jsonl"), None, told.append))
    (name,) = told
    return name


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["2024-01-02"], "canonical"),
        (["soon", "2024-01-02", "1/2/2024"], "canonical"),
        (["43549", "43550.5"], "days"),
        (["43549", "1/2/2024", "1/13/2024"], "month-first"),
        (["1/2/2024", "13/1/2024"], "day-first"),
        (["13/1/2024", "1/13/2024", "1/14/2024"], "month-first"),
        (["", "soon"], "canonical"),
        ([], "canonical"),
    ],
)
def test_the_first_rows_tell_how_times_are_written(times: list[str], expected: str) -> None:
    assert recognised("at,amount", [f"{time},1" for time in times]) == expected


def test_a_header_that_only_one_spelling_has_needs_no_rows() -> None:
    assert recognised("When,Betrag", ["?,1"]) == "shop"
    assert recognised("when", []) == "shop"


def test_days_and_months_that_could_be_either_are_refused_with_an_example() -> None:
    with pytest.raises(UsageError, match=r"it\.csv may be .* month-first, day-first of so"):
        recognised("at,amount", ["1/2/2024,1", "11/12/2024,2"])
    # Every row reads alike, but the next one need not.
    with pytest.raises(UsageError, match=r"read '02/03/2001' as different times.*--dialect m"):
        recognised("at,amount", ["1/1/2024,1", "2/2/2024,1"])


def test_one_that_reads_more_rows_wins_over_a_slip() -> None:
    rows = ["14/1/2024,1", *[f"1/{day}/2024,1" for day in range(1, 29)]]
    assert recognised("at,amount", rows) == "month-first"


def test_no_more_rows_are_looked_at_than_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "ENOUGH_ROWS", 2)
    assert recognised("at,amount", ["1/2/2024,1", "1/13/2024,1", *["13/1/2024,1"] * 9]) == (
        "month-first"
    )
    assert recognised("at,amount", ["43549,1", "43550,1", *["1/13/2024,1"] * 9]) == "days"


def test_a_named_dialect_is_taken_whatever_the_rows_say() -> None:
    rows = csv_rows("at,amount", ["1/2/2024,1", "2024-01-02,1"], "day-first")
    assert rows[0].row is not None
    assert rows[0].row.value == b'{"at":"2024-02-01T00:00:00+00:00","amount":1.0}'
    assert rows[1].fault is not None
    assert "%d/%m/%Y or serial_days, got '2024-01-02'" in rows[1].fault.detail
    assert csv_rows("at,amount", ["1/2/2024,1"], "canonical")[0].fault is not None


def test_a_dialect_that_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"one of canonical, days, .* shop; got 'mine'"):
        csv_rows("at,amount", [], "mine")
    with pytest.raises(UsageError, match="export is for files of layout jsonl; got csv"):
        csv_rows("at,amount", [], "export")


def test_a_header_that_fits_none_is_told_what_the_nearest_lacks() -> None:
    with pytest.raises(SourceError, match="source sales needs the columns amount; the header has"):
        csv_rows("at,x", [])
    with pytest.raises(SourceError, match="in the dialect shop needs the columns When; the header"):
        csv_rows("betrag,x", [])


def test_json_lines_are_told_by_their_names() -> None:
    good = '{"at": "2024-01-02", "amount": 1}'
    assert json_recognised(good) == "canonical"
    assert json_recognised("{", "[]", "{}", good) == "canonical"
    assert json_recognised('{"at": "2024-01-02", "total": 1}') == "export"
    assert json_recognised('{"When": 1700000000}') == "shop"
    assert json_recognised('{"When": "2.1.2024"}', '{"When": "3.1.2024"}', good) == "shop"
    assert json_recognised('{"When": "2.1.2024"}', good) == "canonical"
    assert json_recognised('{"at": "2024-01-02"}') == "canonical"
    assert json_recognised("{}") == "canonical"
    assert json_recognised() == "canonical"
    assert json_recognised('{"at": 43549, "amount": 1}') == "days"


def test_rows_looked_at_are_read_like_the_others_and_keep_their_lines() -> None:
    rows = csv_rows("at,amount", ["", "1/13/2024,1", "x", '1/14/2024,"1', '"', "1/15/2024,2"])
    told = [(found.line, found.row is not None) for found in rows]
    assert told == [(3, True), (4, False), (5, True), (7, True)]


def test_a_real_file_with_a_dialect_is_recognised_when_gzipped(tmp_path: Path) -> None:
    import gzip

    from streamscore.sources.record_files import LocalFile

    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"at,amount\n1/13/2024,1\n"))
    told: list[str] = []
    assert len(list(read_rows(SOURCE, LocalFile(path), None, told.append))) == 1
    assert told == ["month-first"]
