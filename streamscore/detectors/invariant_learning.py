"""Learning what holds in a history: which relations there are between its columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.detector import Matrix
from streamscore.detectors.invariant_equations import Equation, Sum, apart, linked
from streamscore.detectors.invariant_evidence import evidence_of
from streamscore.detectors.invariant_factors import mine_factors
from streamscore.detectors.invariant_mining import LEAST_HELD, mine_relations
from streamscore.detectors.invariant_products import mine_triples
from streamscore.detectors.invariant_relations import (
    WHOLE_TOLERANCE,
    Relations,
    Translations,
    relations_of,
)
from streamscore.detectors.invariant_rounding import FLOAT_ERROR, UNWRITTEN, Writing, writing_of
from streamscore.detectors.network_learning import copies
from streamscore.features import Column

_LEAST_WHOLE = 0.99
"""Share of a column's values that are whole for it to be one of whole numbers."""

_LARGEST_VALUE = 2.0**31
_BOUNDLESS = 1e100
"""What is larger is taken for missing: products of such numbers are beyond float64."""

_MOST_COLUMNS = 60
_MOST_MINED = 20_000
"""Rows that are mined for what holds up to rounding; of more, evenly spaced ones are taken. What is
found has to hold in all."""

_LEAST_TRANSLATED = 0.98

_MOST_DECIMALS = 4
_LEAST_PRESENT = 0.9
"""Share of the rows that have a column for it to be a part of an exact sum of decimals: rows that
lack one of the columns tell nothing."""


@np.errstate(over="ignore", invalid="ignore")  # quotients of tiny numbers fit nothing
def learn_relations(
    matrix: Matrix, columns: Sequence[Column], book: Codebook, seed: int
) -> Relations:
    """Mine a history for relations.

    Parameters
    ----------
    matrix : float64 array of shape (n, d)
        The history in order of time.
    columns : sequence of Column
        What the columns are.
    book : Codebook
        Its codes, for the translations.
    seed : int
        Decides which rows are looked at.
    """
    codes = book.encode(matrix)
    matrix = np.where(np.abs(matrix) < _BOUNDLESS, matrix, np.nan)
    exact = _whole_sums(matrix, columns, seed)
    numbers = [i for i, column in enumerate(columns) if column.kind == "number"]
    writing = writing_of(matrix[:, numbers])
    rounded = _rounded(matrix, np.array(numbers, np.int64), writing, exact, seed)
    equations = apart(exact, rounded, matrix)
    decimals = np.full(matrix.shape[1], UNWRITTEN, np.int64)
    decimals[numbers] = writing.decimals
    return relations_of(equations, _translations(codes, book, equations), decimals)


def _whole_sums(matrix: Matrix, columns: Sequence[Column], seed: int) -> list[Sum]:
    """Mine the columns of whole numbers; the sums found name places in the whole row."""
    whole = [i for i, c in enumerate(columns) if c.kind != "code" and _is_whole(matrix[:, i])]
    places = np.array(whole[:_MOST_COLUMNS], np.int64)
    values = matrix[:, places]
    is_whole = (values == np.floor(values)) & (np.abs(values) < _LARGEST_VALUE)
    good = np.asarray(is_whole.all(axis=1))
    if good.sum() < 2:
        return []
    found = []
    for one in mine_relations(values[good].astype(np.int64), seed):
        among = tuple(places[list(one.columns)].tolist())
        terms = tuple(map(float, one.coefficients)), float(one.constant)
        found.append(Sum(among, *terms, WHOLE_TOLERANCE, 0, 0).counted(matrix))
    return found


def _is_whole(values: NDArray[np.float64]) -> bool:
    seen = values[np.isfinite(values)]
    return bool(len(seen)) and float(np.mean(seen == np.floor(seen))) >= _LEAST_WHOLE


