"""Rows of files become records."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.errors import SourceError
from streamscore.sources import Codec, RecordFault, Source
from streamscore.sources.rows import CsvRows, JsonRows
from streamscore.sources.source import INTEGER_LIMIT, EventTime, Field

SOURCE = Source(
    name="trial",
    key="who",
    event_time=EventTime(field="at", format="epoch_milliseconds"),
    fields={
        "at": Field(type="integer", role="time"),
        "who": Field(type="string", role="id"),
        "size": Field(type="integer", role="number"),
        "share": Field(type="float", role="number"),
        "ok": Field(type="boolean", role="flag"),
        "note": Field(type="string", role="text", required=False),
        "extra": Field(type="any", role="ignored", required=False),
    },
)
HEADER = list(SOURCE.fields)
AT = 1_700_000_000_000
ROW = {"at": str(AT), "who": "ann", "size": "3", "share": "0.5", "ok": "true"}


def read(**changes: str) -> dict[str, Any]:
    row = {**dict.fromkeys(HEADER, ""), **ROW, **changes}
    value: dict[str, Any] = json.loads(CsvRows(SOURCE, list(row)).read(list(row.values())).value)
    return value


def fault(**changes: str) -> tuple[str, str]:
    with pytest.raises(RecordFault) as caught:
        read(**changes)
    return caught.value.reason, caught.value.detail


def test_values_take_the_json_type_of_their_field() -> None:
    record = read(size="3.0", share="2", ok="FALSE", extra="[1, {}]", note="hi")
    assert record == {
        "at": AT, "who": "ann", "size": 3, "share": 2.0, "ok": False, "note": "hi", "extra": [1, {}]
    }  # fmt: skip
    assert isinstance(record["size"], int)
    assert isinstance(record["share"], float)


def test_an_empty_value_is_absent_where_optional_and_kept_where_a_required_string() -> None:
    record = read(who="")
    assert record["who"] == ""
    assert "note" not in record
    assert "extra" not in record


def test_a_text_for_what_is_not_known_is_absent_but_in_a_string() -> None:
    fields = {
        **SOURCE.fields,
        "size": Field(type="integer", role="number", required=False, missing=("N/A", "-")),
        "note": Field(type="string", role="category", required=False, missing=("N/A",)),
        "share": Field(type="float", role="number", missing=("N/A",)),
    }
    rows = CsvRows(msgspec.structs.replace(SOURCE, fields=fields), HEADER)

    def values(**changes: str) -> list[str]:
        return list({**dict.fromkeys(HEADER, ""), **ROW, **changes}.values())

    for _ in range(2):  # also where the text is known by now
        record = json.loads(rows.read(values(size="N/A", note="N/A")).value)
        assert "size" not in record
        assert record["note"] == "N/A"
    assert json.loads(rows.read(values(size="4")).value)["size"] == 4
    with pytest.raises(RecordFault, match="share is required, got 'N/A'"):
        rows.read(values(share="N/A"))


def test_columns_the_source_does_not_name_are_kept_as_strings() -> None:
    assert read(colour="7")["colour"] == "7"


@pytest.mark.parametrize(
    ("changes", "reason", "named"),
    [
        ({"size": "3.5"}, "wrong_type", "size"),
        ({"size": "1_000"}, "wrong_type", "size"),
        ({"size": str(INTEGER_LIMIT * 4)}, "wrong_type", "2**53"),
        ({"share": "nan"}, "wrong_type", "share"),
        ({"share": "1e999"}, "wrong_type", "share"),
        ({"ok": "maybe"}, "wrong_type", "ok"),
        ({"extra": "{"}, "wrong_type", "extra"),
        ({"size": ""}, "missing_field", "size"),
        ({"at": ""}, "missing_field", "at"),
        ({"at": "-5"}, "event_time_absurd", "1970"),
        ({"who": "\udcff"}, "not_utf8", "UTF-8"),
    ],
)
def test_a_row_that_makes_no_record_is_a_fault_that_names_the_field(
    changes: dict[str, str], reason: str, named: str
) -> None:
    found, detail = fault(**changes)
    assert found == reason
    assert named in detail


def test_a_fault_does_not_make_the_reader_forget_what_it_accepts() -> None:
    rows = CsvRows(SOURCE, HEADER)
    good = [str(AT), "ann", "3", "0.5", "true", "", ""]
    first = rows.read(good)
    with pytest.raises(RecordFault):
        rows.read([*good[:2], "x", *good[3:]])
    assert rows.read(good) == first


def test_a_header_without_required_columns_is_one_error_that_names_them_all() -> None:
    with pytest.raises(SourceError, match="needs the columns size, ok; the header has"):
        CsvRows(SOURCE, ["at", "who", "share"])


def test_a_repeated_column_is_refused() -> None:
    with pytest.raises(SourceError, match="repeats who"):
        CsvRows(SOURCE, [*HEADER, "who"])


@given(
    size=st.integers(-INTEGER_LIMIT, INTEGER_LIMIT),
    share=st.floats(-1e300, 1e300),
    ok=st.booleans(),
    who=st.text(st.characters(exclude_categories=["Cs"])),
    as_float=st.booleans(),
)
def test_what_a_csv_row_says_is_what_the_codec_reads(
    size: int, share: float, ok: bool, who: str, as_float: bool
) -> None:
    codec = Codec(SOURCE)
    written = [str(AT), who, f"{size}.0" if as_float else str(size), repr(share), str(ok), "", ""]
    row = CsvRows(SOURCE, HEADER).read(written)
    record = codec.decode(row.value)
    values = [codec.value_of(record, name) for name in ("who", "size", "share", "ok", "note")]
    assert values == [who, size, share, ok, None]
    assert row.key == who.encode()
    assert row.utc_ms == codec.event_time(record).utc_ms


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text() | st.none(), max_size=4))
def test_a_json_line_with_a_time_passes_as_its_bytes(others: dict[str, Any]) -> None:
    line = json.dumps({**others, "at": AT}, ensure_ascii=True).encode()
    row = JsonRows(SOURCE).read(line)
    assert row.value is line
    assert row.utc_ms == AT


@pytest.mark.parametrize(
    ("who", "key"),
    [('"ann"', b"ann"), ("7", b"7"), ("true", b"true"), ("null", None), ("[]", None)],
)
def test_the_key_is_the_text_of_the_key_field_or_none(who: str, key: bytes | None) -> None:
    assert JsonRows(SOURCE).read(f'{{"at": {AT}, "who": {who}}}'.encode()).key == key


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b"", "not_json"),
        (b'{"who": ' + b"[" * 100_000, "not_json"),
        (b"[1]", "wrong_type"),
        (b'{"at": "x"}', "wrong_type"),
        (b'{"who": "ann"}', "missing_field"),
        (b'{"at": -1}', "event_time_absurd"),
        (b'{"at": 1700000000000, "who": "\xff"}', "not_utf8"),
    ],
)
def test_a_line_that_cannot_be_ordered_is_a_fault(line: bytes, reason: str) -> None:
    with pytest.raises(RecordFault) as caught:
        JsonRows(SOURCE).read(line)
    assert caught.value.reason == reason


def test_a_broken_rule_of_another_field_is_left_to_the_scorer() -> None:
    line = b'{"at": 1700000000000, "size": "huge"}'
    assert JsonRows(SOURCE).read(line).value == line
