"""Columns spoken of: what a row has in them as a sentence, and what it is compared with.

Some columns mean nothing to people as they are: a text's length is a logarithm, and a point on a
circle stands for an hour. Each is turned into what it was made of.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.reasons import Reason, Terms, Wording, shares_of, written
from streamscore.detectors.text_figures import FIGURES
from streamscore.detectors.written_numbers import (
    FEWEST_DIGITS,
    OWN_DIGITS,
    digits_apart,
    digits_for,
    rounded,
)
from streamscore.features.cycles import PERIODS, part_at, part_named

_SMALLEST_SHARE = 0.04
"""Of columns that bring less than this share of a score no more is said than that they do."""

_HASHED = ("text_hash", "text_embedding")


class Told(NamedTuple):
    """What a row has in a column, and values to compare it with, so that no rounding belies them.

    Attributes
    ----------
    seen : str
        A sentence, as `temperature is 180`.
    others : list of str
        The values, as `66.2`.
    """

    seen: str
    others: list[str]


Sentence = Callable[[int, int], str]
"""Speaks of the row and the column of these numbers."""

Whole = Sequence[Callable[[float], float]]


def told(
    wording: Wording,
    place: int,
    row: Sequence[float],
    others: Sequence[float] = (),
    whole: Whole = (),
    step: float = 0.0,
) -> Told:
    """Say what a row has in a column, and write other values of that column.

    Parameters
    ----------
    wording : Wording
        Turns columns of the row into words.
    place : int
        The column.
    row : sequence of float
        The row.
    others : sequence of float
        Values of the column as rows have them; of a cycle the parts, such as the hours.
    whole : sequence of callable
        For each of the others: makes it a whole number where the record has one.
    step : float
        How exactly other numbers are known, as rows have them; 0 for four digits. They are written
        in more digits where they would else read as what they are not: equal to what was seen,
        above or below it.
    """
    column, value = wording.column(place), row[place]
    if column.kind == "number":
        return _of_a_number(wording, place, value, others, whole, step)
    if column.kind in _HASHED:
        return Told(f"the words of {column.field} are unusual together", [])
    part = column.name[len(column.field) + 1 :]
    if column.kind == "text_statistic" and part in FIGURES:
        return Told(*FIGURES[part].told(column.field, value, others))
    if (at := cycle_part(wording.terms, place, row)) is not None:
        name = part.removesuffix(".sin")
        parts = [part_named(name, int(other)) for other in others]
        return Told(f"{wording.name(place)} is {part_named(name, at)}", parts)
    seen = f"{wording.name(place)} is {wording.seen(place, value)}"
    if column.kind == "code" and value == column.values:
        seen += ", never seen"
    return Told(seen, [wording.known(place, other) for other in others])


def cycle_part(terms: Terms, place: int, row: Sequence[float]) -> int | None:
    """Return which hour, weekday or month a row has, counted from 0.

    None where the column is not the first of a cycle's two.
    """
    column = terms.column(place)
    if column.kind != "cycle" or not column.name.endswith(".sin") or place + 1 >= len(row):
        return None
    name = column.name[len(column.field) + 1 :].removesuffix(".sin")
    return part_at(row[place], row[place + 1], name) if name in PERIODS else None


def span(low: str, high: str) -> str:
    """Write a range; of one value that alone.

    Examples
    --------
    >>> span("66.2", "68.4"), span("none", "none")
    ('66.2 to 68.4', 'none')
    """
    return low if low == high else f"{low} to {high}"


def column_reasons(
    parts: NDArray[np.float64],
    rows: NDArray[np.float64],
    wordings: Sequence[Wording],
    sentence: Sentence | None = None,
) -> list[list[Reason]]:
    """Name the columns that contributed, each with a sentence where its share is considerable.

    Parameters
    ----------
    parts : float64 array of shape (n, d)
        What each column contributed.
    rows : float64 array of shape (n, d)
        The rows.
    wordings : sequence of Wording, of length n
        Turn the columns of each row into words.
    sentence : callable or None
        Says what a row has in a column and what was expected; None says what it has.
    """
    if not wordings:
        return []
    speaks = sentence or _plain(rows, wordings)
    fields = [(column.field,) for column in wordings[0].columns]
    shares, spoken = shares_spoken(parts, voices_of(wordings[0].terms))
    each = zip(shares.tolist(), spoken.tolist(), strict=True)
    return [
        [
            Reason(fields[place], share, speaks(number, place) if own_spoken[place] else "")
            for place, share in enumerate(own)
            if share > 0.0
        ]
        for number, (own, own_spoken) in enumerate(each)
    ]


def _plain(rows: NDArray[np.float64], wordings: Sequence[Wording]) -> Sentence:
    cells = rows.tolist()
    return lambda number, place: told(wordings[number], place, cells[number]).seen


def voices_of(terms: Terms) -> NDArray[np.int64]:
    """Return which column speaks for each one: the first of those that have one sentence.

    Such are the two of a cycle, and those of a text's hashed words or of its vector.
    """
    first: dict[object, int] = {}
    voices = []
    for place, column in enumerate(terms.columns):
        key: object = place
        if column.kind == "cycle":
            key = terms.name(place)
        elif column.kind in _HASHED:
            key = (column.field, column.kind)
        voices.append(first.setdefault(key, place))
    return np.array(voices, np.int64)


def shares_spoken(
    parts: NDArray[np.float64], voices: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the shares of columns' contributions, and which are so large that more is said.

    Parameters
    ----------
    parts : float64 array of shape (n, d)
        What each column contributed.
    voices : int64 array of shape (d,)
        The column that speaks for each; it has the shares of all.

    Returns
    -------
    float64 and bool arrays of shape (n, d)
        At least one column of each row is spoken of.
    """
    summed = np.zeros(parts.shape)
    np.add.at(summed.T, voices, np.clip(parts, 0.0, None).T)
    silent = ~(summed > 0.0).any(axis=1)
    np.add.at(summed.T, voices, np.where(silent, 1.0, 0.0)[None, :])
    shares = shares_of(summed)
    return shares, shares >= np.minimum(shares.max(axis=1, keepdims=True), _SMALLEST_SHARE)


def _of_a_number(
    wording: Wording,
    place: int,
    value: float,
    others: Sequence[float],
    whole: Whole,
    step: float,
) -> Told:
    name, number = wording.name(place), wording.terms.number
    if not others:
        return Told(f"{name} is {wording.seen(place, value)}", [])
    limits = [number(place, other) for other in others]
    if whole and wording.is_whole(place):
        limits = _made_whole(limits, whole, number(place, value))
    fewest = FEWEST_DIGITS
    if step:
        fewest = digits_for(limits[0], abs(number(place, others[0] + step) - limits[0]))
    digits = fewest
    if value == value:  # noqa: PLR0124  # a missing number is NaN
        digits = digits_apart(number(place, value), limits, fewest)
    seen = wording.seen(place, value, max(digits, OWN_DIGITS))
    texts = [written(rounded(limit, digits), digits) for limit in limits]
    return Told(f"{name} is {seen}", texts)


def _made_whole(limits: Sequence[float], whole: Whole, own: float) -> list[float]:
    """Make numbers whole, but for those that would become what was seen."""
    made = [make(limit) for make, limit in zip(whole, limits, strict=True)]
    return [limit if one == own else one for one, limit in zip(made, limits, strict=True)]
