"""Columns and codes are put into words that a person understands."""

import pytest

from streamscore.detectors import Terms, Wording
from streamscore.features import Column

COLUMNS = [
    Column(name="weather", field="weather", kind="code", values=2),
    Column(name="is_wet", field="is_wet", kind="flag"),
    Column(name="at.weekday", field="at", kind="calendar"),
    Column(name="at.month", field="at", kind="calendar"),
    Column(name="at.hour.sin", field="at", kind="cycle"),
]
TERMS = Terms(COLUMNS, lambda field, code: ("RAIN", "SNOW")[code])
WORDING = Wording(TERMS, {"weather": "SNOW", "is_wet": True, "at": "2024-05-04T07:00Z"}.__getitem__)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (0, 1.0, "weather SNOW"),
        (1, 1.0, "is_wet true"),
        (2, 5.0, "at (weekday) Saturday"),
        (3, 5.0, "at (month) 5"),
        (4, 0.97, "at (hour) 2024-05-04T07:00Z"),
    ],
)
def test_what_a_record_has_is_named_and_quoted(place: int, value: float, words: str) -> None:
    """A weekday by its name, and a point on a circle by the time that it was made of."""
    assert f"{WORDING.name(place)} {WORDING.seen(place, value)}" == words


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (0, 0.0, "RAIN"),
        (0, 2.0, "a value never seen"),
        (0, 3.0, "missing"),
        (1, 0.0, "false"),
        (2, 0.0, "Monday"),
        (2, 7.0, "7"),
        (3, 12.0, "12"),
    ],
)
def test_values_that_a_record_has_not_are_named_as_well(
    place: int, value: float, words: str
) -> None:
    assert WORDING.known(place, value) == words


def test_some_columns_alone_keep_their_names() -> None:
    own = WORDING.of(TERMS.chosen([2, 0]))
    assert [own.name(place) for place in (0, 1)] == ["at (weekday)", "weather"]
    assert own.seen(1, 1.0) == "SNOW"
