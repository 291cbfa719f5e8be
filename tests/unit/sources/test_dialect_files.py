"""Files in every spelling give the records that the source itself would write."""

import codecs
import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._spellings import SPELLED_FILES, SpelledFile
from streamscore.errors import SourceError, UsageError
from streamscore.sources import Codec, Source, load_source
from streamscore.sources.dialects import Dialect, FieldSpelling
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import FileRow, read_rows
from streamscore.sources.source import EventTime, Field
from streamscore.sources.source_files import parse_source
from streamscore.synthetic import generate

REVIEWS = load_source("reviews")


def records_of(rows: list[FileRow]) -> list[dict[str, Any]]:
    return [json.loads(found.row.value) for found in rows if found.row is not None]


@pytest.mark.parametrize("spelled", SPELLED_FILES, ids=lambda one: one.name)
def test_a_file_in_any_spelling_is_recognised_and_gives_the_canonical_records(
    spelled: SpelledFile, tmp_path: Path
) -> None:
    source = load_source(spelled.source)
    records = list(generate(spelled.source, 2500, np.random.default_rng(5)))
    if spelled.source == "reviews":
        for record in records:  # what the edition of 2018 can show
            record["timestamp"] -= record["timestamp"] % 1000
            record["parent_asin"] = record["asin"]
    path = tmp_path / spelled.name
    spelled.write(records, path)
    told: list[str] = []
    rows = list(read_rows(source, LocalFile(path), None, told.append))
    assert told == [spelled.dialect]
    expected = [dict(record) for record in records]
    for record in expected:
        if spelled.name == "reviews.csv" or not record.get("images", True):
            record.pop("images", None)
    found = records_of(rows)
    for record in found:
        if not record.get("images", True):
            del record["images"]
    assert found == expected
    codec = Codec(source)
    for row in rows:
        assert row.row is not None
        assert codec.event_time(codec.decode(row.row.value)).utc_ms == row.row.utc_ms


def read_2018(tmp_path: Path, *lines: dict[str, Any]) -> list[FileRow]:
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return list(read_rows(REVIEWS, LocalFile(path), "edition-2018"))


OLD: dict[str, Any] = {
    "overall": 5.0,
    "verified": True,
    "reviewerID": "A1",
    "asin": "B1",
    "unixReviewTime": 1529193600,
}


def test_what_the_edition_of_2018_leaves_out_has_a_default(tmp_path: Path) -> None:
    lines = [OLD, OLD | {"vote": "1,341", "summary": None, "image": ["x"], "style": {}}]
    rows = read_2018(tmp_path, *lines)
    record = {
        "rating": 5.0, "title": "", "text": "", "asin": "B1", "parent_asin": "B1", "user_id": "A1",
        "timestamp": 1529193600000, "helpful_vote": 0, "verified_purchase": True,
    }  # fmt: skip
    assert records_of(rows) == [record, record | {"helpful_vote": 1341, "images": ["x"]}]
    assert rows[0].row is not None
    assert rows[0].row.key == b"A1"


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"vote": "many"}, "wrong_type", "helpful_vote (vote): expected a number such as 1,341.5"),
        ({"overall": None}, "missing_field", "rating (overall) is required, got null"),
        ({"overall": ""}, "missing_field", "rating (overall) is required, got an empty value"),
        ({"unixReviewTime": "soon"}, "event_time_unreadable", "as epoch_seconds, got 'soon'"),
        ({"unixReviewTime": [1]}, "event_time_unreadable", "as epoch_seconds, got [1]"),
        ({"unixReviewTime": 4_200_000_000}, "event_time_absurd", "must lie between"),
    ],
)
def test_a_row_that_makes_no_record_names_the_field_and_what_it_is_called(
    tmp_path: Path, changes: dict[str, Any], reason: str, detail: str
) -> None:
    (row,) = read_2018(tmp_path, OLD | changes)
    assert row.fault is not None
    assert row.fault.reason == reason
    assert detail in row.fault.detail