def _rounded(
    matrix: Matrix, numbers: NDArray[np.int64], writing: Writing, exact: Sequence[Sum], seed: int
) -> list[Equation]:
    """Mine columns of numbers for what holds up to rounding; it names places in the whole row."""
    rng = np.random.default_rng(seed)
    rows = np.unique(np.linspace(0, len(matrix) - 1, _MOST_MINED).astype(np.int64))
    evidence = evidence_of(matrix[np.ix_(rows, numbers)], rng)
    kept = np.flatnonzero(evidence.changing)[:_MOST_COLUMNS]
    places, writing, evidence = numbers[kept], writing.chosen(kept), evidence.chosen(kept)
    values = np.asfortranarray(matrix[np.ix_(rows, places)])
    sums = _decimal_sums(values, writing, seed)
    place_of = np.full(matrix.shape[1], -1, np.int64)
    place_of[places] = np.arange(len(places))
    inside = [one.moved(place_of) for one in exact if (place_of[list(one.columns)] >= 0).all()]
    groups = linked([*inside, *sums], len(places))
    factors = mine_factors(values, writing, evidence, groups)
    groups = linked([*inside, *sums, *factors], len(places))
    found = [*sums, *factors, *mine_triples(values, writing, evidence, groups, rng)]
    counted = [one.moved(places).counted(matrix) for one in found]
    return [one for one in counted if one.broken <= (1.0 - LEAST_HELD) * one.judged]


def _decimal_sums(values: NDArray[np.float64], writing: Writing, seed: int) -> list[Sum]:
    """Mine columns of few decimals as whole numbers of the smallest unit."""
    is_there = np.isfinite(values).mean(axis=0) >= _LEAST_PRESENT
    is_short = (writing.decimals >= 0) & (writing.decimals <= _MOST_DECIMALS)
    places = np.flatnonzero(is_there & is_short)
    if not writing.decimals[places].any():
        return []
    per_unit = 10.0 ** int(writing.decimals[places].max())
    scaled = values[:, places] * per_unit
    is_good = (np.abs(scaled) < _LARGEST_VALUE) & (np.abs(scaled - np.rint(scaled)) < 1e-3)
    fitting = is_good.mean(axis=0) >= _LEAST_PRESENT
    places, scaled, good = places[fitting], scaled[:, fitting], is_good[:, fitting].all(axis=1)
    if good.sum() < 2:
        return []
    found = []
    for one in mine_relations(np.rint(scaled[good]).astype(np.int64), seed):
        columns = tuple(places[list(one.columns)].tolist())
        decimals = int(writing.decimals[list(columns)].max())
        if decimals:
            terms = tuple(map(float, one.coefficients)), one.constant / per_unit
            tolerance = (0.5 / 10.0**decimals, FLOAT_ERROR)
            found.append(Sum(columns, *terms, tolerance, 0, 0))
    return found


def _translations(
    codes: NDArray[np.int16], book: Codebook, equations: Sequence[Equation]
) -> Translations:
    """Learn which columns say the same in codes of their own, and are not equal besides."""
    groups = linked(equations, len(book.sizes))
    pairs, translated, broken = [], [], []
    for x, y in np.argwhere(np.tril(copies(codes, book.sizes), -1)).tolist():
        if groups[x] == groups[y]:
            continue
        usual = _translation(codes[:, x], codes[:, y], int(book.sizes[x]), int(book.sizes[y]))
        held = float(np.mean(usual[codes[:, x]] == codes[:, y]))
        if held >= _LEAST_TRANSLATED:
            pairs.append((x, y))
            translated.append(usual)
            broken.append((1.0 - held) * len(codes))
    return Translations(pairs, translated, broken, len(codes))


def _translation(
    x: NDArray[np.int16], y: NDArray[np.int16], first: int, second: int
) -> NDArray[np.int16]:
    """Return the usual code of the second column for each one of the first; -1 for none."""
    counts = np.zeros((first, second), np.int64)
    np.add.at(counts, (x, y), 1)
    usual = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), -1)
    return usual.astype(np.int16)
