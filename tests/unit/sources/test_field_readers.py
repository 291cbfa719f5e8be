"""A value is judged in the same way by every spelling of a file."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.sources import RecordFault, Source
from streamscore.sources.columns import Columns
from streamscore.sources.dialect_rows import DialectCsvRows, DialectJsonRows
from streamscore.sources.dialects import Dialect
from streamscore.sources.field_readers import FieldReader
from streamscore.sources.rows import CsvRows
from streamscore.sources.source import EventTime, Field, FieldType
from streamscore.sources.spellings import spellings_of

AT = "1700000000000"
TYPES: list[FieldType] = ["string", "integer", "float", "boolean", "any"]


def source_with(field: Field) -> Source:
    return Source(
        name="trial",
        event_time=EventTime(field="at", format="epoch_milliseconds"),
        fields={"at": Field(type="integer", role="time"), "cell": field},
        dialects={"other": Dialect()},
    )


def judged(rows: CsvRows | DialectCsvRows, text: str) -> bytes | str:
    try:
        return rows.read([AT, text]).value
    except RecordFault as fault:
        return str(fault)


@given(
    kind=st.sampled_from(TYPES),
    required=st.booleans(),
    missing=st.sampled_from([(), ("N/A", "-")]),
    text=st.sampled_from(["", " ", "\t\n ", "\xa0", "N/A", "-", " 3 ", "3.0", "true", "[1]", "x"])
    | st.text(max_size=4),
)
def test_a_cell_is_judged_alike_in_the_sources_own_spelling_and_in_a_dialect(
    kind: FieldType, required: bool, missing: tuple[str, ...], text: str
) -> None:
    source = source_with(Field(type=kind, role="ignored", required=required, missing=missing))
    columns = Columns(["at", "cell"])
    (other,) = spellings_of(source, "csv", "other")
    own_rows, other_rows = CsvRows(source, columns.names), DialectCsvRows(source, other, columns)
    for _ in range(2):  # also where the text is known by now
        assert judged(own_rows, text) == judged(other_rows, text)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("blanks", [" ", "\t", " \n "])
def test_blanks_are_the_value_of_a_string_and_empty_everywhere_else(
    kind: FieldType, blanks: str
) -> None:
    source = source_with(Field(type=kind, role="ignored", required=False))
    (other,) = spellings_of(source, "jsonl", "other")
    in_json = f'{{"at":{AT},"cell":"{blanks}"}}'.replace("\t", "\\t").replace("\n", "\\n").encode()
    absent = f'{{"at":{AT}}}'.encode()
    from_csv = CsvRows(source, ["at", "cell"]).read([AT, blanks]).value
    from_json = DialectJsonRows(source, other).read(in_json).value
    # JSON says of a field of any type whether it is a text.
    assert from_csv == (in_json if kind == "string" else absent)
    assert from_json == (in_json if kind in ("string", "any") else absent)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        (Field(type="float", role="number"), " ", "cell is required, got an empty value"),
        (Field(type="float", role="number", missing=("-",)), "-", "cell is required, got '-'"),
    ],
)
def test_an_empty_value_of_a_required_field_is_missing(field: Field, text: str, said: str) -> None:
    reader: dict[str, Any] = FieldReader("cell", field)
    with pytest.raises(RecordFault, match=f"missing_field: {said}"):
        reader[text]
