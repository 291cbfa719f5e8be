"""Bytes become checked records, or a fault with its right reason, and never anything else."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamscore.sources import REASONS, Codec, Field, RecordFault, Source, load_source
from streamscore.sources.source import INTEGER_LIMIT, EventTime
from streamscore.synthetic import generate
from tests.naive.codec import naive_parent, naive_reasons, naive_value
from tests.random_sources import HOSTILE_NAMES, encoded, put, records, sources

AT = 1_700_000_000_000
SOURCE = Source(
    name="trial",
    event_time=EventTime(field="at", format="epoch_milliseconds"),
    fields={
        "at": Field(type="integer", role="time"),
        "count": Field(type="integer", role="number", min=0, max=9),
        "share": Field(type="float", role="number"),
        "name": Field(type="string", role="category", max_length=3),
        "ok": Field(type="boolean", role="flag"),
        "note": Field(type="string", role="text", required=False),
        "size": Field(type="integer", role="number", required=False),
        "extra": Field(type="any", role="ignored", required=False),
        "kept": Field(type="any", role="id"),
    },
)
GOOD = {"at": AT, "count": 3, "share": 0.5, "name": "ann", "ok": True, "kept": []}
CODEC = Codec(SOURCE)


def reason(value: bytes | None, codec: Codec = CODEC) -> str:
    with pytest.raises(RecordFault) as caught:
        codec.event_time(codec.decode(value))
    assert str(caught.value) == f"{caught.value.reason}: {caught.value.detail}"
    return caught.value.reason


def but(**changes: Any) -> bytes:
    return encoded({**GOOD, **changes})


def raw(**changes: str) -> bytes:
    """The good record with some values as the JSON text given."""
    texts = {**{name: json.dumps(value) for name, value in GOOD.items()}, **changes}
    return ("{" + ", ".join(f"{json.dumps(n)}: {text}" for n, text in texts.items()) + "}").encode()


def without(name: str) -> bytes:
    return encoded({n: value for n, value in GOOD.items() if n != name})


BAD = {
    "a tombstone": (None, "null_value"),
    "a megabyte too much": (b" " * 1_000_001, "too_big"),
    "Avro behind a schema id": (b"\x00\x00\x00\x00\x2a\x06ann\xff", "schema_registry"),
    "Protobuf behind a schema id, in ASCII": (
        b"\x00\x00\x00\x00\x01\x00\x08\x03",
        "schema_registry",
    ),
    "itself behind a schema id": (b"\x00\x00\x00\x00\x07" + but(), "schema_registry"),
    "a zero and too little for an id": (b"\x00\x00\x00\x07", "not_json"),
    "nothing": (b"", "not_json"),
    "blanks": (b" \n\t", "not_json"),
    "words": (b"hello", "not_json"),
    "half a record": (but()[:-5], "not_json"),
    "two records": (but() + but(), "not_json"),
    "a trailing comma": (but()[:-1] + b",}", "not_json"),
    "single quotes": (but().replace(b'"', b"'"), "not_json"),
    "a byte order mark": (b"\xef\xbb\xbf" + but(), "not_json"),
    "UTF-16": (but().decode().encode("utf-16"), "not_utf8"),
    "latin-1": (but(name="é").decode().encode("latin-1"), "not_utf8"),
    "latin-1 where nobody looks": (raw(other='"\xe9"').decode().encode("latin-1"), "not_utf8"),
    "an encoded surrogate": (raw(name='"?"').replace(b"?", b"\xed\xa0\x80"), "not_utf8"),
    "an overlong NUL": (raw(name='"?"').replace(b"?", b"\xc0\x80"), "not_utf8"),
    "a lone high surrogate": (raw(name=r'"\ud800"'), "not_json"),
    "a lone low surrogate": (raw(name=r'"\udc00"'), "not_json"),
    "a lone surrogate where nobody looks": (raw(other=r'"\udc00"'), "not_json"),
    "a lone surrogate in a value of any type": (raw(kept=r'["\ud800"]'), "not_json"),
    "NaN": (raw(share="NaN"), "not_json"),
    "infinity": (raw(share="-Infinity"), "not_json"),
    "NaN where nobody looks": (raw(other="NaN"), "not_json"),
    "a control character": (raw(name='"\x01"'), "not_json"),
    "a leading zero": (raw(count="01"), "not_json"),
    "nested too deep where nobody looks": (raw(other="[" * 400_000 + "]" * 400_000), "not_json"),
    "nested too deep in a value of any type": (raw(kept='{"a":' * 90_000 + "1"), "not_json"),
    "nested too deep from the start": (b"[" * 400_000 + b"]" * 400_000, "not_json"),
    "a wrong type before broken JSON": (b'{"count": "3", }', "not_json"),
    "a list": (b"[]", "wrong_type"),
    "a string": (b'"at"', "wrong_type"),
    "null as JSON": (b"null", "wrong_type"),
    "a number as string": (but(count="3"), "wrong_type"),
    "a fraction for an integer": (but(count=3.5), "wrong_type"),
    "a boolean for an integer": (but(count=True), "wrong_type"),
    "an integer for a boolean": (but(ok=1), "wrong_type"),
    "an integer for a string": (but(name=7), "wrong_type"),
    "a list for a string": (but(name=["a"]), "wrong_type"),
    "null for what is required": (but(count=None), "wrong_type"),
    "an object for a number": (but(share={}), "wrong_type"),
    "no count": (without("count"), "missing_field"),
    "no value of any type": (without("kept"), "missing_field"),
    "no event time": (without("at"), "missing_field"),
    "an empty object": (b"{}", "missing_field"),
    "below its bound": (but(count=-1), "out_of_range"),
    "above its bound": (but(count=10), "out_of_range"),
    "longer than its bound": (but(name="anna"), "out_of_range"),
    "an integer that a float64 cannot hold": (but(size=INTEGER_LIMIT + 1), "out_of_range"),
    "an integer of 400 digits": (but(size=10**400), "out_of_range"),
    "a number of 400 digits": (but(share=10**400), "out_of_range"),
    "a number beyond float64": (raw(share="1e400"), "out_of_range"),
    "a number whose square overflows": (raw(share="-1e308"), "out_of_range"),
    "an event time before 1970": (but(at=-5), "event_time_absurd"),
    "an event time of the year 280000": (but(at=8_000_000_000_000_000), "event_time_unreadable"),
}


@pytest.mark.parametrize(("value", "expected"), BAD.values(), ids=BAD)
def test_a_bad_value_has_its_reason(value: bytes | None, expected: str) -> None:
    assert reason(value) == expected


def test_every_reason_has_an_example() -> None:
    assert {expected for _, expected in BAD.values()} == set(REASONS)


def test_the_good_record_is_good() -> None:
    record = CODEC.decode(but())
    assert {name: CODEC.value_of(record, name) for name in ("count", "share", "name", "ok")} == {
        "count": 3, "share": 0.5, "name": "ann", "ok": True
    }  # fmt: skip
    assert CODEC.value_of(record, "note") is None
    assert CODEC.event_time(record).utc_ms == AT


def assert_judged_as_naively(source: Source, codec: Codec, value: bytes) -> None:
    expected = naive_reasons(source, value)
    found = set()
    try:
        codec.decode(value)
    except RecordFault as fault:
        found = {fault.reason}
    assert found <= expected, value
    assert bool(found) == bool(expected), value


@settings(max_examples=200)
@given(st.binary(max_size=60))
@example(b'{"at":')
def test_random_bytes_are_a_fault_and_nothing_worse(value: bytes) -> None:
    assert_judged_as_naively(SOURCE, CODEC, value)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_record_is_judged_as_the_standard_library_would(data: st.DataObject) -> None:
    """What is accepted is JSON in UTF-8 throughout, because an event quotes it."""
    value = bytearray(raw(other=r'{"é": ["\ud83c\udf88", 1e5, -0.0, null]}', note='"ab é"'))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value) - 1))
        piece = data.draw(
            st.sampled_from([b"", b'"', b"\\", b"\xff", b"0", b",", b"}", b"e", b" "])
        )
        value[at : at + data.draw(st.integers(0, 2))] = piece
    assert_judged_as_naively(SOURCE, CODEC, bytes(value))


WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        7.5,
        10**30,
        2**53 + 1,
        1e308,
        "",
        "longer than forty characters " * 2,
        [],
        {},
    ]
)


@settings(max_examples=80)
@given(st.data())
def test_any_source_accepts_what_keeps_its_rules_and_nothing_else(data: st.DataObject) -> None:
    source = data.draw(sources())
    record = data.draw(records(source))
    for name in data.draw(st.lists(st.sampled_from(sorted(source.fields)), max_size=2)):
        path = source.path_of(name)
        path = path[: data.draw(st.integers(1, len(path)))]
        put(record, path, data.draw(WRONG))
        if data.draw(st.booleans()):
            naive_parent(record, path).pop(path[-1])
    value = encoded(record, ascii_only=data.draw(st.booleans()))
    assert_judged_as_naively(source, Codec(source), value)


@settings(max_examples=40)
@given(st.data())
def test_a_record_survives_a_round_trip(data: st.DataObject) -> None:
    source = data.draw(sources())
    record = data.draw(records(source))
    codec = Codec(source)
    decoded = codec.decode(encoded(record))
    again = codec.decode(codec.encode(decoded))
    for name, field in source.fields.items():
        first, second = codec.value_of(decoded, name), codec.value_of(again, name)
        assert plain(first) == plain(second) == naive_value(source, record, name)
        assert codec.values_of([decoded, again], name) == [first, second]
        assert field.required <= (first is not None)


def plain(value: Any) -> Any:
    """A value of type any as what its JSON says."""
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_the_name_of_a_field_never_changes_a_reason(name: str) -> None:
    fields = {"at": Field(type="integer", role="time"), name: Field(type="integer", role="id")}
    time = EventTime(field="at", format="epoch_milliseconds")
    codec = Codec(Source(name="trial", event_time=time, fields=fields))
    assert codec.value_of(codec.decode(encoded({"at": AT, name: 5})), name) == 5
    assert reason(encoded({"at": AT, name: "5"}), codec) == "wrong_type"
    assert reason(encoded({"at": AT, name: 2**60}), codec) == "out_of_range"
    assert reason(encoded({"at": AT}), codec) == "missing_field"


@pytest.mark.parametrize(
    ("low", "high", "good", "bad"),
    [
        (0.5, 2.5, [1, 2], [0, 3]),
        (-2.5, -0.5, [-2, -1], [-3, 0]),
        (None, 1e300, [2**53], [2**53 + 1]),
    ],
)
def test_an_integer_keeps_bounds_that_are_none(
    low: float | None, high: float, good: list[int], bad: list[int]
) -> None:
    fields = {
        "at": Field(type="integer", role="time"),
        "x": Field(type="integer", role="number", min=low, max=high),
    }
    time = EventTime(field="at", format="epoch_milliseconds")
    codec = Codec(Source(name="trial", event_time=time, fields=fields))
    assert [codec.value_of(codec.decode(encoded({"at": AT, "x": x})), "x") for x in good] == good
    assert {reason(encoded({"at": AT, "x": x}), codec) for x in bad} == {"out_of_range"}


def test_a_field_of_any_type_is_kept_as_it_came() -> None:
    record = CODEC.decode(raw(kept='[1,  {"a": null}]', extra="null"))
    assert bytes(CODEC.value_of(record, "kept")) == b'[1,  {"a": null}]'
    assert b'[1,  {"a": null}]' in CODEC.encode(record)


def test_the_largest_record_is_told_to_the_codec() -> None:
    value = but()
    exact = Codec(SOURCE, max_bytes=len(value))
    assert exact.encode(exact.decode(value)) == CODEC.encode(CODEC.decode(value))
    assert reason(value, Codec(SOURCE, max_bytes=len(value) - 1)) == "too_big"


def test_a_review_may_have_images() -> None:
    (review,) = generate("reviews", 1, np.random.default_rng(1))
    review["images"] = [{"small": "a.jpg"}]
    codec = Codec(load_source("reviews"))
    assert plain(codec.value_of(codec.decode(encoded(review)), "images")) == [{"small": "a.jpg"}]


def test_a_fault_names_the_rule_and_the_field() -> None:
    with pytest.raises(RecordFault, match=r"^out_of_range: Expected `int` <= 9 - at `\$\.count`$"):
        CODEC.decode(but(count=10))


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (but(), "JSON behind it, as the JSON Schema serializer writes"),
        (b"\x06ann\xff", "as the Avro and Protobuf serializers write"),
    ],
)
def test_a_framed_value_is_told_with_its_schema_and_what_to_do(
    behind: bytes, expected: str
) -> None:
    with pytest.raises(RecordFault) as caught:
        CODEC.decode(b"\x00\x00\x01\x00\x2a" + behind)
    detail = caught.value.detail
    assert "schema registry, id 65578, " in detail
    assert expected in detail
    assert "write plain JSON" in detail
