"""Fields that lie within objects of a record are read, written and masked where they lie."""

import json
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.sources import _rules
from embedded.demo_faults import broken_records
from streamscore.errors import SourceError
from streamscore.events import MASK, quoted
from streamscore.sources import Codec, RecordFault, Source
from streamscore.sources.nesting import Nesting
from streamscore.sources.rows import CsvRows, JsonRows
from streamscore.sources.source_files import parse_source
from streamscore.synthetic import Injector
from tests.naive.codec import naive_parent, naive_value
from tests.nested_orders import ORDERS, ORDERS_TOML
from tests.random_sources import encoded, put, records, sources
from trainer.pyfunc_model import record_values

CODEC = Codec(ORDERS)
AT = 1_700_000_000_000
RECORD: dict[str, Any] = {
    "op": "u",
    "payload": {
        "ts_ms": AT,
        "before": {"amount": 7.5, "other": [1]},
        "after": {"amount": 8.0, "state": "open", "customer": {"name": "ann", "vip": True}},
    },
}
FLAT = {"at": AT, "customer": "ann", "amount": 8.0, "state": "open", "was": 7.5, "op": "u"}


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(json.dumps(RECORD))
    put(record, path, value)
    return record


def without(*path: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(json.dumps(RECORD))
    naive_parent(record, path).pop(path[-1])
    return record


def reason(record: dict[str, Any]) -> str:
    with pytest.raises(RecordFault) as caught:
        CODEC.event_time(CODEC.decode(encoded(record)))
    return caught.value.reason


def test_each_value_is_read_where_its_path_leads() -> None:
    record = CODEC.decode(encoded(RECORD))
    assert {name: CODEC.value_of(record, name) for name in ORDERS.fields} == FLAT
    assert CODEC.event_time(record).utc_ms == AT


@pytest.mark.parametrize(
    "record", [without("payload", "before"), changed(("payload", "before"), None)]
)
def test_an_optional_field_without_its_parent_is_absent(record: dict[str, Any]) -> None:
    decoded = CODEC.decode(encoded(record))
    assert CODEC.value_of(decoded, "was") is None
    assert CODEC.values_of([decoded], "amount") == [8.0]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (without("payload", "after"), "missing_field"),
        (changed(("payload", "after"), None), "missing_field"),
        (changed(("payload",), None), "missing_field"),
        (without("payload"), "missing_field"),
        (without("payload", "after", "customer", "name"), "missing_field"),
        (changed(("payload", "after"), []), "wrong_type"),
        (changed(("payload", "before"), "7.5"), "wrong_type"),
        (changed(("payload", "after", "amount"), None), "wrong_type"),
        (changed(("payload", "after", "amount"), -1), "out_of_range"),
        (changed(("payload", "ts_ms"), -1), "event_time_absurd"),
    ],
)
def test_a_bad_record_has_its_reason(record: dict[str, Any], expected: str) -> None:
    assert reason(record) == expected


def test_a_fault_names_the_place_in_the_record() -> None:
    with pytest.raises(RecordFault, match=r"at `\$\.payload\.after\.amount`"):
        CODEC.decode(encoded(changed(("payload", "after", "amount"), "8")))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (b"payload.before.amount", b"payload.after.amount", "fields.amount and fields.was both"),
        (b"payload.after.customer.name", b"payload.after", "fields.customer lies at payload.after"),
        (b"payload.before.amount", b"op.amount", "fields.op lies at op, which must be an object"),
        (b"payload.before.amount", b"payload..amount", "fields.was: a path is 1 to 16 keys"),
        (b"payload.before.amount", b"", "fields.was: a path is 1 to 16 keys"),
        (b"payload.before.amount", b"a." * 16 + b"a", "fields.was: a path is 1 to 16 keys"),
        (b'"payload.before.amount"', b"'a\"b'", "must not contain a quotation mark"),
    ],
)
def test_paths_that_cannot_all_hold_are_told_with_the_other_faults(
    before: bytes, after: bytes, message: str
) -> None:
    broken = ORDERS_TOML.replace(before, after).replace(b'key = "customer"', b'key = "who"')
    with pytest.raises(SourceError, match=message) as caught:
        parse_source(broken, "orders")
    assert "key = 'who' is not one of the fields" in str(caught.value)


def test_only_a_path_that_is_used_changes_the_hash_of_a_source() -> None:
    assert ORDERS_TOML.endswith(b'[fields.op]\ntype = "string"\nrole = "category"\n')
    named = ORDERS_TOML + b'path = "op"\n'
    assert parse_source(named, "orders").schema_hash() == ORDERS.schema_hash()
    elsewhere = ORDERS_TOML.replace(b"payload.before", b"payload.past")
    assert parse_source(elsewhere, "orders").schema_hash() != ORDERS.schema_hash()


