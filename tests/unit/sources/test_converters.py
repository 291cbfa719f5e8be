"""Converters read what people and programs write for numbers, answers and texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.sources.converters import converter_of
from streamscore.sources.dialects import Converter
from streamscore.sources.source import INTEGER_LIMIT, FieldType

READ: list[tuple[Converter, FieldType, str, Any]] = [
    ("plain", "integer", "3.0", 3),
    ("plain", "integer", "1e3", 1000),
    ("plain", "float", "-.5", -0.5),
    ("plain", "boolean", "FALSE", False),
    ("plain", "boolean", "1", True),
    ("plain", "string", " a ", " a "),
    ("trim", "string", "\u00a0 a b ", "a b"),
    ("upper", "string", " no injury ", "NO INJURY"),
    ("lower", "string", "YES", "yes"),
    ("grouped", "integer", "1,341", 1341),
    ("grouped", "integer", "-12,000,000", -12_000_000),
    ("grouped", "integer", "1341.0", 1341),
    ("grouped", "float", "+1,341.25", 1341.25),
    ("decimal_comma", "float", "0,408", 0.408),
    ("decimal_comma", "float", "1.341,25", 1341.25),
    ("decimal_comma", "float", "1\u202f341,25", 1341.25),
    ("decimal_comma", "integer", "1.341", 1341),
    ("decimal_comma", "float", "0,5", 0.5),
    ("percent", "float", "12.5 %", 0.125),
    ("percent", "float", "-3%", -0.03),
    ("money", "float", "$1,341.50", 1341.5),
    ("money", "float", " -€5", -5.0),
    ("money", "integer", "1,341 EUR", 1341),
    ("money", "float", "(12.25)", -12.25),
    ("yes_no", "boolean", " Yes", True),
    ("yes_no", "boolean", "n", False),
    ("yes_no", "boolean", "T", True),
    ("yes_no", "boolean", "0", False),
]
REFUSED: list[tuple[Converter, FieldType, str]] = [
    ("plain", "integer", "1,341"),
    ("plain", "integer", "1_000"),
    ("plain", "boolean", "yes"),
    ("grouped", "integer", "1,34"),
    ("grouped", "integer", "13,41,000"),
    ("grouped", "integer", "1.5"),
    ("grouped", "float", "1.341,5"),
    ("grouped", "float", "1e5"),
    ("grouped", "integer", str(INTEGER_LIMIT * 4)),
    ("decimal_comma", "float", "1.5"),
    ("decimal_comma", "float", "1,341.5"),
    ("decimal_comma", "float", "nan"),
    ("percent", "float", "12.5"),
    ("percent", "float", "1%2"),
    ("percent", "float", "%"),
    ("money", "float", "$1.341,50"),
    ("money", "float", "(-5)"),
    ("money", "float", "SKU5"),
    ("money", "float", "$"),
    ("yes_no", "boolean", "maybe"),
    ("yes_no", "boolean", "2"),
]


@pytest.mark.parametrize(("converter", "kind", "text", "value"), READ)
def test_a_text_is_read_as_it_is_meant(
    converter: Converter, kind: FieldType, text: str, value: Any
) -> None:
    found = converter_of(converter, kind)(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("converter", "kind", "text"), REFUSED)
def test_what_may_mean_something_else_is_refused_with_the_text(
    converter: Converter, kind: FieldType, text: str
) -> None:
    with pytest.raises(ValueError, match=r"expected|2\*\*53") as caught:
        converter_of(converter, kind)(text)
    assert text[:20] in str(caught.value)


@given(st.integers(-INTEGER_LIMIT, INTEGER_LIMIT), st.integers(0, 99))
def test_grouped_numbers_are_those_that_python_writes_with_commas(whole: int, cents: int) -> None:
    assert converter_of("grouped", "integer")(f"{whole:,}") == whole
    text = f"{whole:,}.{cents:02d}"
    assert converter_of("grouped", "float")(text) == float(text.replace(",", ""))
    european = text.translate(str.maketrans(",.", ".,"))
    assert converter_of("decimal_comma", "float")(european) == float(text.replace(",", ""))


@given(st.text(max_size=12), st.sampled_from(READ))
def test_any_text_is_a_value_of_the_type_or_a_value_error(
    text: str, known: tuple[Converter, FieldType, str, Any]
) -> None:
    converter, kind, _, value = known
    try:
        found = converter_of(converter, kind)(text)
    except ValueError:
        return
    assert type(found) is type(value)
