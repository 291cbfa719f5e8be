"""A codebook: columns of any kind become small integers, so that they can be counted.

Categories, flags and calendar parts keep their codes. A number whose values are few whole numbers
gets a code for each of them; any other number is cut into bins of equal width over the range that
nearly all of history keeps to. Every column ends with three codes more: what was never seen (a new
category, a whole number between the known ones, a number above the range), what lies below the
range, and what is missing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook_kernels import codes_of
from streamscore.detectors.detector import Matrix
from streamscore.errors import BundleError
from streamscore.features import Column

UNSEEN, BELOW, MISSING = 0, 1, 2
"""What the three codes after the known ones stand for, in their order."""

_MOST_KNOWN = 64
"""Codes of one column: tables of three columns stay small. Rarer categories share the last one."""

_WIDEST = 4096
"""Whole numbers lie in a table from the lowest to the highest, if it is no longer than this."""

_RARE_SHARE, _RARE_ROWS = 1e-3, 20
"""Whole numbers that fewer rows have, by share and by count, share their code with neighbours that
are as rare."""

_NARROWEST, _LEAST_RANGE = 1e-12, 1e-290
"""A range that is narrower, in units of its values or by itself, is one value."""

_FEWEST_BINS, _MOST_BINS = 5, 32
_OUTER_SHARE = 1e-3
"""Share of history at each end that does not decide the range of the bins by itself."""


class Codebook:
    """How each of d columns becomes codes.

    Parameters
    ----------
    low, per_unit : float64 arrays of shape (d,)
        A value's slot is the whole part of (value - low) * per_unit.
    is_exact : bool array of shape (d,)
        Whether a value has to lie on its slot exactly to be a known one.
    starts : int64 array of shape (d + 1,)
        Where each column's slots lie in `slots`.
    slots : int16 array of shape (starts[d],)
        The code of each slot.
    known : int64 array of shape (d,)
        How many known codes each column has, at least 1.

    Attributes
    ----------
    rules : tuple of array
        What the kernels read: low, per_unit, is_exact, starts, slots, known.
    """

    def __init__(
        self,
        low: NDArray[np.float64],
        per_unit: NDArray[np.float64],
        is_exact: NDArray[np.bool_],
        starts: NDArray[np.int64],
        slots: NDArray[np.int16],
        known: NDArray[np.int64],
    ) -> None:
        self.low = np.ascontiguousarray(low, np.float64)
        self.per_unit = np.ascontiguousarray(per_unit, np.float64)
        self.is_exact = np.ascontiguousarray(is_exact, np.bool_)
        self.starts = np.ascontiguousarray(starts, np.int64)
        self.slots = np.ascontiguousarray(slots, np.int16)
        self.known = np.ascontiguousarray(known, np.int64)
        unsigned = (np.ascontiguousarray(a, np.uint32) for a in (starts, slots, known))
        self._values: dict[tuple[int, int], tuple[float, float] | None] = {}
        self.rules: tuple[NDArray[Any], ...] = (self.low, self.per_unit, self.is_exact, *unsigned)

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column]) -> "Codebook":
        """Learn codes from a history of shape (n, d).

        Examples
        --------
        >>> column = Column(name="x", field="x", kind="number")
        >>> book = Codebook.fit(np.array([[1.0], [2.0], [5.0]]), [column])
        >>> book.encode(np.array([[2.0], [5.0], [3.0], [0.0], [np.nan]]))[:, 0].tolist()
        [1, 2, 3, 4, 5]
        """
        rules = [_rule(matrix[:, i], column) for i, column in enumerate(columns)]
        lengths = [len(slots) for _, _, _, slots, _ in rules]
        return cls(
            np.array([low for low, _, _, _, _ in rules]),
            np.array([per_unit for _, per_unit, _, _, _ in rules]),
            np.array([is_exact for _, _, is_exact, _, _ in rules], np.bool_),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([np.zeros(0, np.int16), *(slots for _, _, _, slots, _ in rules)]),
            np.array([known for _, _, _, _, known in rules], np.int64),
        )

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> "Codebook":
        """Rebuild a codebook from what `arrays` returned.

        Raises
        ------
        KeyError, BundleError
            When the arrays are not a codebook's.
        """
        names = ("low", "per_unit", "is_exact", "starts", "slots", "known")
        found = {name: arrays[f"book.{name}"] for name in names}
        low, starts, slots, known = (found[name] for name in ("low", "starts", "slots", "known"))
        # The kernels look nothing up twice: a wrong number would read beyond the arrays.
        fits = (
            all(array.ndim == 1 for array in found.values())
            and len(starts) == len(low) + 1
            and len(found["per_unit"]) == len(found["is_exact"]) == len(known) == len(low)
            and starts[0] == 0
            and starts[-1] == len(slots)
            and bool((np.diff(starts) > 0).all())
            and all(found[name].dtype.kind in "iu" for name in ("starts", "slots", "known"))
            and bool(np.isfinite(low).all() and np.isfinite(found["per_unit"]).all())
            and bool((found["per_unit"] > 0.0).all())
            and bool(((known > 0) & (known <= _WIDEST)).all())
            and bool((slots >= 0).all())
            and bool((slots < np.repeat(known, np.diff(starts)) + 3).all())
        )
        if not fits:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in found.items())
            raise BundleError(f"a codebook has slots for each column; got {shapes}")
        return cls(**found)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, for the bundle."""
        names = ("low", "per_unit", "is_exact", "starts", "slots", "known")
        return {f"book.{name}": getattr(self, name) for name in names}

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many codes each column has: int64 of shape (d,), at least 4."""
        return self.known + 3

    def encode(self, matrix: Matrix) -> NDArray[np.int16]:
        """Return the codes of rows of shape (n, d): int16 of the same shape.

        Raises
        ------
        ValueError
            When the rows have another number of columns.
        """
        found: NDArray[np.int16] = codes_of(self.checked(matrix), self.rules)
        return found

    def checked(self, matrix: Matrix) -> Matrix:
        """Return rows that the kernels may read."""
        if matrix.shape[1] != len(self.low):
            raise ValueError(f"rows have {len(self.low)} columns, got {matrix.shape[1]}")
        return np.ascontiguousarray(matrix, np.float64)

    def value_at(self, place: int, code: int) -> tuple[float, float] | None:
        """Return the lowest and highest value of a column's known code; None for the others."""
        key = (place, code)
        if key not in self._values:
            # Looking among the slots takes longer than all else that is said of a record.
            self._values[key] = self._looked_up(place, code)
        return self._values[key]

    def _looked_up(self, place: int, code: int) -> tuple[float, float] | None:
        slots = self.slots[self.starts[place] : self.starts[place + 1]]
        own = np.flatnonzero(slots == code)
        if code >= self.known[place] or not len(own):
            return None
        width, low = 1.0 / float(self.per_unit[place]), float(self.low[place])
        highest = int(own[-1]) if self.is_exact[place] else int(own[-1]) + 1
        return low + int(own[0]) * width, low + highest * width

    def range_of(self, place: int) -> tuple[float, float]:
        """Return the lowest and highest value that has a known code."""
        width, low = 1.0 / float(self.per_unit[place]), float(self.low[place])
        slots = int(self.starts[place + 1] - self.starts[place])
        return low, low + (slots - int(self.is_exact[place])) * width


