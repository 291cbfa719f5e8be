"""Neighbours are the nearest ones, and what is made of them is what the libraries make of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors.left_out_kernels import nearest_without
from streamscore.detectors.local_outlier_factor import LocalOutlierFactor
from streamscore.detectors.nearest_kernels import make_blocks, nearest_rows
from streamscore.detectors.nearest_neighbours import NearestNeighbours
from streamscore.features import Column
from tests.naive.neighbours import naive_distances

Rows = NDArray[np.float64]
SEEDS = st.integers(0, 99)

NUMBERS = [Column(name=name, field=name, kind="number") for name in "abcd"]


def correlated(rows: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(rows, 2)) @ rng.normal(size=(2, 4))
    return mixed + 0.3 * rng.normal(size=(rows, 4)) + 50.0


def scaled(detector: NearestNeighbours | LocalOutlierFactor, matrix: Rows) -> tuple[Rows, Rows]:
    """The reference rows and some rows, as the libraries take them."""
    design, arrays = detector._reference.design, detector.arrays()
    points = design.points(matrix)[:, : design.numbers]
    return arrays["rows"].astype(np.float64), points.astype(np.float64)


@settings(max_examples=40)
@given(
    st.integers(1, 600),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(1, 40),
    SEEDS,
)
def test_the_nearest_rows_are_found_however_many_there_are_and_of_whatever_features(
    count: int, numbers: int, compared: int, k: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    clusters = rng.normal(0, 5, (3, numbers))[rng.integers(0, 3, count + 5)]
    codes = rng.integers(0, 3, (count + 5, compared))
    every = np.hstack([clusters + rng.normal(size=clusters.shape), codes]).astype(np.float32)
    rows, points, weights = every[:-5], every[-5:], rng.uniform(1, 25, compared)
    blocks, k = make_blocks(rows, numbers, weights), min(k, count)
    distances, places = nearest_rows(points, np.zeros(5), blocks, k)
    for point, found, where in zip(points, distances, places, strict=True):
        assert np.sort(found) == pytest.approx(
            naive_distances(point, rows, numbers, weights.tolist(), k), rel=1e-5, abs=1e-6
        )
        assert len(set(where.tolist())) == k
        for distance, place in zip(found, where, strict=True):
            alone = naive_distances(point, rows[[place]], numbers, weights.tolist(), 1)
            assert distance == pytest.approx(alone[0], rel=1e-5, abs=1e-6)


def test_of_rows_that_are_equally_near_any_are_taken_but_none_twice() -> None:
    rows = np.repeat(np.array([[0.0], [1.0]], np.float32), [7, 900], axis=0)
    blocks = make_blocks(rows, 1, np.empty(0))
    distances, places = nearest_rows(np.zeros((1, 1), np.float32), np.zeros(1), blocks, 20)
    assert np.sort(distances[0]).tolist() == [0.0] * 7 + [1.0] * 13
    assert len(set(places[0].tolist())) == 20


@pytest.mark.parametrize("kind", [NearestNeighbours, LocalOutlierFactor])
def test_in_whatever_order_a_bundle_holds_the_rows_the_scores_are_the_same(
    kind: type[NearestNeighbours] | type[LocalOutlierFactor],
) -> None:
    detector = kind.fit(correlated(900, 1), NUMBERS, 3)
    arrays, order = detector.arrays(), np.random.default_rng(0).permutation(900)
    moved = {name: arrays[name][order] for name in arrays.keys() & {"rows", "reach", "density"}}
    restored = kind.restore(arrays | moved, detector.parameters())
    rows = correlated(60, 2)
    assert restored.score(rows) == pytest.approx(detector.score(rows))


def test_the_mean_distance_is_that_of_pyod() -> None:
    from pyod.models.knn import KNN

    history, rows = correlated(900, 1), correlated(60, 2) * 1.2
    detector = NearestNeighbours.fit(history, NUMBERS, 3, most_rows=500)
    reference, points = scaled(detector, rows)
    library = KNN(n_neighbors=10, method="mean").fit(reference)
    assert len(reference) == 500
    assert detector.score(rows) == pytest.approx(library.decision_function(points), rel=1e-5)


def test_the_outlier_factor_is_that_of_scikit_learn() -> None:
    from sklearn.neighbors import LocalOutlierFactor as SklearnFactor

    history, rows = correlated(900, 1), correlated(60, 2) * 1.2
    detector = LocalOutlierFactor.fit(history, NUMBERS, 3, most_rows=500)
    reference, points = scaled(detector, rows)
    library = SklearnFactor(n_neighbors=20, novelty=True).fit(reference)
    assert len(reference) == 500
    assert detector.score(rows) == pytest.approx(-library.score_samples(points), rel=1e-4)


def test_rows_that_repeat_are_one_row_where_densities_are_measured() -> None:
    history = np.repeat(correlated(30, 1), 20, axis=0)
    detector = LocalOutlierFactor.fit(history, NUMBERS, 0)
    assert len(detector.arrays()["rows"]) == 30
    assert detector.score(history[:1])[0] < 5.0 < detector.score(history[:1] + 40.0)[0]


def test_the_column_in_which_a_row_is_far_away_is_named() -> None:
    history = correlated(900, 1)
    row = history[:1].copy()
    row[0, 2] += 30.0
    for kind in (NearestNeighbours, LocalOutlierFactor):
        detector = kind.fit(history, NUMBERS, 0)
        assert detector.contributions(row)[0].argmax() == 2


@settings(max_examples=30)
@given(st.integers(2, 300), st.integers(0, 4), st.integers(1, 4), st.integers(1, 12), SEEDS)
def test_the_nearest_rows_without_a_column_are_those_of_looking_again(
    count: int, numbers: int, compared: int, k: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    features, k = numbers + compared, min(k, count)
    numeric = rng.normal(0, 5, (count + 3, numbers))
    codes = rng.integers(0, 3, (count + 3, compared))
    every = np.hstack([numeric, codes]).astype(np.float32)
    rows, points, weights = every[:-3], every[-3:], rng.uniform(1, 25, compared)
    column = np.sort(rng.integers(0, 3, features))[rng.permutation(features)]
    order = np.argsort(column, kind="stable")
    ends = np.searchsorted(column[order], np.arange(4), side="right")
    blocks = make_blocks(rows, numbers, weights)
    places = nearest_rows(points, np.zeros(3), blocks, k)[1]
    squares, where = nearest_without(points, places, blocks, order, ends, k)
    for point, by_column, whose in zip(points, np.sqrt(squares), where, strict=True):
        for left_out, (distances, own) in enumerate(zip(by_column, whose, strict=True)):
            kept = np.flatnonzero(column != left_out)
            naive = naive_distances(
                point[kept],
                rows[:, kept],
                int((kept < numbers).sum()),
                weights[kept[kept >= numbers] - numbers].tolist(),
                k,
            )
            assert np.sort(distances) == pytest.approx(naive, rel=1e-5, abs=1e-5)
            assert len(set(own.tolist())) == k
            other_columns = (rows[own][:, kept], int((kept < numbers).sum()))
            weighed = weights[kept[kept >= numbers] - numbers].tolist()
            again = naive_distances(point[kept], *other_columns, weighed, k)
            assert again == pytest.approx(naive, rel=1e-5, abs=1e-5)


def test_a_number_out_of_place_is_blamed_and_not_the_category_that_would_explain_it() -> None:
    """The rows nearest to it are of another machine, and have its value."""
    rng = np.random.default_rng(2)
    machine = rng.integers(0, 6, 6000)
    usual = 4.0 * rng.normal(size=(6, 5))[machine] + rng.normal(size=(6000, 5))
    columns = [Column(name="machine", field="machine", kind="code", values=6)]
    columns += [Column(name=name, field=name, kind="number") for name in "abcde"]
    history = np.column_stack([machine, usual])
    odd = history[:200].copy()
    odd[:, 2] += 12.0
    detector = NearestNeighbours.fit(history, columns, 1)
    assert (detector.contributions(odd).argmax(axis=1) == 2).mean() > 0.95


def test_what_never_differed_in_history_is_blamed_where_it_does() -> None:
    history = np.column_stack([correlated(900, 1), np.ones(900)])
    columns = [*NUMBERS, Column(name="e", field="e", kind="number")]
    rows = history[:1].copy()
    rows[0, 4] = 2.0
    parts = NearestNeighbours.fit(history, columns, 0).contributions(rows)[0]
    assert parts.argmax() == 4
    assert parts[4] > 10.0 * parts[:4].max()
