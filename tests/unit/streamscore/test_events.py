"""Quoting a record in an event."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.events import MASK, NO_RECORD, quoted

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
OBJECTS = st.dictionaries(
    st.text() | st.sampled_from(["who", "what"]),
    st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
)


@given(OBJECTS)
def test_a_quotation_differs_from_its_record_in_private_fields_alone(
    record: dict[str, Any],
) -> None:
    value = msgspec.json.encode(record)
    masked = {name: MASK if name in {"who", "what"} else value for name, value in record.items()}
    assert msgspec.json.decode(quoted(value, [("who",), ("what",)])) == masked


@given(OBJECTS)
def test_a_record_without_private_fields_is_quoted_byte_for_byte(record: dict[str, Any]) -> None:
    value = b" " + msgspec.json.encode(record)
    assert bytes(quoted(value, [])) == value


def test_a_private_name_that_is_written_with_escapes_is_masked_too() -> None:
    assert bytes(quoted(rb'{"wh\u006f": "ann"}', [("who",)])) == b'{"who":"****"}'


@pytest.mark.parametrize(
    "odd", [b"1e999", b"9" * 5000, b"[" * 5000 + b"]" * 5000], ids=["infinite", "long", "deep"]
)
@pytest.mark.parametrize("private", [[], [("who",)]])
def test_a_record_that_no_reader_could_decode_is_not_quoted(
    odd: bytes, private: list[tuple[str, ...]]
) -> None:
    assert quoted(b'{"who": "ann", "odd": ' + odd + b"}", private) is NO_RECORD
