"""Stretches come back as they were written, and their blocks have a bounded size."""

from collections.abc import Iterator

import pytest

from producer.spool import BLOCK_BYTES, PlacedRow, Spool


@pytest.fixture
def spool() -> Iterator[Spool]:
    made = Spool()
    yield made
    made.close()


def rows_at(*times_ms: int, value: bytes = b"{}") -> list[PlacedRow]:
    return [(utc_ms, 0, line, value, None) for line, utc_ms in enumerate(times_ms)]


def test_a_stretch_comes_back_and_its_longest_block_is_known(spool: Spool) -> None:
    rows = rows_at(*range(2000), value=b"x" * 1000)
    rows += rows_at(2000, value=b"x" * 3 * BLOCK_BYTES) + rows_at(2000, 2001)
    spool.write(rows)
    (stretch,) = spool.stretches
    assert [list(found) for found in spool.rows()] == [rows]
    assert 3 * BLOCK_BYTES < stretch.block_bytes < 4 * BLOCK_BYTES + 10_000
    assert spool.merging_bytes == stretch.block_bytes


def test_what_follows_in_time_makes_the_stretch_longer(spool: Spool) -> None:
    for times in ([1, 2], [2, 5], [5, 5]):
        spool.write(rows_at(*times))
    assert len(spool.stretches) == 1
    spool.write(rows_at(4))
    spool.write(rows_at(3, 9))
    assert len(spool.stretches) == 3
    held = [[row[0] for row in rows] for rows in spool.rows()]
    assert held == [[1, 2, 2, 5, 5, 5], [4], [3, 9]]
