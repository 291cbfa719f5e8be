"""Reasons: which fields made a record abnormal, and in which words that is said."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.features import Column

_LONGEST_VALUE = 60


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


class Wording:
    """Turns columns and codes of one record into words.

    Parameters
    ----------
    columns : sequence of Column
        The columns of the rows that are spoken of.
    seen : callable
        Returns the record's own value of a field.
    known : callable
        Returns the value that a code of a field stands for.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        seen: Callable[[str], object],
        known: Callable[[str, int], object],
    ) -> None:
        self.columns = columns
        self._seen = seen
        self._known = known

    def chosen(self, places: Sequence[int]) -> "Wording":
        """Return the wording of rows that have some of the columns only."""
        return Wording([self.columns[place] for place in places], self._seen, self._known)

    def name(self, place: int) -> str:
        """Name a column: the field, or a part of the event time as `crash_date (hour)`."""
        column = self.columns[place]
        part = column.name.removeprefix(f"{column.field}.")
        return column.field if part == column.name else f"{column.field} ({part})"

    def seen(self, place: int, value: float) -> str:
        """Write what the record has in a column."""
        column = self.columns[place]
        if column.kind in ("code", "flag", "number"):
            return written(self._seen(column.field))
        return written(value)

    def known(self, place: int, value: float) -> str:
        """Write a value of a column that the record need not have."""
        column = self.columns[place]
        if column.kind != "code":
            return written(bool(value) if column.kind == "flag" else value)
        if value < column.values:
            return written(self._known(column.field, int(value)))
        return "missing" if value > column.values else "a value never seen"


def written(value: object) -> str:
    """Write a value for people.

    Examples
    --------
    >>> written(3.0), written(None), written(0.12345), written("RAIN")
    ('3', 'missing', '0.123', 'RAIN')
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
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
    """Turn the contributions of one row's columns into shares that sum to 1.

    Negative contributions count as none; where none is positive all columns share alike.

    Examples
    --------
    >>> shares_of(np.array([3.0, -1.0, 1.0])).tolist()
    [0.75, 0.0, 0.25]
    """
    positive = np.clip(parts, 0.0, None)
    total = positive.sum()
    if not total > 0.0:
        return np.full(len(parts), 1.0 / len(parts))
    shares: NDArray[np.float64] = positive / total
    return shares


def plain_reasons(
    parts: NDArray[np.float64], row: NDArray[np.float64], wording: Wording
) -> list[Reason]:
    """Name the columns that contributed, each with the value that was seen."""
    return [
        Reason(
            (wording.columns[place].field,),
            float(share),
            f"{wording.name(place)} is {wording.seen(place, float(row[place]))}",
        )
        for place, share in enumerate(shares_of(parts))
        if share > 0.0
    ]


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
    shares: dict[tuple[str, ...], float] = {}
    loudest: dict[tuple[str, ...], Reason] = {}
    for weight, reasons in weighed:
        for reason in reasons:
            part, fields = weight * reason.share, reason.fields
            shares[fields] = shares.get(fields, 0.0) + part
            if fields not in loudest or part > loudest[fields].share:
                loudest[fields] = msgspec.structs.replace(reason, share=part)
    ranked = sorted(shares, key=lambda fields: (-shares[fields], fields))
    return [msgspec.structs.replace(loudest[one], share=shares[one]) for one in ranked]