def test_what_is_no_text_is_left_to_the_scorer_to_judge(tmp_path: Path) -> None:
    (row,) = read_2018(tmp_path, OLD | {"overall": 99, "reviewText": 7, "reviewerID": ["A1"]})
    (record,) = records_of([row])
    assert (record["rating"], record["text"], record["user_id"]) == (99, 7, ["A1"])
    assert row.row is not None
    assert row.row.key is None


def test_bytes_that_are_no_json_object_are_faults(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    good = json.dumps(OLD).encode()
    path.write_bytes(b"\n".join([good, b"{", b"[]", b'{"a": "\xff"}', b"[" * 100_000, good]))
    rows = list(read_rows(REVIEWS, LocalFile(path)))
    reasons = [row.fault and row.fault.reason for row in rows]
    assert reasons == [None, "not_json", "wrong_type", "not_utf8", "wrong_type", None]


CANONICAL_CSV = (
    "timestamp,rating,title,text,asin,parent_asin,user_id,helpful_vote,verified_purchase"
)
CSV_VALUES = "1529193600000,5,é,x,B1,B1,A1,3.0,TRUE"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheets_encodings_and_delimiters_are_recognised(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    text = f"{CANONICAL_CSV.upper()}\r\n{CSV_VALUES}\r\n".replace(",", delimiter)
    path = tmp_path / "r.csv"
    path.write_bytes(marks.get(encoding, b"") + text.encode(encoding))
    (row,) = read_rows(REVIEWS, LocalFile(path))
    (record,) = records_of([row])
    assert (record["title"], record["helpful_vote"], row.line) == ("é", 3, 2)


def test_json_lines_in_utf_16_are_read_where_they_say_so(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(
        (json.dumps(OLD | {"summary": "é"}, ensure_ascii=False) + "\r\n").encode("utf-16")
    )
    assert records_of(list(read_rows(REVIEWS, LocalFile(path))))[0]["title"] == "é"


def test_utf_16_without_a_mark_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(CANONICAL_CSV.encode("utf-16-le"))
    with pytest.raises(SourceError, match="zero bytes in its first line"):
        list(read_rows(REVIEWS, LocalFile(path)))
    path.write_bytes(f"{CANONICAL_CSV}\n{CSV_VALUES}\n".encode("utf-16") + b"x")
    with pytest.raises(UsageError, match=r"must be readable; .* is not: .*utf-16"):
        list(read_rows(REVIEWS, LocalFile(path)))


NESTED = parse_source(
    b"""
name = "orders"
key = "customer"
[event_time]
field = "at"
format = "iso8601"
[fields.at]
type = "string"
role = "time"
path = "payload.at"
[fields.customer]
type = "string"
role = "id"
path = "payload.after.customer"
[fields.amount]
type = "float"
role = "number"
[dialects.old]
event_time = "epoch_seconds"
fields.customer = { name = ["client.name", "client"] }
""",
    "orders",
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", '{"payload": {"at": 1700000000}, "client": {"name": "ann"}, "amount": 5}'),
        ("a.jsonl", '{"payload": {"at": 1700000000}, "client": "ann", "amount": "5"}'),
        ("a.csv", "payload.at,client,Amount\n1700000000,ann,5"),
        ("a.csv", "AT,Client.Name,amount\n1700000000,ann,5"),
    ],
)
def test_a_nested_record_comes_out_nested(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    (row,) = read_rows(NESTED, LocalFile(path))
    (record,) = records_of([row])
    at = "2023-11-14T22:13:20+00:00"
    assert record == {"payload": {"at": at, "after": {"customer": "ann"}}, "amount": 5}
    assert row.row is not None
    assert row.row.key == b"ann"


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n", b"{", b"\xff", b"\xef\xbb\xbf"])
def test_very_short_files_are_read_to_their_end(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    rows = list(read_rows(REVIEWS, LocalFile(path)))
    assert len(rows) == (1 if content in (b"{", b"\xff") else 0)


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(f"{CANONICAL_CSV},, ,more\n{CSV_VALUES},,x,y\n")
    (record,) = records_of(list(read_rows(REVIEWS, LocalFile(path))))
    assert record["more"] == "y"
    assert "" not in record
    assert " " not in record


NAMES = st.text(min_size=1, max_size=8).filter(
    lambda name: not any(c in '"\\' or ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in name)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@st.composite
def spelled_sources(draw: st.DrawFn) -> tuple[Source, tuple[str, ...]]:
    """A source with hostile names, whose dialect calls each field something else."""
    names = draw(
        st.lists(
            NAMES, min_size=10, max_size=10, unique_by=lambda n: "_".join(n.split()).casefold()
        )
    )
    own, other = names[:5], names[5:]
    fields = dict(
        zip(
            own,
            [
                Field(type="string", role="time"),
                Field(type="string", role="category"),
                Field(type="integer", role="number"),
                Field(type="float", role="number", required=False),
                Field(type="boolean", role="flag"),
            ],
            strict=True,
        )
    )
    spelled = [
        FieldSpelling(name=other[0]),
        FieldSpelling(name=other[1]),
        FieldSpelling(name=("", other[2])[1], convert="grouped"),
        FieldSpelling(name=other[3], convert="decimal_comma"),
        FieldSpelling(name=other[4], convert="yes_no", default=False),
    ]
    dialect = Dialect(event_time="epoch_seconds", fields=dict(zip(own, spelled, strict=True)))
    source = Source(
        name="trial",
        event_time=EventTime(field=own[0], format="iso8601"),
        fields=fields,
        dialects={"other": dialect},
    )
    return source, tuple(other)


@given(
    spelled_sources(),
    st.lists(
        st.tuples(
            st.integers(100_000, 4_000_000_000),
            TEXTS,
            st.integers(-(2**53), 2**53),
            st.none() | st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["csv", "jsonl"]),
)
def test_a_record_written_in_a_dialect_is_read_back_as_itself(
    tmp_path_factory: pytest.TempPathFactory,
    spelled: tuple[Source, tuple[str, ...]],
    values: list[tuple[int, str, int, float | None, bool]],
    layout: str,
) -> None:
    source, other = spelled
    written = [
        (
            at if layout == "jsonl" else str(at),
            text,
            f"{whole:,}",
            "" if number is None else f"{number:.2f}".replace(".", ","),
            "yes" if answer else "",
        )
        for at, text, whole, number, answer in values
    ]
    path = tmp_path_factory.mktemp("spelled") / f"a.{layout}"
    if layout == "csv":
        file = io.StringIO()
        csv.writer(file).writerows([other, *written])
        path.write_text(file.getvalue(), "utf-8", newline="")
    else:
        lines = [json.dumps(dict(zip(other, row, strict=True))) for row in written]
        path.write_text("\n".join(lines))
    codec = Codec(source)
    rows = list(read_rows(source, LocalFile(path)))
    assert len(rows) == len(values)
    for found, (at, text, whole, number, answer) in zip(rows, values, strict=True):
        assert found.row is not None, found.fault
        record = codec.decode(found.row.value)
        assert [codec.value_of(record, name) for name in list(source.fields)[1:]] == [
            text, whole, number, answer
        ]  # fmt: skip
        assert codec.event_time(record).utc_ms == found.row.utc_ms == at * 1000
        assert list(msgspec.json.decode(found.row.value)) == [
            name for name in source.fields if number is not None or name != list(source.fields)[3]
        ]


@given(
    st.dictionaries(
        st.sampled_from(sorted(OLD)) | TEXTS,
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.text(max_size=2), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=6,
    )
)
def test_any_json_object_is_a_row_or_a_fault(
    tmp_path_factory: pytest.TempPathFactory, line: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.jsonl"
    path.write_text(json.dumps(OLD | line))
    (found,) = read_rows(REVIEWS, LocalFile(path), "edition-2018")
    assert (found.row is None) != (found.fault is None)
    batch = Codec(REVIEWS).read([found.row.value] if found.row is not None else [])
    assert {fault.reason for _, fault in batch.faults} <= {"wrong_type", "out_of_range"}
