"""Columns of any kind become codes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.detectors.codebook import BELOW, MISSING, UNSEEN, Codebook
from streamscore.errors import BundleError
from streamscore.features import Column

NUMBER = Column(name="x", field="x", kind="number")


def book_of(values: list[float], column: Column = NUMBER) -> Codebook:
    return Codebook.fit(np.array(values, np.float64)[:, None], [column])


def codes(book: Codebook, values: list[float]) -> list[int]:
    found: list[int] = book.encode(np.array(values, np.float64)[:, None])[:, 0].tolist()
    return found


def test_a_category_keeps_its_codes() -> None:
    book = book_of([0, 1, 2], Column(name="c", field="c", kind="code", values=3))
    assert codes(book, [0, 2, 3, 4]) == [0, 2, 3 + UNSEEN, 3 + MISSING]


def test_rare_categories_beyond_the_most_share_a_code() -> None:
    book = book_of([0], Column(name="c", field="c", kind="code", values=1000))
    assert codes(book, [0, 62, 63, 999, 1000]) == [0, 62, 63, 63, 64 + UNSEEN]


def test_few_whole_numbers_have_a_code_each() -> None:
    book = book_of([1.0] * 50 + [2.0] * 50 + [5.0] * 50)
    assert codes(book, [1, 2, 5]) == [0, 1, 2]
    assert codes(book, [3, 6, 2.5, 0, np.nan]) == [3, 3, 3, 3 + BELOW, 3 + MISSING]


def test_rare_whole_numbers_share_a_code_with_their_neighbours() -> None:
    book = book_of([0.0] * 5000 + [1.0] * 5000 + [4.0] * 3 + [9.0] * 3)
    assert codes(book, [0, 1, 4, 7, 9]) == [0, 1, 2, 2, 2]
    assert codes(book, [10]) == [3 + UNSEEN]


def test_a_short_history_keeps_its_whole_numbers_apart() -> None:
    assert codes(book_of([0.0, 0.0, 1.0, 4.0, 9.0]), [0, 1, 4, 9]) == [0, 1, 2, 3]


def test_other_numbers_are_cut_into_bins_that_a_far_outlier_does_not_widen() -> None:
    values = np.linspace(0.0, 1.0, 5000).tolist()
    plain, stretched = book_of(values), book_of([*values, 1e9])
    assert len(set(codes(plain, values))) == plain.known[0]
    assert len(set(codes(stretched, values))) > plain.known[0] // 2
    assert codes(stretched, [1e9]) == [stretched.known[0] + UNSEEN]
    assert codes(plain, [-1.0, 2.0]) == [plain.known[0] + BELOW, plain.known[0] + UNSEEN]


@given(st.lists(st.floats(-1e30, 1e30) | st.just(np.nan), min_size=1, max_size=40))
def test_every_number_has_a_code(values: list[float]) -> None:
    book = book_of(values)
    found = codes(book, [*values, 0.0, 1e30, -1e30, np.inf, -np.inf, np.nan])
    assert all(0 <= one < book.sizes[0] for one in found)


def test_a_code_tells_its_values() -> None:
    assert book_of([1.0] * 50 + [5.0] * 50).value_at(0, 1) == (5.0, 5.0)
    assert book_of([1.0] * 50 + [5.0] * 50).value_at(0, 2) is None
    low, high = book_of(np.linspace(0.0, 1.0, 1000).tolist()).value_at(0, 0) or (9.0, 9.0)
    assert low == 0.0
    assert high == pytest.approx(0.1)


def test_a_code_that_values_share_tells_the_lowest_and_the_highest() -> None:
    # What lies between the known numbers and those that share a code belongs to these.
    assert book_of([0.0] * 5000 + [1.0] * 5000 + [4.0] * 3 + [9.0] * 3).value_at(0, 2) == (2.0, 9.0)
    rare = book_of([0], Column(name="c", field="c", kind="code", values=1000))
    assert rare.value_at(0, 63) == (63.0, 999.0)


def test_known_values_lie_in_a_range() -> None:
    assert book_of([1.0] * 50 + [5.0] * 50).range_of(0) == (1.0, 5.0)
    low, high = book_of(np.linspace(0.0, 1.0, 1000).tolist()).range_of(0)
    assert low == 0.0
    assert high == pytest.approx(1.0)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="rows have 1 columns, got 2"):
        book_of([1.0]).encode(np.zeros((1, 2)))


@pytest.mark.parametrize("name", ["starts", "slots", "known", "low"])
def test_arrays_that_a_kernel_would_read_beyond_are_refused(name: str) -> None:
    arrays = book_of([1.0, 2.0]).arrays()
    arrays[f"book.{name}"] = arrays[f"book.{name}"][:-1]
    with pytest.raises(BundleError, match="a codebook has slots for each column"):
        Codebook.restore(arrays)
