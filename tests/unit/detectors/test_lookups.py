"""Compiled look-ups agree with plain ones, whatever the values are and however many."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.codebook_kernels import BLOCK, unseen_counts
from streamscore.detectors.dependency_network import DependencyNetwork
from streamscore.detectors.feature_tails import FeatureTails
from streamscore.detectors.measures import BY_LENGTH, LOG, PLAIN, Measure
from streamscore.detectors.network_kernels import loudest_views
from streamscore.detectors.pair_kernels import largest_evidence, told_by_pairs
from streamscore.detectors.sentinel_count import sentinel_counts
from streamscore.detectors.surprise_tables import restored_tables
from streamscore.features import Column
from tests.naive.lookups import (
    naive_channels,
    naive_code,
    naive_loudest,
    naive_measure,
    naive_sentinels,
    naive_told_by_pairs,
)

COLUMNS = (
    Column(name="kind", field="kind", kind="code", values=4),
    Column(name="count", field="count", kind="number"),
    Column(name="size", field="size", kind="number"),
    Column(name="same", field="same", kind="number"),
)
SEEDS = st.integers(0, 10_000)
VALUES = st.one_of(
    st.sampled_from([np.nan, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 7.0, 1e300, -1e300]),
    st.floats(-20.0, 20.0),
)


def history(rows: int, seed: int) -> NDArray[np.float64]:
    """A category, a count that follows it, a measured size, and what is always the same."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, rows)
    count = np.where(rng.random(rows) < 0.9, 2 * kind, rng.integers(0, 9, rows))
    table = np.column_stack([kind, count, rng.normal(size=rows), np.full(rows, 7)])
    table[rng.random((rows, 4)) < 0.02] = np.nan
    return table


def among(rows: int, seed: int) -> NDArray[np.float64]:
    """Rows of which some values were never seen, lie below the range or are missing."""
    rng = np.random.default_rng([seed, 1])
    odd = rng.choice([np.nan, -3.0, 0.5, 4.0, 5.0, 99.0], (rows, 4))
    return np.where(rng.random((rows, 4)) < 0.2, odd, history(rows, seed + 1))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(0, 9), st.just(4)), elements=VALUES), SEEDS)
def test_each_value_has_the_code_of_its_slot(matrix: NDArray[np.float64], seed: int) -> None:
    book = Codebook.fit(history(300, seed), COLUMNS)
    expected = [
        [naive_code(book, i, value) for i, value in enumerate(row)] for row in matrix.tolist()
    ]
    assert book.encode(matrix).tolist() == expected


def test_codes_of_many_rows_are_those_of_each() -> None:
    book, rows = Codebook.fit(history(500, 1), COLUMNS), among(3 * BLOCK + 5, 2)
    expected = [
        [naive_code(book, i, value) for i, value in enumerate(row)] for row in rows.tolist()
    ]
    assert book.encode(rows).tolist() == expected


@pytest.mark.parametrize("rows", [0, 1, BLOCK, 2 * BLOCK + 3])
def test_values_never_seen_are_counted_in_the_columns_that_count(rows: int) -> None:
    book, matrix = Codebook.fit(history(500, 1), COLUMNS), among(rows, 3)
    counts = np.array([True, False, True, True])
    found = unseen_counts(matrix, book.rules, counts)
    unseen = (book.encode(matrix) - book.known >= 0) & (book.encode(matrix) - book.known < 2)
    assert found.tolist() == unseen[:, counts].sum(axis=1).tolist()


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_loudest_view_of_a_group_is_found_and_what_it_expects(seed: int) -> None:
    past = history(600, seed)
    # The first copies share a group.
    network = DependencyNetwork.fit(np.column_stack([past, past[:, 1]]), [*COLUMNS, COLUMNS[1]], 1)
    book, found = Codebook.restore(network.arrays()), network.arrays()
    tables, groups, known = restored_tables(found, book), found["groups"], book.known
    rows = among(30, seed)
    codes = np.zeros((30, 6), np.int64)
    codes[:, :5] = book.encode(np.column_stack([rows, rows[:, 1]]))
    views, likeliest, chances = loudest_views(codes, known, tables, groups)
    for place, row in enumerate(codes.tolist()):
        told = naive_loudest(row, known.tolist(), tables, groups.tolist())
        assert set(told) == set(groups.tolist())
        for group, expected in told.items():
            own = views[place, group], likeliest[place, group], chances[place, group]
            assert own == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.2, 1.0]))
