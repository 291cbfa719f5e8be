import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from streamscore.errors import SourceError, UsageError
from streamscore.sources import Source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import FileRow, read_rows
from streamscore.sources.source_files import parse_source
from streamscore.sources.table_text import LONGEST_ROW

AT = 1_700_000_000_000
SOURCE: Source = parse_source(
    b"""
name = "sizes"
[event_time]
field = "at"
format = "epoch_milliseconds"
[fields.at]
type = "integer"
role = "time"
[fields.note]
type = "string"
role = "text"
""",
    "sizes",
)


def read(folder: Path, name: str, content: bytes) -> list[FileRow]:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return list(read_rows(SOURCE, LocalFile(path)))


def told(rows: list[FileRow]) -> list[tuple[int, bytes | str]]:
    return [(r.line, r.row.value if r.row else f"{r.fault}".partition(":")[0]) for r in rows]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "A.CSV"])
def test_csv_rows_carry_the_line_they_begin_in(tmp_path: Path, name: str) -> None:
    content = f'\ufeffat,note\r\n{AT},"two\nlines"\r\n\r\n{AT},"a, b"\r\n'.encode()
    assert told(read(tmp_path, name, content)) == [
        (2, b'{"at":%d,"note":"two\\nlines"}' % AT),
        (5, b'{"at":%d,"note":"a, b"}' % AT),
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz"])
def test_json_lines_keep_their_bytes(tmp_path: Path, name: str) -> None:
    line = b'{ "at": %d, "note": "\xc3\xa9" }' % AT
    rows = read(tmp_path, name, b"\xef\xbb\xbf" + line + b"\r\n\n" + line)
    assert told(rows) == [(1, line), (3, line)]


def test_a_bad_row_is_a_fault_and_reading_goes_on(tmp_path: Path) -> None:
    content = b"at,note\n1,2,3\n%d,\xff\nsoon,x\n%d,good\n" % (AT, AT)
    assert told(read(tmp_path, "a.csv", content)) == [
        (2, "wrong_type"),
        (3, "not_utf8"),
        (4, "wrong_type"),
        (5, b'{"at":%d,"note":"good"}' % AT),
    ]
    assert told(read(tmp_path, "a.jsonl", b'{\n{"at": %d}' % AT)) == [
        (1, "not_json"),
        (2, b'{"at": %d}' % AT),
    ]


@pytest.mark.parametrize("rows", [1, 3, 2000])
@pytest.mark.parametrize("end", ["\n", ""])
def test_all_whole_rows_of_a_csv_that_may_grow_are_read(
    tmp_path: Path, rows: int, end: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("at,note\n" + "\n".join(f'{AT},"{n}"' for n in range(rows)) + end)
    grown = list(read_rows(SOURCE, LocalFile(path), may_grow=lambda: True))
    assert grown == list(read_rows(SOURCE, LocalFile(path)))
    assert len(grown) == rows


@pytest.mark.parametrize("last", ['{at},"begun\n', '{at},"begun', '{at},x,"begun\n\n', '"'])
def test_a_row_whose_quote_is_open_at_the_end_is_left_to_grow(tmp_path: Path, last: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"at,note\n{AT},whole\n" + last.format(at=AT))
    grown = list(read_rows(SOURCE, LocalFile(path), may_grow=lambda: True))
    assert [found.line for found in grown] == [2]
    assert [found.line for found in read_rows(SOURCE, LocalFile(path))] == [2, 3]


def test_a_value_longer_than_the_csv_modules_own_limit_is_read(tmp_path: Path) -> None:
    rows = read(tmp_path, "a.csv", b"at,note\n%d,%b\n" % (AT, b"x" * 200_000))
    assert rows[0].row is not None
    assert len(rows[0].row.value) > 200_000


def test_a_csv_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="needs the columns note"):
        read(tmp_path, "a.csv", b"at\n1\n")
    with pytest.raises(SourceError, match="needs the columns at, note"):
        read(tmp_path, "empty.csv", b"")


def test_a_csv_header_beyond_any_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"first line of a CSV .*a\.csv cannot be read: .*limit"):
        read(tmp_path, "a.csv", b"x" * 16_000_001)