def test_a_json_line_has_its_time_and_its_key_by_path() -> None:
    line = encoded(RECORD)
    assert JsonRows(ORDERS).read(line) == (line, b"ann", AT)
    keyless = JsonRows(ORDERS).read(encoded(without("payload", "after")))
    assert (keyless.key, keyless.utc_ms) == (None, AT)
    odd = JsonRows(ORDERS).read(encoded(changed(("payload", "after", "customer"), [])))
    assert (odd.key, odd.utc_ms) == (None, AT)
    with pytest.raises(RecordFault, match="missing_field"):
        JsonRows(ORDERS).read(encoded(changed(("payload",), None)))


@pytest.mark.parametrize("by_path", [True, False])
def test_a_csv_names_its_columns_as_the_fields_or_their_paths(by_path: bool) -> None:
    header = [".".join(ORDERS.path_of(name)) if by_path else name for name in FLAT]
    row = CsvRows(ORDERS, [*header, "note"]).read([*map(str, FLAT.values()), "hi"])
    record = CODEC.decode(row.value)
    assert {name: CODEC.value_of(record, name) for name in FLAT} == FLAT
    assert (row.key, row.utc_ms) == (b"ann", AT)
    assert json.loads(row.value)["note"] == "hi"
    absent = CsvRows(ORDERS, header).read([str(v) if n != "was" else "" for n, v in FLAT.items()])
    assert "before" not in json.loads(absent.value)["payload"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("payload.before.amount", "the header repeats payload.before.amount, was"),
        ("payload", "has fields within payload, which so cannot be a column"),
    ],
)
def test_a_column_that_is_in_the_way_of_another_is_refused(column: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        CsvRows(ORDERS, [*FLAT, column])


def test_a_quotation_masks_a_private_field_where_it_lies_and_nothing_beside_it() -> None:
    shown = json.loads(bytes(quoted(encoded(RECORD), ORDERS.private_paths())))
    assert shown == changed(("payload", "after", "customer", "name"), MASK)
    for record in (without("payload", "after"), changed(("payload", "after"), None)):
        assert json.loads(bytes(quoted(encoded(record), ORDERS.private_paths()))) == record


@given(st.data())
def test_values_by_name_and_records_are_two_writings_of_the_same(data: st.DataObject) -> None:
    source = data.draw(sources())
    nesting = Nesting(source)
    record = data.draw(records(source))
    values = nesting.values(record)
    names = [name for name in source.fields if naive_value(source, record, name) is not None]
    for name in names:
        assert values[name] == naive_value(source, record, name)
        assert naive_value(source, nesting.record(dict(values)), name) == values[name]
    assert nesting.replaced(record, values) == record


def test_what_is_injected_changes_fields_where_they_lie() -> None:
    injector = Injector(ORDERS, np.random.default_rng(1))
    kinds = set()
    for i in range(60):
        record = changed(("payload", "after", "amount"), float(i))
        before = json.dumps(record)
        anomaly, kind, _ = injector.inject(record)
        assert json.dumps(record) == before
        assert set(anomaly) == set(RECORD)
        CODEC.decode(encoded(anomaly))
        assert anomaly["payload"]["before"]["other"] == [1]
        kinds.add(kind)
    assert {"extreme", "unseen"} <= kinds


def test_a_table_of_fields_becomes_records() -> None:
    (value,) = record_values(ORDERS, pd.DataFrame([FLAT]))
    record = CODEC.decode(value)
    assert {name: CODEC.value_of(record, name) for name in FLAT} == FLAT


def test_a_demo_breaks_fields_where_they_lie() -> None:
    reasons = [found for found, _ in broken_records(ORDERS, encoded(RECORD))]
    assert {"wrong_type", "event_time_absurd", "missing_field"} <= set(reasons)


def test_the_place_of_a_field_is_shown() -> None:
    assert _rules(ORDERS, "was") == ["at payload.before.amount", "optional"]


def test_the_source_beside_a_model_keeps_its_paths() -> None:
    assert msgspec.json.decode(msgspec.json.encode(ORDERS), type=Source) == ORDERS


@settings(max_examples=60)
@given(st.data())
def test_any_json_line_has_the_time_and_the_key_of_its_record(data: st.DataObject) -> None:
    source = data.draw(sources())
    texts = [name for name, field in source.fields.items() if field.type == "string"]
    key = data.draw(st.sampled_from([*texts, source.event_time.field]))
    record = data.draw(records(source))
    value = encoded(record)
    row = JsonRows(msgspec.structs.replace(source, key=key)).read(value)
    expected = naive_value(source, record, key)
    assert row.key == (None if expected is None else str(expected).encode())
    assert row.utc_ms == naive_value(source, record, source.event_time.field)


@settings(max_examples=60)
@given(st.data())
def test_any_quotation_hides_each_private_value_and_shows_the_others(data: st.DataObject) -> None:
    source = data.draw(sources())
    names = data.draw(st.lists(st.sampled_from(sorted(source.fields)), unique=True))
    private = [source.path_of(name) for name in names]
    record = data.draw(records(source))
    shown = json.loads(bytes(quoted(encoded(record), private)))
    for name in source.fields:
        path = source.path_of(name)
        parent = naive_parent(record, path)
        hidden = MASK if name in names else parent.get(path[-1])
        assert naive_parent(shown, path).get(path[-1]) == (hidden if path[-1] in parent else None)
