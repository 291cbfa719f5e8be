"""Drafts for files as exports have them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from benchmarks._dirty_orders import write_csv, write_nested
from streamscore.sources import Field, Source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import read_rows
from streamscore.sources.source_files import parse_source
from tests.inferred_files import checked, csv_bytes, drafted, json_bytes

ROWS = 200
DAYS = [f"2024-{1 + i // 28:02}-{1 + i % 28:02}T10:00" for i in range(ROWS)]


def fields_of(columns: dict[str, list[object]]) -> dict[str, Field]:
    whole = {name: (values * ROWS)[:ROWS] for name, values in columns.items()}
    return drafted("t.csv", csv_bytes({"when": DAYS, **whole})).source.fields


def source_of(columns: dict[str, list[object]]) -> Source:
    whole = {name: (values * ROWS)[:ROWS] for name, values in columns.items()}
    return drafted("t.csv", csv_bytes({"when": DAYS, **whole})).source


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("status", [200, 404, 500], "category"),
        ("status_count", [200, 404, 500], "number"),
        ("store_id", [3, 4, 5], "category"),
        ("order_id", list(range(ROWS)), "id"),
        ("row", list(range(ROWS)), "id"),
        ("load", [i * 37 % 101 for i in range(ROWS)], "number"),
        ("gift", ["Y", "N"], "category"),
        ("new", ["0", "1"], "flag"),
        ("n_new", [0, 2], "number"),
        ("zip", ["01234", "04567"], "category"),
        ("trace", [f"{i:032x}" for i in range(ROWS)], "id"),
        ("street", [f"Road {i}" for i in range(ROWS)], "id"),
        ("remark", [f"it came {i} days late and was broken" for i in range(ROWS)], "text"),
        ("currency", ["EUR"], "ignored"),
        ("fax", [None], "ignored"),
        ("sparse", ["Y", None, None], "category"),
        ("mail", [f"a{i}@example.org" for i in range(ROWS)], "id"),
    ],
)
def test_names_and_values_tell_the_role(name: str, values: list[object], role: str) -> None:
    assert fields_of({name: values})[name].role == role


@pytest.mark.parametrize(
    ("name", "value", "private"),
    [
        ("contact", "ann@example.org", True),
        ("customerEmail", "-1", True),
        ("user_name", "ann", True),
        ("ip", "x", True),
        ("host", "10.0.0.7", True),
        ("caller", "+49 30 1234567", True),
        ("First Name", "Ann", True),
        ("street_address", "Road 1", True),
        ("product_name", "pen", False),
        ("file_name", "a.csv", False),
        ("version", "1.2.3", False),
        ("user_id", "u1", False),
    ],
)
def test_plain_personal_data_is_private_and_never_a_category(
    name: str, value: str, private: bool
) -> None:
    field = fields_of({name: [value, f"{value}0"]})[name]
    assert field.private == private
    assert not private or field.role == "id"


def test_constraints_leave_room_for_extremes() -> None:
    fields = fields_of(
        {
            "count": [0, 3, 21],
            "balance": [-3.5, 40.25],
            "pressure": [990.5, 1020.25],
            "colour": ["red", "blue", "N/A", None],
            "level": ["7", "9", "N/A", None],
        }
    )
    found = {name: (field.min, field.max) for name, field in fields.items()}
    assert found["count"] == (0, 1000)
    assert found["balance"] == (-1000, 1000)
    assert found["pressure"] == (-100_000, 100_000)
    assert (fields["colour"].required, fields["colour"].missing) == (False, ("N/A",))
    assert (fields["level"].required, fields["level"].missing) == (False, ("N/A",))
    assert fields["colour"].max_length == 32


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"customer_id": [f"C{i % 40}" for i in range(ROWS)]}, "customer_id"),
        ({"device id": [i % 20 for i in range(ROWS)]}, "device id"),
        ({"order_id": list(range(ROWS))}, None),
        ({"customer_id": list(range(ROWS))}, None),
        ({"customer_id": ["a", "b", "c", None]}, None),
        ({"country": ["DE", "FR", "IT"]}, None),
    ],
)
def test_a_key_is_taken_only_where_one_plainly_fits(
    columns: dict[str, list[object]], key: str | None
) -> None:
    assert source_of(columns).key == key


def test_the_pace_of_the_file_gives_rate_and_window() -> None:
    seconds = csv_bytes({"ts": [1_700_000_000 + 10 * i for i in range(20_000)]})
    fast = drafted("t.csv", seconds).source
    assert fast.records_per_day == 8_600
    assert fast.nominal_rate == pytest.approx(10 / 8_600, rel=0.05)
    assert fast.calibration.window_records >= 20 / fast.nominal_rate * 0.9
    slow = drafted("t.csv", csv_bytes({"ts": [1_700_000_000 + 3600 * i for i in range(2_000)]}))
    assert (slow.source.records_per_day, slow.source.nominal_rate) == (24, 0.01)


def test_the_pace_of_a_shuffled_file_counts_all_its_rows() -> None:
    """A sample of it goes through all of its time."""
    times = [1_700_000_000 + 3600 * (i * 7919 % 4_001) for i in range(4_001)]
    draft = drafted("t.csv", csv_bytes({"ts": times}), rows=1_000)
    assert draft.source.records_per_day == pytest.approx(24, rel=0.05)


def test_a_file_of_one_moment_has_no_pace() -> None:
    draft = drafted("t.csv", csv_bytes({"ts": [1_700_000_000] * 50, "n": list(range(50))}))
    assert draft.source.records_per_day is None
    assert "add records_per_day" in draft.toml


def test_dirty_orders_are_read_but_for_what_nobody_can_read(tmp_path: Path) -> None:
    path = tmp_path / "Dirty Orders.csv"
    readable = write_csv(path, 1_500, 3)
    draft, check = checked(tmp_path, path.name, path.read_bytes())
    assert readable <= check.accepted < check.rows == 1_500
    assert check.dialect == "file"
    assert {fault.reason for fault in check.faults} <= {"event_time_unreadable", "wrong_type"}
    source = draft.source
    roles = {name: field.role for name, field in source.fields.items()}
    assert roles["amount"] == roles["quantity"] == roles["discount"] == "number"
    assert roles["paid"] == roles["country"] == "category"
    assert (source.key, source.fields["E-Mail"].private) == ("customer_id", True)
    first = next(row for _, row, _ in read_rows(source, LocalFile(path)) if row is not None)
    record = msgspec.json.decode(first.value)
    assert isinstance(record["amount"], float)
    assert record["Placed at"].endswith("+0000")


def test_nested_events_are_read_by_paths(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    count = write_nested(path, 800, 3)
    draft, check = checked(tmp_path, path.name, path.read_bytes())
    assert (check.accepted, check.rows) == (count, count)
    assert draft.source.fields["after_customer_id"].path == "after.customer.id"
    assert draft.source.fields["after_customer_email"].private
    assert draft.source.fields["after_lines"].role == "ignored"
    assert draft.source.event_time.field == "ts_ms"


@pytest.mark.parametrize(
    "layout",
    ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z", "%m/%d/%Y %H:%M UTC", "%Y-%m-%dT%H:%MZ"],
)
def test_a_dialect_reads_the_times_that_the_file_says(tmp_path: Path, layout: str) -> None:
    """The amounts need a dialect, whose records have another time, of the same moments."""
    at = [datetime(2024, 1, 1, 5, 0, tzinfo=UTC) + timedelta(hours=i) for i in range(60)]
    columns = {"time": [one.strftime(layout) for one in at], "sum": [f"{i},500" for i in range(60)]}
    draft, check = checked(tmp_path, "t.csv", csv_bytes(columns), zone="Asia/Kathmandu")
    assert (check.accepted, check.dialect) == (60, "file")
    rows = read_rows(draft.source, LocalFile(tmp_path / "t.csv"))
    assert [row.utc_ms for _, row, _ in rows if row] == [one.timestamp() * 1000 for one in at]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_and_decimal_commas_are_read(tmp_path: Path, separator: str) -> None:
    lines = [f"{i + 1:02}.01.2024 10:00{separator}1.{i:03},50" for i in range(28)]
    content = "\n".join([f"Datum{separator}Betrag", *lines]).encode()
    draft, check = checked(tmp_path, "t.csv", content)
    assert (check.accepted, draft.source.fields["Betrag"].max) == (28, 100_000)


def test_json_keeps_its_numbers_and_their_texts() -> None:
    rows = [{"t": 1_700_000_000_000 + i, "a": f"{i}.5", "b": i, "c": i % 2} for i in range(ROWS)]
    fields = drafted("t.jsonl", json_bytes(rows)).source.fields
    found = {name: (field.type, field.role) for name, field in fields.items()}
    assert found["a"] == ("string", "id")
    assert found["c"] == ("integer", "category")


def test_a_draft_explains_itself_and_names_what_it_leaves_out() -> None:
    content = csv_bytes({"when": DAYS, 'a"b': [1] * ROWS, "is_fraud": [0, 1] * (ROWS // 2)})
    draft = drafted("t.csv", content)
    assert "# false 50.0%, true 50.0%" in draft.toml
    assert "# if it says whether the record is abnormal: role ignored" in draft.toml
    assert "#   'a\"b': its name has a quotation mark" in draft.toml
    assert any("left out" in line for line in draft.to_check)
    assert parse_source(draft.toml.encode(), "again") == draft.source