def test_what_pairs_say_is_added_up_by_column(seed: int, telling: float) -> None:
    rng = np.random.default_rng(seed)
    book = Codebook.fit(history(300, seed), COLUMNS)
    rows, sizes = among(20, seed), book.sizes.tolist()
    pairs = np.array([(1, 0), (2, 0), (2, 1), (3, 2)][: int(rng.integers(1, 5))])
    tables = [np.maximum(rng.normal(size=(sizes[i], sizes[j])), 0.0) for i, j in pairs.tolist()]
    firsts = np.cumsum([0, *(table.size for table in tables)])[:-1]
    evidence = np.concatenate([table.ravel() for table in tables]).astype(np.float32)
    unsigned = pairs.astype(np.uint32), firsts.astype(np.uint32), evidence
    codes = book.encode(rows)
    told = told_by_pairs(codes.astype(np.uint32), book.rules, *unsigned, telling)
    largest = largest_evidence(rows, book.rules, *unsigned)
    for place, row in enumerate(codes.tolist()):
        said = {
            (i, j): float(np.float32(table[row[i], row[j]]))
            for (i, j), table in zip(pairs.tolist(), tables, strict=True)
        }
        assert largest[place] == max(said.values())
        found = zip(*(array[place].tolist() for array in told), strict=True)
        for own, expected in zip(found, naive_told_by_pairs(said, 4, telling), strict=True):
            assert own == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(0, 9), st.just(4)), elements=VALUES))
def test_values_that_say_nothing_are_counted(matrix: NDArray[np.float64]) -> None:
    meaningless = {(0, 3.0), (1, 0.0), (1, 7.0)}
    column, code = (np.array(side) for side in zip(*sorted(meaningless), strict=True))
    found = sentinel_counts(matrix, column, code)
    assert found.tolist() == [naive_sentinels(row, meaningless) for row in matrix.tolist()]


MEASURES = [
    Measure("a.high", "a", 0, 1.0, PLAIN, 0, 2.0, 4.0),
    Measure("a.low", "a", 0, -1.0, LOG, 0, 0.3, 0.25),
    Measure("strange", "t", 1, 1.0, BY_LENGTH, 2, 0.1, 0.2, 0.7),
    Measure("strange", "t", 3, 1.0, BY_LENGTH, 2, 0.4, 0.1, 0.0),
    Measure("strange", "u", 3, -1.0, PLAIN, 0, 0.0, 1.0),
]


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(0, 9), st.just(4)),
        elements=st.one_of(st.just(np.nan), st.floats(-20.0, 20.0)),
    )
)
def test_measures_are_deviations_from_the_usual_and_channels_their_highest_field(
    matrix: NDArray[np.float64],
) -> None:
    # A length is never missing, nor below 0.
    matrix[:, 2] = np.abs(np.nan_to_num(matrix[:, 2]))
    tails, rows = FeatureTails(MEASURES), matrix.tolist()
    measured: Any = tails.measured(matrix)
    assert measured.shape == (len(matrix), len(MEASURES))
    for row, own, channels in zip(rows, measured, tails.fold(matrix, {}), strict=True):
        assert own == pytest.approx(
            [naive_measure(one, row) for one in MEASURES], rel=1e-9, abs=1e-9
        )
        expected = naive_channels(MEASURES, row)
        names = [channel.name for channel in tails.channels]
        assert dict(zip(names, channels.tolist(), strict=True)) == pytest.approx(
            expected, rel=1e-9, abs=1e-9
        )
