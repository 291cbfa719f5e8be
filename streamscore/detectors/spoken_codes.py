"""Codes spoken of: a code may stand for one value, or for a range of numbers that are cut alike.

What falls into a range is never said to be one value, nor to be that value in so many cases.
"""

from math import inf
from typing import NamedTuple

from streamscore.detectors.codebook import BELOW, MISSING, UNSEEN, Codebook
from streamscore.detectors.reasons import Terms, Wording, written
from streamscore.detectors.spoken_columns import span
from streamscore.detectors.written_numbers import (
    FEWEST_DIGITS,
    OWN_DIGITS,
    digits_apart,
    rounded,
    whole_from,
)


class CodedRecord(NamedTuple):
    """One record: turns its columns into words, its row, and the codes of that."""

    wording: Wording
    row: list[float]
    codes: list[int]


class _Range(NamedTuple):
    """The ends of a range of numbers, and what is said of them.

    Attributes
    ----------
    ends : tuple of float
        One or two.
    side : str
        On which side of a single end it lies.
    text : str
        What is said, its numbers in the usual digits.
    """

    ends: tuple[float, ...]
    side: str
    text: str

    @classmethod
    def of(cls, ends: tuple[float, ...], side: str = "") -> "_Range":
        return cls(ends, side, _filled(ends, side, FEWEST_DIGITS))

    def beside(self, digits: int) -> str:
        return self.text if digits == FEWEST_DIGITS else _filled(self.ends, self.side, digits)


class SpokenCodes:
    """Speaks of the codes of records.

    Parameters
    ----------
    book : Codebook
        What codes stand for.
    """

    def __init__(self, book: Codebook) -> None:
        self._book = book
        self._known = book.known.tolist()
        self._is_exact = book.is_exact.tolist()
        self._ranges: dict[tuple[int, int, bool], _Range | None] = {}

    def given(self, record: CodedRecord, place: int) -> str:
        """Name a column and what the record's code of it stands for: `power_kw 38.2 to 40.1`."""
        name, code = record.wording.name(place), record.codes[place]
        if self._range(record, place, code) is not None:
            return f"{name} {self.code(record, place, code)}"
        own = record.wording.seen(place, record.row[place])
        if self.is_several(place, code):
            return f"{name} {own} ({self.code(record, place, code)})"
        return f"{name} {own}"

    def seen(self, record: CodedRecord, place: int, other: int | None = None) -> str:
        """Say what a record has, in as many digits as tell it from what another code stands for."""
        digits = FEWEST_DIGITS if other is None else self._digits(record, place, other)
        own = record.wording.seen(place, record.row[place], max(digits, OWN_DIGITS))
        return f"{record.wording.name(place)} is {own}{self._how_new(place, record.codes[place])}"

    def is_several(self, place: int, code: int) -> bool:
        """Tell whether a known code stands for more than one value."""
        values = self._book.value_at(place, code)
        return values is not None and values[0] != values[1]

    def code(self, record: CodedRecord, place: int, code: int) -> str:
        """Write what a code of a record's column stands for."""
        if (found := self._range(record, place, code)) is not None:
            return found.beside(self._digits(record, place, code))
        if (values := self._book.value_at(place, code)) is not None:
            low, high = values
            if low == high or record.wording.column(place).kind != "code":
                return span(*(record.wording.known(place, value) for value in values))
            return f"one of {round(high - low) + 1} rarer values"
        return "missing" if code == self._known[place] + MISSING else "a value never seen"

    def _range(self, record: CodedRecord, place: int, code: int) -> _Range | None:
        """Return the range of numbers that a code stands for; None where it is none."""
        if record.wording.column(place).kind != "number":
            return None
        key = (place, code, record.wording.is_whole(place))
        if key not in self._ranges:
            self._ranges[key] = self._range_of(record.wording.terms, *key)
        return self._ranges[key]

    def _range_of(self, terms: Terms, place: int, code: int, is_whole: bool) -> _Range | None:
        values, is_bin = self._book.value_at(place, code), not self._is_exact[place]
        if values is not None:
            low, high = self._ends(terms, place, values, is_whole=is_whole and is_bin)
            return None if low == high and not is_bin else _Range.of((low, high))
        if not is_bin or code == self._known[place] + MISSING:
            return None
        low, high = self._ends(terms, place, self._book.range_of(place), is_whole=is_whole)
        is_below = code == self._known[place] + BELOW
        return _Range.of((low if is_below else high,), "below" if is_below else "above")

    def _ends(
        self, terms: Terms, place: int, values: tuple[float, float], *, is_whole: bool
    ) -> tuple[float, float]:
        """Return the ends of a range: of whole numbers those that lie in it."""
        low, high = (terms.number(place, value) for value in values)
        if not is_whole:
            return low, high
        return whole_from(low), max(whole_from(high) - 1.0, whole_from(low))

    def _digits(self, record: CodedRecord, place: int, code: int) -> int:
        """Return in how many digits the record's number lies on its side of a range's ends."""
        value, found = record.row[place], self._range(record, place, code)
        if found is None or not abs(value) < inf:
            return FEWEST_DIGITS
        return digits_apart(record.wording.terms.number(place, value), found.ends)

    def _how_new(self, place: int, code: int) -> str:
        """Say what is new about a value.

        Bins do not reach as far as the few values of history that lie farthest out.
        """
        side = code - self._known[place]
        if side < 0 or side == MISSING:
            return ""
        if side == UNSEEN and self._is_exact[place]:
            return ", never seen"
        nearly = "" if self._is_exact[place] else "nearly "
        return f", {'above' if side == UNSEEN else 'below'} {nearly}all before"


def _filled(ends: tuple[float, ...], side: str, digits: int) -> str:
    texts = [written(rounded(end, digits), digits) for end in ends]
    return f"{side} {texts[0]}" if side else span(*texts)