_Rule = tuple[float, float, bool, NDArray[np.int16], int]
"""low, per_unit, is_exact, slots, known"""


def _rule(values: NDArray[np.float64], column: Column) -> _Rule:
    if column.kind == "code":
        return _of_categories(column.values)
    seen = values[np.isfinite(values)]
    if not len(seen):
        return 0.0, 1.0, True, np.zeros(1, np.int16), 1
    whole, counts = np.unique(seen, return_counts=True)
    few = len(whole) <= _MOST_KNOWN and whole[-1] - whole[0] < _WIDEST
    if few and bool((whole == np.floor(whole)).all()):
        return _of_whole_numbers(whole, counts)
    return _of_bins(seen)


def _of_categories(values: int) -> _Rule:
    known = max(1, min(values, _MOST_KNOWN))
    slots = np.minimum(np.arange(values + 2), known - 1).astype(np.int16)
    slots[values:] = known + UNSEEN, known + MISSING
    return 0.0, 1.0, True, slots, known


def _of_whole_numbers(whole: NDArray[np.float64], counts: NDArray[np.int64]) -> _Rule:
    places = (whole - whole[0]).astype(np.int64)
    codes = _grouped(counts)
    known = int(codes[-1]) + 1
    slots = np.full(places[-1] + 1, known + UNSEEN, np.int16)
    is_shared = np.bincount(codes)[codes] > 1
    for i in range(len(places)):
        # Numbers between those that share a code, or beside them, belong to them.
        end = places[i + 1] if i + 1 < len(places) else places[i] + 1
        if i + 1 < len(places) and not is_shared[i] and is_shared[i + 1]:
            slots[places[i] + 1 : end] = codes[i + 1]
        slots[places[i] : end if is_shared[i] else places[i] + 1] = codes[i]
    return float(whole[0]), 1.0, True, slots, known


def _grouped(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each value its code; neighbours that are rare share one until it is not."""
    codes = np.zeros(len(counts), np.int64)
    fewest = min(_RARE_ROWS, _RARE_SHARE * float(counts.sum()))
    held = int(counts[0])
    for i in range(1, len(counts)):
        is_full = held >= fewest or counts[i] >= fewest
        codes[i] = codes[i - 1] + is_full
        held = int(counts[i]) + (0 if is_full else held)
    return codes


def _of_bins(seen: NDArray[np.float64]) -> _Rule:
    bins = int(np.clip(round(len(seen) ** (1 / 3)), _FEWEST_BINS, _MOST_BINS))
    low, high = np.quantile(seen, [_OUTER_SHARE, 1.0 - _OUTER_SHARE])
    # A few values far out must not push all others into one bin; those near the rest belong to it.
    margin = 0.5 * (high - low)
    low, high = max(seen.min(), low - margin), min(seen.max(), high + margin)
    if not high - low > max(_NARROWEST * abs(low), _LEAST_RANGE):
        low, high = low - 0.5, high + 0.5
    per_unit = bins / (high - low) * (1.0 - 1e-9)
    return float(low), float(per_unit), False, np.arange(bins, dtype=np.int16), bins
