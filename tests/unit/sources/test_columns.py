"""Columns are found whatever the case and the blanks of their names."""

import pytest

from streamscore.errors import SourceError
from streamscore.sources.columns import Columns


def test_case_and_blanks_do_not_matter_and_an_exact_name_comes_first() -> None:
    columns = Columns([" CRASH  Date ", "Damage", "damage", "extra"])
    assert columns.places({"crash_date", "damage"}) == {"crash_date": 0, "damage": 2}


def test_of_two_inexact_columns_and_of_two_like_fields_none_is_guessed() -> None:
    assert Columns(["Damage", "DAMAGE"]).places({"damage"}) == {}
    assert Columns(["NOTE"]).places({"note", "Note"}) == {}
    assert Columns(["Note"]).places({"note", "Note"}) == {"Note": 0}


def test_columns_without_a_name_may_repeat_and_others_not() -> None:
    Columns(["a", "", ""]).check()
    with pytest.raises(SourceError, match="may occur once; the header repeats a"):
        Columns(["a", "b", "a"]).check()


def test_a_header_without_a_name_is_said_to_be_none() -> None:
    assert [Columns(names).shown() for names in ([], ["", ""], ["a", "b"])] == [
        "none: is the file empty?",
        "none: is the file empty?",
        "a, b",
    ]
