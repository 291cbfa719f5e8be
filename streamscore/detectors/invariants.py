"""Invariants: what held in the whole history, and does not hold in a record.

Two kinds of relation are learned. *Sums* are linear relations between whole numbers, such as a
total that is the sum of its parts, or an hour that is the hour of the event time. *Translations*
are two columns that say the same, each in codes of its own: a weekday from 1, Sunday, beside that
of the event time. A broken relation counts -ln of the share of the history that breaks it, so one
that dirty records break now and then counts for less.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import MISSING, Codebook
from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.invariant_kernels import broken
from streamscore.detectors.invariant_mining import Relation, mine_relations
from streamscore.detectors.network_learning import copies
from streamscore.detectors.reasons import Reason, Wording, written
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_LEAST_WHOLE = 0.99
"""Share of a column's values that are whole for it to be one of whole numbers."""

_LARGEST_VALUE = 2.0**31
_MOST_COLUMNS = 60
_LEAST_TRANSLATED = 0.98
_UNSEEN_BLAME = 50.0
"""How much more a value is to blame that was never seen."""

_TARGET_SHARE = 0.6
"""What a total has of the blame; its parts share the rest."""


class Relations(NamedTuple):
    """Relations, ready for the kernels: m sums and k translations.

    Attributes
    ----------
    coefficients : float64 array of shape (m, d)
        Of each sum.
    constants : float64 array of shape (m,)
        What the sums of coefficient times value are.
    pairs : int64 array of shape (k, 2)
        The columns of each translation.
    firsts : int64 array of shape (k,)
        Where each translation begins in `translated`.
    translated : int16 array
        The code of the second column for each one of the first; -1 where history has none.
    weights : float64 array of shape (m + k,)
        What each one counts when it is broken, sums first; above 0.
    """

    coefficients: NDArray[np.float64]
    constants: NDArray[np.float64]
    pairs: NDArray[np.int64]
    firsts: NDArray[np.int64]
    translated: NDArray[np.int16]
    weights: NDArray[np.float64]


