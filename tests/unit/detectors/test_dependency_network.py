"""A dependency network agrees with counts, and finds and names what does not fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.dependency_network import DependencyNetwork
from streamscore.detectors.network_learning import copies, learn_views
from streamscore.detectors.reasons import Terms, Wording
from streamscore.detectors.surprise_tables import restored_tables
from streamscore.errors import BundleError
from streamscore.features import Column
from tests.naive.network import naive_blame, naive_evidence

WORDS = ("clear", "rain", "snow")


def code(name: str, values: int) -> Column:
    return Column(name=name, field=name, kind="code", values=values)


COLUMNS = (
    code("weather", 3),
    code("surface", 3),
    code("colour", 2),
    Column(name="hour", field="hour", kind="number"),
    Column(name="at.hour", field="at", kind="calendar"),
)


def history(rows: int, seed: int = 1) -> NDArray[np.float64]:
    """The surface follows the weather, the colour nothing; the hour is that of the time."""
    rng = np.random.default_rng(seed)
    weather = rng.choice(3, rows, p=[0.7, 0.2, 0.1])
    surface = np.where(rng.random(rows) < 0.95, weather, rng.integers(0, 3, rows))
    hour = rng.integers(0, 24, rows)
    return np.column_stack([weather, surface, rng.integers(0, 2, rows), hour, hour]).astype(float)


@pytest.fixture(scope="module")
def network() -> DependencyNetwork:
    return DependencyNetwork.fit(history(3000), COLUMNS, 1)


def scores(network: DependencyNetwork, *rows: list[float]) -> NDArray[np.float64]:
    return network.fold(np.array(rows, np.float64), network.begin())


def words(network: DependencyNetwork, row: list[float]) -> list[tuple[tuple[str, ...], str]]:
    seen = dict(zip(("weather", "surface", "colour", "hour"), row, strict=False))
    wording = Wording(Terms(COLUMNS, lambda field, known: WORDS[known]), seen.__getitem__)
    (found,) = network.reasons(np.array([row]), 0, np.ones(1), [wording])
    assert sum(one.share for one in found) == pytest.approx(1.0)
    return [(one.fields, one.words) for one in sorted(found, key=lambda one: -one.share)]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_evidence_is_that_of_plain_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, 4)
    codes = np.column_stack([rng.integers(0, size, 60) for size in sizes])
    codes[:, 1] = np.where(rng.random(60) < 0.8, codes[:, 0] % sizes[1], codes[:, 1])
    columns = [code(f"c{i}", int(size)) for i, size in enumerate(sizes)]
    network = DependencyNetwork.fit(codes.astype(float), columns, 1)
    book = Codebook.fit(codes.astype(float), columns)
    encoded = book.encode(codes.astype(float))
    copied = copies(encoded, book.sizes)
    views = learn_views(encoded, book.sizes, copied)
    rows = np.vstack([codes[:5], sizes, sizes + 1]).astype(float)
    for row, found in zip(book.encode(rows), network.fold(rows, {}), strict=True):
        evidence = [naive_evidence(encoded, v, int(book.known[v.column]), row) for v in views]
        parts = [1.0 / copied[v.column].sum() for v in views]
        assert found[0] == pytest.approx(np.dot(evidence, parts), abs=1e-4)
        assert found[1] == pytest.approx(np.dot(evidence[:4], parts[:4]), abs=1e-4)
        assert found[2] == pytest.approx(max(evidence), abs=1e-4)


def test_contributions_are_those_of_replacing_one_group_after_the_other(
    network: DependencyNetwork,
) -> None:
    rows = np.vstack([history(40, seed=3), [[2, 0, 1, 5, 5], [0, 3, 1, 99, 99], [4, 4, 4, 4, 4]]])
    book, arrays = Codebook.restore(network.arrays()), network.arrays()
    tables, groups = restored_tables(arrays, book), arrays["groups"].tolist()
    found = network.contributions(rows, 0)
    for codes, parts in zip(book.encode(rows).tolist(), found, strict=True):
        naive = naive_blame([*codes, 0], book.known.tolist(), tables, groups)
        assert parts == pytest.approx(naive, abs=1e-6)


def test_a_value_that_does_not_fit_its_parent_is_a_surprise(network: DependencyNetwork) -> None:
    fitting, odd = scores(network, [0, 0, 1, 5, 5], [2, 0, 1, 5, 5])
    assert (odd > fitting + 1.0).all()


def test_a_value_never_seen_is_a_surprise_and_a_missing_one_is_read(
    network: DependencyNetwork,
) -> None:
    fitting, unseen, missing = scores(
        network, [0, 0, 1, 5, 5], [0, 3, 1, 5, 5], [0, 4, 1, np.nan, 5]
    )
    assert (unseen > fitting).all()
    assert np.isfinite(missing).all()


def test_the_reason_quotes_what_was_seen_and_what_was_expected(network: DependencyNetwork) -> None:
    found = dict(words(network, [2, 0, 1, 5, 5]))
    assert "at weather 2" in found["surface",]
    assert found["surface",].startswith("surface is 0; ")
    assert "it is snow in 9" in found["surface",]


def test_copies_are_no_parents_of_each_other_and_are_named_together(
    network: DependencyNetwork,
) -> None:
    encoded = Codebook.fit(history(3000), COLUMNS).encode(history(3000))
    copied = copies(encoded, np.array([6, 6, 5, 27, 27]))
    assert np.argwhere(np.triu(copied, 1)).tolist() == [[3, 4]]
    fields = [fields for fields, _ in words(network, [0, 0, 1, 99, 99])]
    assert {"hour", "at"} in [set(one) for one in fields]


def test_a_copy_that_is_wrong_alone_is_blamed_and_copies_that_agree_are_not_easily_all_wrong() -> (
    None
):
    rng = np.random.default_rng(1)
    city = rng.integers(0, 50, 4000)
    state, colour = city % 10, rng.integers(0, 3, 4000)
    columns = [code("city", 50), code("state", 10), code("number", 10), code("colour", 3)]
    network = DependencyNetwork.fit(np.column_stack([city, state, state, colour]) * 1.0, columns, 1)
    rows = np.array([[7, 3, 7, 0], [7, 7, 3, 0], [7, 3, 3, 0]], float)
    of_city, *of_copies, _ = network.contributions(rows, 0).T
    of_states = sum(of_copies)
    assert (of_states > 0.0).all()
    assert (of_states[:2] > of_city[:2]).all()
    assert of_states[2] < of_city[2]


def test_what_was_always_the_same_is_nobodys_parent() -> None:
    city = np.random.default_rng(1).integers(0, 50, 4000)
    columns = [code("city", 50), code("state", 10), COLUMNS[4]]
    rows = np.column_stack([city, city % 10, np.full(4000, 11)]).astype(float)
    book = Codebook.fit(rows, columns)
    codes = book.encode(rows)
    views = learn_views(codes, book.sizes, copies(codes, book.sizes))
    assert [view.parents for view in views] == [(1,), (0,), ()]


def test_contributions_name_the_column_that_explains_most(network: DependencyNetwork) -> None:
    parts = network.contributions(np.array([[0, 3, 1, 5, 5], [0, 0, 1, 5, 5]], float), 0)
    assert parts.argmax(axis=1)[0] == 1
    assert (parts >= 0.0).all()


def test_a_row_is_scored_alike_in_any_batch(network: DependencyNetwork) -> None:
    rows = history(300, seed=2)
    whole = network.fold(rows, {})
    one_by_one = np.vstack([network.fold(row[None, :], {}) for row in rows])
    np.testing.assert_array_equal(whole, one_by_one)


def test_a_history_of_one_row_or_of_one_value_can_be_learned() -> None:
    for rows in (history(1), np.zeros((50, 5)), np.full((20, 5), np.nan)):
        assert np.isfinite(DependencyNetwork.fit(rows, COLUMNS, 1).fold(history(9), {})).all()


@pytest.mark.parametrize("name", ["contexts", "table", "parents", "firsts", "column", "groups"])
def test_tables_that_a_kernel_would_read_beyond_are_refused(
    network: DependencyNetwork, name: str
) -> None:
    arrays = network.arrays()
    arrays[name] = arrays[name][:-1]
    with pytest.raises(BundleError):
        DependencyNetwork.restore(arrays, network.parameters())


def test_contexts_out_of_the_table_are_refused(network: DependencyNetwork) -> None:
    arrays = network.arrays()
    arrays["contexts"] = arrays["contexts"] + len(arrays["table"])
    with pytest.raises(BundleError, match="rows for every context"):
        DependencyNetwork.restore(arrays, network.parameters())
