import pytest

from streamscore.sources.inference.samples import Column
from streamscore.sources.inference.value_types import TypedColumn, typed, typed_columns


def read(values: list[object], layout: str = "csv") -> TypedColumn:
    return typed(Column(name="x", values=values), "csv" if layout == "csv" else "jsonl")


@pytest.mark.parametrize(
    ("values", "kind", "writing"),
    [
        (["1", "-2", "+3"], "integer", "plain"),
        (["1", "2.5", "1e3"], "float", "plain"),
        (["1.0", "2.0"], "float", "plain"),
        (["1,234", "5", "12,345,678"], "integer", "grouped"),
        (["1,234.50", "0.10"], "float", "grouped"),
        (["1.234,50", "0,10"], "float", "decimal_comma"),
        (["12.5%", "3%"], "float", "percent"),
        (["true", "FALSE"], "boolean", "plain"),
        (["0", "1", "1"], "boolean", "plain"),
        (["0", "0"], "integer", "plain"),
        (["Y", "N"], "string", "plain"),
        (["007", "12"], "string", "plain"),
        (["90071992547409931", "1"], "string", "plain"),
        (["1_000", "2"], "string", "plain"),
        (["inf", "1"], "string", "plain"),
        (["$5", "$6"], "integer", "money"),
        (["1,341.50 EUR", "(2.00)"], "float", "money"),
        (["SKU5", "SKU6"], "string", "plain"),
        ([None, None], "string", "plain"),
    ],
)
def test_the_texts_of_a_csv_tell_a_type(values: list[object], kind: str, writing: str) -> None:
    column = read(values)
    assert (column.type, column.writing) == (kind, writing)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, None], "integer"),
        ([1, 2.5], "float"),
        ([True, False], "boolean"),
        ([0, 1], "integer"),
        (["1", "2"], "string"),
        ([1, "a"], "any"),
        ([2**60, 1], "any"),
        ([[1], {}], "any"),
        ([None], "any"),
    ],
)
def test_json_is_taken_at_its_word(values: list[object], kind: str) -> None:
    assert read(values, "jsonl").type == kind


def test_texts_for_what_is_not_known_make_no_number_a_text() -> None:
    column = read(["1", "N/A", "-", "3", None])
    assert (column.type, column.known) == ("integer", [1, None, None, 3, None])
    assert column.missing == ("N/A", "-")


def test_a_word_that_repeats_among_numbers_stands_for_one_that_is_not_known() -> None:
    column = read([*map(str, range(100)), *["ERR"] * 20])
    assert (column.type, column.missing, column.unread) == ("integer", ("ERR",), 0)


def test_a_few_accidents_among_numbers_are_counted_and_many_make_a_text() -> None:
    few = read([*map(str, range(100)), "1O"])
    assert (few.type, few.unread, few.example) == ("integer", 1, "1O")
    many = read([*map(str, range(100)), *(f"x{i}" for i in range(20))])
    assert many.type == "string"


def test_values_of_another_json_type_are_counted_where_they_are_few() -> None:
    column = read([*range(100), "n/a"], "jsonl")
    assert (column.type, column.unread, column.known[-1]) == ("integer", 1, None)


def test_other_numbers_of_a_file_tell_a_decimal_comma_from_a_group() -> None:
    fee = Column(name="fee", values=["1,480", "2,051"])
    total = Column(name="total", values=["2.162,08", "27,23"])
    alone, beside = typed(fee, "csv"), typed_columns([fee, total], "csv")[0]
    assert (alone.known, alone.may_have_decimal_commas) == ([1480, 2051], True)
    assert (beside.known, beside.may_have_decimal_commas) == ([1.48, 2.051], False)


def test_nobody_groups_a_leading_zero() -> None:
    fee = typed(Column(name="fee", values=["0,408", "1,480"]), "csv")
    assert (fee.writing, fee.known) == ("decimal_comma", [0.408, 1.48])