class Invariants:
    """Learned relations between the columns of a source.

    Parameters
    ----------
    book : Codebook
        Codes of the columns, for the translations.
    relations : Relations
        What was learned; there may be none.
    """

    name: ClassVar[str] = "invariants"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, calendar=True)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("broken"),)

    def __init__(self, book: Codebook, relations: Relations) -> None:
        self._book = book
        self._relations = relations
        self._blame = np.zeros((len(relations.weights), len(book.known)))
        for number, coefficients in enumerate(relations.coefficients):
            self._blame[number] = _blame(coefficients)
        for number, pair in enumerate(relations.pairs, len(relations.coefficients)):
            self._blame[number, pair] = 0.5

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "Invariants":
        """Mine the history for relations."""
        book = Codebook.fit(matrix, columns)
        sums = _sums(matrix, columns, seed)
        equal = [set(one.columns) for one in sums]
        pairs = [
            (x, y)
            for x, y in np.argwhere(np.tril(copies(book.encode(matrix), book.sizes), -1)).tolist()
            if {x, y} not in equal
        ]
        return cls(book, _relations(matrix, book, sums, pairs))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "Invariants":
        """Rebuild invariants from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not those of relations.
        """
        book = Codebook.restore(arrays)
        found = Relations(*(np.ascontiguousarray(arrays[name]) for name in Relations._fields))
        if not _fit(found, book):
            shapes = ", ".join(f"{n} {a.dtype} {a.shape}" for n, a in found._asdict().items())
            raise BundleError(f"relations are between columns that there are; got {shapes}")
        return cls(book, found)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the relations, and the codes that they are read with."""
        return {**self._book.arrays(), **self._relations._asdict()}

    def parameters(self) -> dict[str, Any]:
        """Return how many relations there are."""
        found = self._relations
        return {"sums": len(found.constants), "translations": len(found.pairs)}

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1), the weights of what they break, 0 for nothing."""
        is_broken = self._broken(matrix)
        scores: NDArray[np.float64] = is_broken @ self._relations.weights
        return scores[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Split the weight of each broken relation over its columns.

        A total bears most of the blame, its parts the rest; columns that say the same share alike.
        A value that was never seen bears far more.
        """
        found = self._relations
        broken_weights = self._broken(matrix) * found.weights
        suspect = self._suspect(matrix)
        parts = np.zeros(matrix.shape)
        for number in range(len(found.weights)):
            blame = suspect * self._blame[number]
            blame /= blame.sum(axis=1, keepdims=True)
            parts += broken_weights[:, number, None] * blame
        return parts

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Write every broken relation as its equation."""
        told = zip(rows, self._broken(rows), self._suspect(rows), wordings, strict=True)
        return [self._told(*one) for one in told]

    def _told(
        self,
        row: NDArray[np.float64],
        is_broken: NDArray[np.float64],
        suspect: NDArray[np.float64],
        wording: Wording,
    ) -> list[Reason]:
        found = self._relations
        weights = is_broken * found.weights
        if not weights.any():
            return [Reason((column.field,), 1.0 / len(row)) for column in wording.columns]
        blame = suspect * self._blame
        told = _Told(found, wording, row, blame / blame.sum(axis=1, keepdims=True))
        reasons: list[Reason] = []
        for number in np.flatnonzero(weights).tolist():
            share = float(weights[number] / weights.sum())
            if number < len(found.constants):
                reasons += told.sum(number, share)
            else:
                reasons += told.translation(number - len(found.constants), share, self._book)
        return reasons

    def _suspect(self, matrix: Matrix) -> NDArray[np.float64]:
        """Return how suspect each value is by itself: float64 of the shape of the rows."""
        codes, known = self._book.encode(matrix), self._book.known
        return np.where((codes >= known) & (codes < known + MISSING), _UNSEEN_BLAME, 1.0)

    def _broken(self, matrix: Matrix) -> NDArray[np.float64]:
        """Return which relations rows break: float64 of shape (n, m + k), 0 or 1."""
        found: NDArray[np.float64] = broken(
            self._book.checked(matrix), self._book.rules, tuple(self._relations)
        )
        return found


class _Told(NamedTuple):
    """One row, and what its broken relations are told with."""

    relations: Relations
    wording: Wording
    row: NDArray[np.float64]
    blame: NDArray[np.float64]

    def sum(self, number: int, share: float) -> list[Reason]:
        coefficients = self.relations.coefficients[number]
        constant = float(self.relations.constants[number])
        target = _target(coefficients)
        places = np.flatnonzero(coefficients).tolist()
        if target is None or len(places) == 2:
            return [Reason(self._named(places), share, self._equation(coefficients, constant))]
        parts = [place for place in places if place != target]
        name, seen = self.wording.name(target), self.wording.seen(target, float(self.row[target]))
        total = (constant - coefficients[parts] @ self.row[parts]) / coefficients[target]
        is_plain = not constant and bool((coefficients[parts] == -coefficients[target]).all())
        them = "its parts sum" if is_plain else f"{self._terms(parts, coefficients)} comes"
        words = f"{name} {seen}, but {them} to {written(float(total))}"
        whole = Reason(
            (self.wording.field(target),),
            share * float(self.blame[number, target]),
            words,
            tuple(f for f in self._named(parts) if f != self.wording.field(target)),
        )
        return [whole, *(self._part(p, share * float(self.blame[number, p]), name) for p in parts)]

    def translation(self, number: int, share: float, book: Codebook) -> list[Reason]:
        x, y = self.relations.pairs[number].tolist()
        codes = book.encode(self.row[None, :])[0]
        code = int(self.relations.translated[self.relations.firsts[number] + codes[x]])
        values = book.value_at(y, code)
        expected = "another" if values is None else self.wording.known(y, values[0])
        words = f"{self._one(y)}, but at {self._one(x)} it is {expected}"
        return [Reason(self._named([y, x]), share, words)]

    def _part(self, place: int, share: float, total: str) -> Reason:
        words = f"{self._one(place)}, a part of {total}"
        return Reason((self.wording.field(place),), share, words)

    def _equation(self, coefficients: NDArray[np.float64], constant: float) -> str:
        """Write both sides as they are, and that they are not equal."""
        left, right = coefficients > 0.0, coefficients < 0.0
        sides = [self._terms(np.flatnonzero(one).tolist(), coefficients) for one in (left, right)]
        if constant:
            sides[1] = " and ".join(filter(None, [sides[1], written(constant)]))
        return f"{sides[0]}, but {sides[1]}"

    def _terms(self, places: list[int], coefficients: NDArray[np.float64]) -> str:
        factors = [abs(float(coefficients[place])) for place in places]
        return " and ".join(
            self._one(place) if factor == 1.0 else f"{written(factor)} times {self._one(place)}"
            for place, factor in zip(places, factors, strict=True)
        )

    def _one(self, place: int) -> str:
        return f"{self.wording.name(place)} {self.wording.seen(place, float(self.row[place]))}"

    def _named(self, places: Sequence[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.wording.field(place) for place in places))


def _target(coefficients: NDArray[np.float64]) -> int | None:
    """Return the column that is the sum of the others, if there is one."""
    for side in (coefficients > 0, coefficients < 0):
        if side.sum() == 1 and np.count_nonzero(coefficients) > 2:
            return int(side.argmax())
    return None


def _blame(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    is_in = coefficients != 0.0
    target = _target(coefficients)
    count = int(is_in.sum())
    if target is None:
        alike: NDArray[np.float64] = is_in / count
        return alike
    parts: NDArray[np.float64] = is_in * (1.0 - _TARGET_SHARE) / (count - 1)
    parts[target] = _TARGET_SHARE
    return parts


def _sums(matrix: Matrix, columns: Sequence[Column], seed: int) -> list[Relation]:
    """Mine the columns of whole numbers; the relations found name places in the whole row."""
    whole = [i for i, c in enumerate(columns) if c.kind != "code" and _is_whole(matrix[:, i])]
    places = np.array(whole[:_MOST_COLUMNS], np.int64)
    values = matrix[:, places]
    is_whole = (values == np.floor(values)) & (np.abs(values) < _LARGEST_VALUE)
    good = np.asarray(is_whole.all(axis=1))
    if good.sum() < 2:
        return []
    found = mine_relations(values[good].astype(np.int64), seed)
    return [one._replace(columns=tuple(places[list(one.columns)].tolist())) for one in found]


def _is_whole(values: NDArray[np.float64]) -> bool:
    seen = values[np.isfinite(values)]
    return bool(len(seen)) and float(np.mean(seen == np.floor(seen))) >= _LEAST_WHOLE


def _relations(
    matrix: Matrix, book: Codebook, sums: Sequence[Relation], pairs: Sequence[tuple[int, int]]
) -> Relations:
    coefficients = np.zeros((len(sums), matrix.shape[1]))
    for number, one in enumerate(sums):
        coefficients[number, list(one.columns)] = one.coefficients
    codes = book.encode(matrix)
    tables = [_translation(codes[:, x], codes[:, y], book, x, y) for x, y in pairs]
    kept = [i for i, (_, held) in enumerate(tables) if held >= _LEAST_TRANSLATED]
    translated = [tables[i][0] for i in kept]
    broken_shares = [one.broken / len(matrix) for one in sums]
    broken_shares += [1.0 - tables[i][1] for i in kept]
    # As if one row more had been met that breaks it.
    weights = -np.log((np.array(broken_shares) * len(matrix) + 1.0) / (len(matrix) + 1.0))
    return Relations(
        coefficients,
        np.array([one.constant for one in sums], np.float64),
        np.array([pairs[i] for i in kept], np.int64).reshape(-1, 2),
        np.cumsum([0, *map(len, translated)])[:-1].astype(np.int64),
        np.concatenate([np.zeros(0, np.int16), *translated]),
        weights,
    )


def _translation(
    x: NDArray[np.int16], y: NDArray[np.int16], book: Codebook, first: int, second: int
) -> tuple[NDArray[np.int16], float]:
    """Return the usual code of the second column for each one of the first, and how often it is."""
    sizes = int(book.sizes[first]), int(book.sizes[second])
    counts = np.zeros(sizes, np.int64)
    np.add.at(counts, (x, y), 1)
    usual = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), -1).astype(np.int16)
    return usual, float(np.mean(usual[x] == y))


def _fit(found: Relations, book: Codebook) -> bool:
    """Tell whether the kernel, which looks nothing up twice, stays within the arrays."""
    d, m, k = len(book.known), len(found.constants), len(found.pairs)
    shapes = (
        found.coefficients.shape == (m, d)
        and found.constants.shape == (m,)
        and found.pairs.shape == (k, 2)
        and found.firsts.shape == (k,)
        and found.weights.shape == (m + k,)
        and found.translated.ndim == 1
    )
    if not shapes or found.pairs.dtype != np.int64 or found.firsts.dtype != np.int64:
        return False
    if not ((found.pairs >= 0) & (found.pairs < d)).all():
        return False
    lengths = book.sizes[found.pairs[:, 0]]
    ends = np.append(found.firsts[1:], len(found.translated))
    return bool(np.array_equal(found.firsts + lengths, ends[:k]) and (found.firsts >= 0).all())