def test_a_csv_header_of_very_many_columns_is_looked_through_once(tmp_path: Path) -> None:
    header = b"at,note," + b",".join(b"c%d" % i for i in range(100_000))
    assert read(tmp_path, "a.csv", header) == []
    with pytest.raises(SourceError, match="repeats c7"):
        read(tmp_path, "a.csv", header + b",c7")


GOOD_LINE = b'{"at": %d, "note": "ok"}' % AT


@pytest.mark.parametrize("packed", [lambda text: text.encode(), lambda text: text.encode("utf-16")])
def test_a_json_line_beyond_any_length_is_a_fault_and_the_next_ones_are_read(
    tmp_path: Path, packed: Callable[[str], bytes]
) -> None:
    long = '{"at": 1, "note": "' + "x" * (LONGEST_ROW + 100_000) + '"}'
    good = GOOD_LINE.decode()
    lines = [long, good, long, "{", good, long]
    rows = read(tmp_path, "a.jsonl", packed("\n".join(lines)))
    assert told(rows) == [
        (1, "too_big"),
        (2, GOOD_LINE),
        (3, "too_big"),
        (4, "not_json"),
        (5, GOOD_LINE),
        (6, "too_big"),
    ]
    assert "limit of a row is 16,000,000 characters" in str(rows[0].fault)


@pytest.mark.parametrize(
    "long",
    [
        b"%d,%b" % (AT, b"x" * LONGEST_ROW),
        b"%d" % AT + b",x" * LONGEST_ROW,
        b'%d,"' % AT + b"x" * 40_000_000 + b'"',
        b'%d,"' % AT + b"x" * LONGEST_ROW,
    ],
)
def test_a_csv_row_beyond_any_length_is_a_fault_and_the_next_ones_are_read(
    tmp_path: Path, long: bytes
) -> None:
    good = b"%d,ok" % AT
    content = b"\n".join([b"at,note", long, good, b'%d,"two' % AT, b'lines"', long, good])
    assert told(read(tmp_path, "a.csv", content)) == [
        (2, "too_big"),
        (3, b'{"at":%d,"note":"ok"}' % AT),
        (4, b'{"at":%d,"note":"two\\nlines"}' % AT),
        (6, "too_big"),
        (7, b'{"at":%d,"note":"ok"}' % AT),
    ]


def test_a_csv_row_of_lines_without_end_is_a_fault(tmp_path: Path) -> None:
    endless = b'1,"' + (b"x" * 1_000 + b'\n","') * (LONGEST_ROW // 1_000)
    rows = read(tmp_path, "a.csv", b"at,note\n" + endless)
    assert told(rows[:1]) == [(2, "too_big")]


def test_a_row_may_be_as_long_as_the_largest_record(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = b'{"at": %d, "note": "%b"}' % (AT, b"x" * LONGEST_ROW)
    path.write_bytes(line + b"\r\n" + line[:-2] + b'x"}\r\n')
    rows = list(read_rows(SOURCE, LocalFile(path), max_bytes=len(line)))
    assert told(rows) == [(1, line), (2, "too_big")]


@pytest.mark.parametrize(
    ("name", "head"), [("a.jsonl", b"["), ("a.csv", b"at,note\n1,"), ("b.csv", b'at,note\n1,"')]
)
def test_the_memory_that_reading_takes_does_not_grow_with_a_line(
    tmp_path: Path, name: str, head: bytes
) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(head)
        for _ in range(150):
            file.write(b"[1, 2], " * 125_000)
    tracemalloc.start()
    try:
        faults = [found.fault for found in read_rows(SOURCE, LocalFile(path))]
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [fault.reason for fault in faults if fault] == ["too_big"]
    assert peak_bytes < 6 * LONGEST_ROW < path.stat().st_size


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.csv, \.jsonl, \.ndjson, .* got .*a\.txt"):
        read(tmp_path, "a.txt", b"")
    with pytest.raises(UsageError, match="must be readable"):
        list(read_rows(SOURCE, LocalFile(tmp_path / "absent.csv")))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"at": 1}\n' * 1000)[:-20])
    with pytest.raises(UsageError, match="must be readable"):
        list(read_rows(SOURCE, LocalFile(tmp_path / "cut.jsonl.gz")))
