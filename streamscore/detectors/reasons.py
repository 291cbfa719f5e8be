"""Reasons: which fields made a record abnormal, and what columns and their values are called."""

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.detectors.written_numbers import FEWEST_DIGITS, OWN_DIGITS, written_number
from streamscore.features import Column
from streamscore.features.cycles import PERIODS, part_named

_LONGEST_VALUE = 60

_QUOTED = ("code", "flag", "number", "cycle")
"""Kinds of columns of which the record's own value says more than the number in the row."""


class Reason(Struct, frozen=True):
    """One reason why a record is abnormal.

    Attributes
    ----------
    fields : tuple of str
        The field; several where they say the same, so that any of them may be the wrong one.
    share : float
        Its part in the whole, in [0, 1].
    words : str
        What was seen and what would have been expected; empty where there is no more to say.
    parents : tuple of str
        Fields that the words quote besides, as what the expectation follows from.
    """

    fields: tuple[str, ...]
    share: float
    words: str = ""
    parents: tuple[str, ...] = ()


class _Called(NamedTuple):
    """A column, its name, whether its field is quoted, and whether it is a weekday."""

    column: Column
    name: str
    is_quoted: bool
    is_weekday: bool


class Terms:
    """What columns, and codes of them, are called.

    Parameters
    ----------
    columns : sequence of Column
        The columns of the rows that are spoken of.
    known : callable
        Returns the value that a code of a field stands for.
    number : callable or None
        Returns the value of a number field that a number in the row stands for; None where rows
        have numbers as they came.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        known: Callable[[str, int], object],
        number: Callable[[str, float], float] | None = None,
    ) -> None:
        self._called = [_called(column) for column in columns]
        self._known = known
        self._number = number

    def chosen(self, places: Sequence[int]) -> "Terms":
        """Return the terms of rows that have some of the columns only."""
        found = Terms((), self._known, self._number)
        found._called = [self._called[place] for place in places]
        return found

    @property
    def columns(self) -> list[Column]:
        """The columns of the rows."""
        return [called.column for called in self._called]

    def column(self, place: int) -> Column:
        """Return one of the columns."""
        return self._called[place].column

    def name(self, place: int) -> str:
        """Name a column: the field, or a part of the event time as `crash_date (hour)`."""
        return self._called[place].name

    def is_quoted(self, place: int) -> bool:
        """Whether the record's own value says more than the number in the row."""
        return self._called[place].is_quoted

    def measured(self, place: int, value: float) -> str:
        """Write what was made of a field, such as the weekday of a time."""
        is_weekday = self._called[place].is_weekday and 0.0 <= value < PERIODS["weekday"]
        return part_named("weekday", int(value)) if is_weekday else written(value)

    def number(self, place: int, value: float) -> float:
        """Return the value of a number field that a number in the row stands for."""
        return value if self._number is None else self._number(self.column(place).field, value)

    def known(self, place: int, value: float) -> str:
        """Write a value of a column that the record need not have."""
        column = self.column(place)
        if column.kind == "number":
            return written(self.number(place, value))
        if value != value:  # noqa: PLR0124
            return "missing"
        if column.kind != "code":
            return written(bool(value)) if column.kind == "flag" else self.measured(place, value)
        if value < column.values:
            return written(self._known(column.field, int(value)))
        return "missing" if value > column.values else "a value never seen"


class Wording:
    """Turns columns and codes of one record into words.

    Parameters
    ----------
    terms : Terms
        What the columns of its row are called.
    seen : callable
        Returns the record's own value of a field.
    """

    def __init__(self, terms: Terms, seen: Callable[[str], object]) -> None:
        self.terms = terms
        self._seen = seen

    def of(self, terms: Terms) -> "Wording":
        """Return the wording of the same record's row of other columns."""
        return Wording(terms, self._seen)

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the row."""
        return self.terms.columns

    def column(self, place: int) -> Column:
        """Return one of the columns."""
        return self.terms.column(place)

    def field(self, place: int) -> str:
        """Return the field that a column is made of."""
        return self.terms.column(place).field

    def name(self, place: int) -> str:
        """Name a column: the field, or a part of the event time as `crash_date (hour)`."""
        return self.terms.name(place)

    def seen(self, place: int, value: float, digits: int = OWN_DIGITS) -> str:
        """Write what the record has in a column; a number with at least so many digits."""
        terms = self.terms
        if terms.is_quoted(place):
            return written(self._seen(terms.column(place).field), digits)
        return terms.measured(place, value)

    def is_whole(self, place: int) -> bool:
        """Whether the record has a whole number in a column, as `3`; not as `3.0`."""
        value = self._seen(self.terms.column(place).field)
        return isinstance(value, int) and not isinstance(value, bool)

    def known(self, place: int, value: float) -> str:
        """Write a value of a column that the record need not have."""
        return self.terms.known(place, value)


def _called(column: Column) -> _Called:
    part = column.name.removeprefix(f"{column.field}.")
    if column.kind == "cycle":
        part = part.rpartition(".")[0]
    name = column.field if part == column.name else f"{column.field} ({part})"
    is_weekday = column.kind == "calendar" and part == "weekday"
    return _Called(column, name, column.kind in _QUOTED, is_weekday)


def written(value: object, digits: int = FEWEST_DIGITS) -> str:
    """Write a value for people: a number in its whole part, or in so many digits.

    Examples
    --------
    >>> written(3.0), written(None), written(0.12345), written("RAIN"), written("")
    ('3', 'missing', '0.1235', 'RAIN', 'empty')
    """
    if isinstance(value, str):
        return _quoted(value)
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and abs(value) < inf:
        return written_number(value, digits)
    return _quoted(str(value))


def _quoted(text: str) -> str:
    if not text.strip():
        return "blank" if text else "empty"
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def shares_of(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the contributions of rows' columns, of shape (n, d), into shares: rows sum to 1.

    Negative contributions count as none; where none is positive all columns share alike.

    Examples
    --------
    >>> shares_of(np.array([[3.0, -1.0, 1.0], [0.0, 0.0, 0.0]])).round(2).tolist()
    [[0.75, 0.0, 0.25], [0.33, 0.33, 0.33]]
    """
    positive = np.clip(parts, 0.0, None)
    positive[~(positive > 0.0).any(axis=1)] = 1.0
    shares: NDArray[np.float64] = positive / positive.sum(axis=1, keepdims=True)
    return shares
