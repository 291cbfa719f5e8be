"""Mining of what always holds between whole numbers, in whole numbers.

A relation is c1 x1 + c2 x2 + ... = c0 with small whole coefficients. The candidates are a basis of
the null space of few records, worked out modulo a prime: floating point fakes relations. Records
that break a relation would remove it, so many samples are drawn, each with records in which every
column differs from its usual value, and a candidate is kept where nearly all records keep to it:
over all of them, and over those in which each of its columns is not as usual. The latter refuses
what holds only because a column hardly ever changes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]

_PRIME = 2_147_483_647
"""2^31 - 1: products of two remainders fit into 64 bits."""

_SAMPLES = 24
_UNUSUAL_ROWS = 3
"""Rows of a sample in which a column is not as usual, for each column."""

_LARGEST_COEFFICIENT = 1000
_LARGEST_DENOMINATOR = 12

LEAST_HELD = 0.98
LEAST_HELD_UNUSUAL = 0.5
FEWEST_UNUSUAL = 5
"""Rows in which any one of the columns is not as usual; half of them must keep to it."""


class Relation(NamedTuple):
    """A linear relation.

    Attributes
    ----------
    columns : tuple of int
        Ascending; at least two.
    coefficients : tuple of int
        One a column, not 0, without a common divisor; the first is above 0.
    constant : int
        What the sum of coefficient times value is.
    broken : int
        How many records of the history break it.
    """

    columns: tuple[int, ...]
    coefficients: tuple[int, ...]
    constant: int
    broken: int


def mine_relations(values: Whole, seed: int) -> list[Relation]:
    """Find the linear relations between columns of whole numbers.

    Parameters
    ----------
    values : int64 array of shape (n, m)
        The history in order of time, complete rows; values within +-2^31.
    seed : int
        Decides which rows are drawn.

    Examples
    --------
    >>> parts = np.random.default_rng(1).integers(0, 9, (200, 2))
    >>> mine_relations(np.column_stack([parts.sum(axis=1), parts]), seed=1)
    [Relation(columns=(0, 1, 2), coefficients=(1, -1, -1), constant=0, broken=0)]
    """
    usual = np.array([_most_frequent(column) for column in values.T], np.int64)
    unusual = values != usual
    changing = np.flatnonzero(unusual.sum(axis=0) >= FEWEST_UNUSUAL)
    if len(changing) < 2:
        return []
    rng = np.random.default_rng(seed)
    vectors: set[tuple[int, ...]] = set()
    for _ in range(_SAMPLES):
        rows = _sample(unusual[:, changing], rng)
        part = np.column_stack([values[rows][:, changing], np.ones(len(rows), np.int64)])
        for vector in null_space(np.unique(part, axis=0)):
            if (found := small_integers(vector)) is not None and np.count_nonzero(found[:-1]) > 1:
                vectors.add(found)
    candidates = [_held(values, unusual, changing, vector) for vector in sorted(vectors)]
    return _apart([one for one in candidates if one is not None])


def null_space(rows: Whole) -> list[Whole]:
    """Return a basis of the null space modulo a prime, each vector of as few terms as can be.

    Examples
    --------
    >>> [vector.tolist() for vector in null_space(np.array([[1, 1, 0], [0, 0, 1]]))]
    [[2147483646, 1, 0]]
    """
    left = rows % _PRIME
    pivots: list[int] = []
    for column in range(left.shape[1]):
        below = np.flatnonzero(left[len(pivots) :, column])
        if not len(below):
            continue
        top, chosen = len(pivots), len(pivots) + int(below[0])
        left[[top, chosen]] = left[[chosen, top]]
        left[top] = left[top] * pow(int(left[top, column]), -1, _PRIME) % _PRIME
        others = np.flatnonzero(left[:, column])
        others = others[others != top]
        left[others] = (left[others] - left[others, column][:, None] * left[top]) % _PRIME
        pivots.append(column)
    basis = []
    for free in sorted(set(range(left.shape[1])) - set(pivots)):
        vector = np.zeros(left.shape[1], np.int64)
        vector[free] = 1
        vector[pivots] = -left[: len(pivots), free] % _PRIME
        basis.append(vector)
    return basis


def small_integers(vector: Whole) -> tuple[int, ...] | None:
    """Return the small whole numbers that a vector modulo the prime is a multiple of, if any.

    Examples
    --------
    >>> small_integers(np.array([2147483646, 1, 0]))
    (1, -1, 0)
    >>> small_integers(np.array([123456789, 1]))
    """
    for denominator in range(1, _LARGEST_DENOMINATOR + 1):
        scaled = vector * denominator % _PRIME
        signed = np.where(scaled > _PRIME // 2, scaled - _PRIME, scaled)
        if (np.abs(signed) <= _LARGEST_COEFFICIENT).all():
            divisor = int(np.gcd.reduce(signed))
            sign = 1 if signed[np.flatnonzero(signed)[0]] > 0 else -1
            return tuple((sign * signed // divisor).tolist())
    return None


def _most_frequent(column: Whole) -> int:
    values, counts = np.unique(column, return_counts=True)
    return int(values[counts.argmax()])


def _sample(unusual: NDArray[np.bool_], rng: np.random.Generator) -> Whole:
    """Draw rows in which each column is not as usual, and as many more."""
    any_rows = rng.integers(0, len(unusual), unusual.shape[1] * _UNUSUAL_ROWS)
    chosen = [rng.choice(np.flatnonzero(column), _UNUSUAL_ROWS) for column in unusual.T]
    return np.concatenate([any_rows, *chosen])


def _held(
    values: Whole, unusual: NDArray[np.bool_], changing: Whole, vector: tuple[int, ...]
) -> Relation | None:
    places = np.flatnonzero(vector[:-1])
    columns = changing[places]
    coefficients = np.array(vector[:-1], np.int64)[places]
    holds = values[:, columns] @ coefficients == -vector[-1]
    if holds.mean() < LEAST_HELD:
        return None
    if min(holds[unusual[:, column]].mean() for column in columns) < LEAST_HELD_UNUSUAL:
        return None
    return Relation(
        tuple(columns.tolist()),
        tuple(coefficients.tolist()),
        -vector[-1],
        int((~holds).sum()),
    )


def _apart(candidates: list[Relation]) -> list[Relation]:
    """Keep the best of those that share more than one column."""
    kept: list[Relation] = []
    for one in sorted(candidates, key=lambda found: (found.broken, len(found.columns), found)):
        if all(len(set(one.columns) & set(other.columns)) < 2 for other in kept):
            kept.append(one)
    return kept
