"""Broken relations in words: each as its equation, with the record's own numbers."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.invariant_relations import Relations, total_of
from streamscore.detectors.reasons import Reason, Wording, written

_MOST_DIGITS, _LARGEST = 15, 1e15
"""Digits that float64 holds, and where it holds no fractions any more."""


class ToldRow(NamedTuple):
    """One row, and what its broken relations are told with.

    Attributes
    ----------
    relations : Relations
        All that there are.
    book : Codebook
        The codes of the translations.
    wording : Wording
        Turns the row's columns into words.
    row : float64 array of shape (d,)
        The row.
    blame : float64 array of shape (relations, d)
        What each column bears of each relation; rows sum to 1.
    """

    relations: Relations
    book: Codebook
    wording: Wording
    row: NDArray[np.float64]
    blame: NDArray[np.float64]

    def relation(self, number: int, share: float) -> list[Reason]:
        """Tell a relation that is broken; what is said of it has this share of the whole."""
        sums, translations = len(self.relations.constants), len(self.relations.pairs)
        if number < sums:
            return self._sum(number, share)
        if number < sums + translations:
            return self._translation(number - sums, share)
        return self._product(number, number - sums - translations, share)

    def _sum(self, number: int, share: float) -> list[Reason]:
        coefficients = self.relations.coefficients[number]
        constant = float(self.relations.constants[number])
        places = np.flatnonzero(coefficients).tolist()
        total = total_of(coefficients)
        if total is None:
            return [Reason(self._named(places), share, self._equation(coefficients, constant))]
        parts = [place for place in places if place != total]
        sum_of_parts = constant - float(coefficients[parts] @ self.row[parts])
        sum_of_parts /= float(coefficients[total])
        is_plain = not constant and bool((coefficients[parts] == -coefficients[total]).all())
        them = "its parts sum" if is_plain else f"{self._terms(parts, coefficients)} comes"
        words = f"{self._one(total)}, but {them} to {self._worked_out(total, sum_of_parts)}"
        return self._whole(number, share, total, parts, words)

    def _product(self, number: int, place: int, share: float) -> list[Reason]:
        whole, first, second = self.relations.products[place].tolist()
        factor = float(self.relations.factors[place])
        product = self._worked_out(whole, factor * float(self.row[first]) * float(self.row[second]))
        divided = "" if factor == 1.0 else f", divided by {written(1.0 / factor)},"
        them = f"{self._one(first)} times {self._one(second)}{divided}"
        words = f"{self._one(whole)}, but {them} is {product}"
        return self._whole(number, share, whole, [first, second], words)

    def _translation(self, place: int, share: float) -> list[Reason]:
        x, y = self.relations.pairs[place].tolist()
        codes = self.book.encode(self.row[None, :])[0]
        code = int(self.relations.translated[self.relations.firsts[place] + codes[x]])
        values = self.book.value_at(y, code)
        expected = "another" if values is None else self.wording.known(y, values[0])
        words = f"{self._one(y)}, but at {self._one(x)} it is {expected}"
        return [Reason(self._named([y, x]), share, words)]

    def _whole(
        self, number: int, share: float, whole: int, parts: Sequence[int], words: str
    ) -> list[Reason]:
        """Blame the whole, in such words, and each of its parts."""
        field, name = self.wording.field(whole), self.wording.name(whole)
        bears = self.blame[number]
        quoted = tuple(other for other in self._named(parts) if other != field)
        return [
            Reason((field,), share * float(bears[whole]), words, quoted),
            *(
                Reason(
                    (self.wording.field(part),),
                    share * float(bears[part]),
                    f"{self._one(part)}, a part of {name}",
                )
                for part in parts
            ),
        ]

    def _equation(self, coefficients: NDArray[np.float64], constant: float) -> str:
        """Write both sides as they are, and what they come to where that is not plain to see."""
        places = np.flatnonzero(coefficients).tolist()
        finest = max(places, key=lambda place: int(self.relations.decimals[place]))
        left = [place for place in places if coefficients[place] > 0.0]
        right = [place for place in places if coefficients[place] < 0.0]
        sides = [
            self._side(left, coefficients, 0.0, finest),
            self._side(right, coefficients, constant, finest),
        ]
        return ", but ".join(sides)

    def _side(
        self,
        places: Sequence[int],
        coefficients: NDArray[np.float64],
        constant: float,
        finest: int,
    ) -> str:
        terms = [self._terms(places, coefficients)] if places else []
        rest = [self._worked_out(finest, constant)] if constant or not terms else []
        words = " and ".join(terms + rest)
        factors = np.abs(coefficients[list(places)])
        if not places or (factors.tolist() == [1.0] and not constant):
            return words
        value = float(factors @ self.row[list(places)]) + constant
        are = "are" if len(places) > 1 or constant else "is"
        return f"{words} {are} {self._worked_out(finest, value)}"

    def _terms(self, places: Sequence[int], coefficients: NDArray[np.float64]) -> str:
        factors = [abs(float(coefficients[place])) for place in places]
        return " and ".join(
            self._one(place) if factor == 1.0 else f"{factor:.6g} times {self._one(place)}"
            for place, factor in zip(places, factors, strict=True)
        )

    def _one(self, place: int) -> str:
        """Name a column with what the row has of it, a number with all its decimals."""
        value, decimals = float(self.row[place]), int(self.relations.decimals[place])
        if self.wording.column(place).kind != "number" or not self._is_written(place, value):
            return f"{self.wording.name(place)} {self.wording.seen(place, value)}"
        figure = f"{value:.{decimals}f}"
        exact = figure if float(figure) == value else f"{value:.{_MOST_DIGITS}g}"
        return f"{self.wording.name(place)} {exact}"

    def _worked_out(self, place: int, value: float) -> str:
        """Write what a column should be, with as many decimals as history has of it."""
        is_written = self._is_written(place, value)
        return f"{value:.{self.relations.decimals[place]}f}" if is_written else written(value)

    def _is_written(self, place: int, value: float) -> bool:
        return self.relations.decimals[place] >= 0 and abs(value) < _LARGEST

    def _named(self, places: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.wording.field(place) for place in places))
