"""Rows come out by event time, file and line, whatever the order they were read in."""

import resource
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.ordering import OrderedRow, SpooledOrdering
from streamscore.errors import StreamscoreError
from streamscore.sources.rows import Row

ROWS = st.lists(
    st.tuples(
        st.integers(-(2**40), 2**40) | st.integers(0, 3),
        st.binary(min_size=1),
        st.none() | st.binary(),
    )
)


BOUNDS = st.sampled_from([(1, 1), (2000, 1), (2000, 500), (10_000, 10_000), (10**6, 10**6)])
"""From every row a stretch of its own, merged at once, to nothing that is written down."""


def spooled(
    files: list[list[tuple[int, bytes, bytes | None]]],
    limit: int | None,
    sorted_bytes: int,
    merged_bytes: int,
) -> list[OrderedRow]:
    names = [f"f{i}" for i in range(len(files))]
    with SpooledOrdering(names, sorted_bytes, merged_bytes) as ordering:
        for number, rows in enumerate(files):
            for line, (utc_ms, value, key) in enumerate(rows, 2):
                ordering.add(number, line, Row(value, key, utc_ms))
        assert len(ordering) == sum(map(len, files))
        return list(ordering.rows(limit))


@given(st.lists(ROWS, min_size=1, max_size=3), st.none() | st.integers(0, 10), BOUNDS)
def test_spooled_rows_equal_a_plain_sort(
    files: list[list[tuple[int, bytes, bytes | None]]], limit: int | None, bounds: tuple[int, int]
) -> None:
    placed = [
        (utc_ms, number, line, value, key)
        for number, rows in enumerate(files)
        for line, (utc_ms, value, key) in enumerate(rows, 2)
    ]
    expected = [
        OrderedRow(f"f{number}:{line}", Row(value, key, utc_ms))
        for utc_ms, number, line, value, key in sorted(placed, key=lambda row: row[:3])
    ]
    assert spooled(files, limit, *bounds) == expected[:limit]


@pytest.mark.parametrize("sorted_bytes", [1, 500, 10_000])
def test_the_range_of_time_is_that_of_the_rows_within_the_limit(sorted_bytes: int) -> None:
    with SpooledOrdering(["a"], sorted_bytes) as ordering:
        assert ordering.time_range_ms() is None
        for line, utc_ms in enumerate([50, 10, 30]):
            ordering.add(0, line, Row(b"{}", None, utc_ms))
        assert ordering.time_range_ms() == (10, 50)
        assert ordering.time_range_ms(2) == (10, 30)
        assert ordering.time_range_ms(0) is None


def test_rows_can_be_gone_through_more_than_once() -> None:
    with SpooledOrdering(["a"], 500) as ordering:
        for line, utc_ms in enumerate([50, 10, 30, 20, 40]):
            ordering.add(0, line, Row(b"{}", None, utc_ms))
        first = list(ordering.rows(2))
        assert [one.row.utc_ms for one in first] == [10, 20]
        assert list(ordering.rows())[:2] == first
        assert len(list(ordering.rows())) == len(ordering) == 5


def test_memory_does_not_grow_with_the_number_of_rows() -> None:
    rows, value = 40_000, b"x" * 500
    tracemalloc.start()
    try:
        with SpooledOrdering(["a"], 1_000_000, 1_000_000) as ordering:
            for line in range(rows):
                ordering.add(0, line, Row(value + b" ", None, line * 7919 % rows))
            times = [row.utc_ms for _, row in ordering.rows()]
            assert times == list(range(rows))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 9_000_000 < rows * len(value) / 2


def test_what_is_written_down_has_no_name_that_a_killed_process_could_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SpooledOrdering(["a"], 1) as ordering:
        ordering.add(0, 2, Row(b"{}", None, 1))
        ordering.add(0, 3, Row(b"{}", None, 0))
        assert list(tmp_path.iterdir()) == []
        assert len(list(ordering.rows())) == 2


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    """No file can grow further, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("rows", [1, 10])
def test_a_full_disk_is_told_with_its_folder(rows: int) -> None:
    row = Row(b"x" * 1000, b"k" * 1000, 0)
    told = f"{tempfile.gettempdir()} does not take it: .*TMPDIR"

    def keep() -> None:
        with SpooledOrdering(["a"], sorted_bytes=1) as ordering, files_at_most(1000):
            for line in range(rows):
                ordering.add(0, line, row)
            list(ordering.rows())

    with pytest.raises(StreamscoreError, match=told):
        keep()


def test_a_temporary_folder_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with (
        SpooledOrdering(["a"], sorted_bytes=1) as ordering,
        pytest.raises(StreamscoreError, match=r"absent does not take it: .*TMPDIR"),
    ):
        ordering.add(0, 2, Row(b"{}", None, 0))
