"""Reasons: which fields made a record abnormal, and in which words that is said."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.features import Column

_LONGEST_VALUE = 60

_QUOTED = ("code", "flag", "number", "cycle")
"""Kinds of columns of which the record's own value says more than the number in the row."""

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


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
    """

    def __init__(self, columns: Sequence[Column], known: Callable[[str, int], object]) -> None:
        self._called = [_called(column) for column in columns]
        self._known = known

    def chosen(self, places: Sequence[int]) -> "Terms":
        """Return the terms of rows that have some of the columns only."""
        found = Terms((), self._known)
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
        is_weekday = self._called[place].is_weekday and 0.0 <= value < len(_WEEKDAYS)
        return _WEEKDAYS[int(value)] if is_weekday else written(value)

    def known(self, place: int, value: float) -> str:
        """Write a value of a column that the record need not have."""
        column = self.column(place)
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

    def seen(self, place: int, value: float) -> str:
        """Write what the record has in a column."""
        terms = self.terms
        if terms.is_quoted(place):
            return written(self._seen(terms.column(place).field))
        return terms.measured(place, value)

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


def written(value: object) -> str:
    """Write a value for people.

    Examples
    --------
    >>> written(3.0), written(None), written(0.12345), written("RAIN")
    ('3', 'missing', '0.123', 'RAIN')
    """
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_VALUE else f"{value[: _LONGEST_VALUE - 3]}..."
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.3g}"
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def percent(share: float) -> str:
    """Write a share in [0, 1] as a percentage.

    Examples
    --------
    >>> percent(0.713), percent(0.0004), percent(0.0), percent(0.99999)
    ('71%', '0.04%', 'under 0.01%', 'over 99.9%')
    """
    if share > 0.999:
        return "over 99.9%"
    if share < 1e-4:
        return "under 0.01%"
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.2g}%"


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


def plain_reasons(
    parts: NDArray[np.float64], rows: NDArray[np.float64], wordings: Sequence[Wording]
) -> list[list[Reason]]:
    """Name the columns that contributed, each with the value that was seen.

    Parameters
    ----------
    parts : float64 array of shape (n, d)
        What each column contributed.
    rows : float64 array of shape (n, d)
        The rows.
    wordings : sequence of Wording, of length n
        Turn the columns of each row into words.
    """
    told = zip(shares_of(parts).tolist(), rows.tolist(), wordings, strict=True)
    return [
        [
            Reason((wording.field(place),), share, _plainly(wording, place, row[place]))
            for place, share in enumerate(shares)
            if share > 0.0
        ]
        for shares, row, wording in told
    ]


def _plainly(wording: Wording, place: int, value: float) -> str:
    if wording.column(place).kind in ("text_hash", "text_embedding"):
        return f"the words of {wording.field(place)} are unusual together"
    return f"{wording.name(place)} is {wording.seen(place, value)}"


def joined(weighed: Iterable[tuple[float, Sequence[Reason]]]) -> list[Reason]:
    """Join the reasons of several channels, each with its weight; the weights sum to 1.

    Shares of the same fields are added, and the words are those of the largest part.

    Returns
    -------
    list of Reason
        By falling share, then by name; the shares sum to 1.

    Examples
    --------
    >>> parts = [(0.6, [Reason(("a",), 1.0, "a is 9")]), (0.4, [Reason(("a",), 1.0, "odd")])]
    >>> joined(parts)
    [Reason(fields=('a',), share=1.0, words='a is 9', parents=())]
    """
    found: dict[tuple[str, ...], _Joined] = {}
    for weight, reasons in weighed:
        for reason in reasons:
            part = weight * reason.share
            so_far = found.get(reason.fields)
            if so_far is None:
                found[reason.fields] = _Joined(part, part, reason)
                continue
            is_louder = part > so_far.loudest
            found[reason.fields] = _Joined(
                so_far.share + part,
                part if is_louder else so_far.loudest,
                reason if is_louder else so_far.reason,
            )
    ranked = sorted(found.items(), key=lambda one: (-one[1].share, one[0]))
    return [
        Reason(fields, one.share, one.reason.words, one.reason.parents) for fields, one in ranked
    ]


class _Joined(NamedTuple):
    """The share of some fields, that of the loudest reason that names them, and this reason."""

    share: float
    loudest: float
    reason: Reason
