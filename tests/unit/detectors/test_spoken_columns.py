"""What a row has in a column is said in the terms of what the column was made of."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from streamscore.detectors.reasons import Terms, Wording, written
from streamscore.detectors.spoken_columns import (
    Told,
    column_reasons,
    shares_spoken,
    told,
    voices_of,
)
from streamscore.features import Column

COLUMNS = [
    Column(name="machine", field="machine", kind="code", values=2),
    Column(name="is_open", field="is_open", kind="flag"),
    Column(name="heat", field="heat", kind="number"),
    Column(name="at.hour.sin", field="at", kind="cycle"),
    Column(name="at.hour.cos", field="at", kind="cycle"),
    Column(name="at.weekday.sin", field="at", kind="cycle"),
    Column(name="at.weekday.cos", field="at", kind="cycle"),
    *(
        Column(name=f"note.{part}", field="note", kind="text_statistic")
        for part in ("length", "words", "upper", "digits", "links")
    ),
    Column(name="note.hash0", field="note", kind="text_hash"),
    Column(name="note.hash1", field="note", kind="text_hash"),
]
PLACES = {column.name: place for place, column in enumerate(COLUMNS)}
ROW = [1.0, 1.0, 68.43, 1.0, 0.0, -0.97, -0.22, np.log1p(34), np.log1p(1), 0.0079, 0.186, 0.0]
ROW += [0.2, -0.267]
TERMS = Terms(COLUMNS, lambda field, code: ("press-01", "press-02")[code])


def wording(**seen: Any) -> Wording:
    record = {"machine": "press-02", "is_open": True, "heat": 68.43, "at": "2024-05-04T06:00Z"}
    return Wording(TERMS, (record | seen).__getitem__)


def said(name: str, *others: float, **seen: Any) -> Told:
    row = list(ROW)
    if "heat" in seen:
        row[PLACES["heat"]] = np.nan if seen["heat"] is None else float(seen["heat"])
    return told(wording(**seen), PLACES[name], row, others)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("machine", "machine is press-02"),
        ("is_open", "is_open is true"),
        ("heat", "heat is 68.43"),
        ("at.hour.sin", "at (hour) is 6"),
        ("at.weekday.sin", "at (weekday) is Saturday"),
        ("note.length", "note has 34 characters"),
        ("note.words", "note has 1 word"),
        ("note.upper", "0.79% of note are capitals"),
        ("note.digits", "19% of note are digits"),
        ("note.links", "note has no links"),
        ("note.hash1", "the words of note are unusual together"),
    ],
)
def test_what_a_row_has_is_said(name: str, words: str) -> None:
    assert said(name) == Told(words, [])


@pytest.mark.parametrize(
    ("name", "others", "words"),
    [
        ("machine", [0.0, 2.0, 3.0], ["press-01", "a value never seen", "missing"]),
        ("is_open", [0.0, np.nan], ["false", "missing"]),
        ("heat", [64.123, 71.0], ["64.12", "71"]),
        ("at.hour.sin", [23.0], ["23"]),
        ("at.weekday.sin", [0.0], ["Monday"]),
        ("note.length", [np.log1p(2.9), np.log1p(60.2)], ["3", "60"]),
        ("note.upper", [0.0, 0.0079001], ["none", "0.79001%"]),
    ],
)
def test_other_values_are_written_alike(
    name: str, others: Sequence[float], words: Sequence[str]
) -> None:
    assert said(name, *others).others == words


def test_a_value_that_no_code_stands_for_was_never_seen() -> None:
    row = [2.0, *ROW[1:]]
    unseen = told(wording(machine=""), 0, row, (0.0,))
    assert unseen == Told("machine is empty, never seen", ["press-01"])


def test_no_rounding_puts_a_number_on_the_other_side_of_a_limit() -> None:
    assert said("heat", 66.2, 68.4299).others == ["66.2", "68.4299"]
    assert said("heat", 68.43).others == ["68.43"]
    assert said("heat", 64.0, 71.0, heat=None) == Told("heat is missing", ["64", "71"])


def test_numbers_are_told_as_records_have_them_and_not_as_rows_do() -> None:
    terms = Terms(COLUMNS, lambda field, code: code, lambda field, value: 10.0 * value + 50.0)
    row = list(ROW)
    row[2] = 13.0
    found = told(Wording(terms, {"heat": 180.0}.__getitem__), 2, row, (1.0, 2.5))
    assert found == Told("heat is 180", ["60", "75"])


def test_whole_numbers_are_compared_with_whole_ones() -> None:
    for heat, others in ((4, ["3"]), (4.5, ["2.97"]), (3, ["2.97"])):
        found = told(wording(heat=heat), 2, [*ROW[:2], float(heat), *ROW[3:]], (2.97,), (round,))
        assert found.others == others


def test_what_is_known_in_coarse_steps_gets_few_digits() -> None:
    assert told(wording(), 2, ROW, (63.123,), step=0.9).others == ["63"]
    assert told(wording(), 2, ROW, (63.123,), step=0.09).others == ["63.1"]


def test_columns_that_have_one_sentence_share_a_voice() -> None:
    voices = voices_of(TERMS)
    assert voices[[3, 4, 5, 6, 12, 13]].tolist() == [3, 3, 5, 5, 12, 12]
    parts = np.zeros((2, len(COLUMNS)))
    parts[0, [2, 12, 13]] = 0.4, 0.3, 0.3
    shares, is_spoken = shares_spoken(parts, voices)
    assert shares[0, [2, 12, 13]] == pytest.approx([0.4, 0.6, 0.0])
    assert np.flatnonzero(is_spoken[0]).tolist() == [2, 12]
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert (shares[1] > 0.0).sum() == len(set(voices.tolist()))


def test_of_columns_that_bring_little_no_more_is_said_than_that() -> None:
    parts = np.zeros((1, len(COLUMNS)))
    parts[0, [0, 2]] = 0.01, 0.99
    (found,) = column_reasons(parts, np.array([ROW]), [wording()])
    assert [(one.fields, one.words) for one in found] == [
        (("machine",), ""),
        (("heat",), "heat is 68.43"),
    ]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "empty"),
        (" \t", "blank"),
        (1127040, "1127040"),
        (1127040.0, "1127040"),
        (109123.71, "109124"),
        (10**18 + 1, "1000000000000000001"),
        (float("inf"), "inf"),
        (True, "true"),
    ],
)
def test_values_are_written_for_people(value: object, words: str) -> None:
    assert written(value) == words
