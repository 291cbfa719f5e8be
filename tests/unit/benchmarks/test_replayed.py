"""The replay benchmark's records are good ones in no order, and its counts are what they say."""

import json
from pathlib import Path

import pytest

from benchmarks._many_records import write_unsorted
from benchmarks._one_replay import Outcome, peak_bytes
from benchmarks.replay import figures_of
from streamscore.sources import Codec, load_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import read_rows


def test_many_records_are_good_differ_in_time_and_are_in_no_order(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    write_unsorted(path, 2000)
    source = load_source("accidents")
    codec = Codec(source)
    rows = [row for _, row, _ in read_rows(source, LocalFile(path)) if row is not None]
    records = [codec.decode(row.value) for row in rows]
    assert len(records) == 2000
    times = [codec.event_time(record) for record in records]
    assert len(set(times)) > 1900
    assert times != sorted(times)
    for row, (_, local_ms) in zip(rows, times, strict=True):
        record = json.loads(row.value)
        hour = local_ms // 3_600_000 % 24
        weekday = (local_ms // 86_400_000 + 4) % 7 + 1  # 1970-01-01 was a Thursday, the fifth
        assert (record["crash_hour"], record["crash_day_of_week"]) == (hour, weekday)


def test_the_rate_is_compared_round_by_round_and_the_largest_peak_counts() -> None:
    taken = ((2.0, 5_000_000), (20.0, 7_000_000), (4.0, 6_000_000))
    ordered = [Outcome("o", 100, seconds, peak) for seconds, peak in taken]
    alone = [Outcome("a", 100, seconds, 4_000_000) for seconds in (1.0, 16.0, 3.0)]
    figures = figures_of({"ordered": ordered, "alone": alone})
    assert figures["rate_against_alone"] == pytest.approx(0.75)
    assert figures["peak_mb"] == 7
    assert figures["ordered_per_second"] == 25


def test_the_peak_of_a_process_is_at_least_what_it_just_took() -> None:
    before = peak_bytes()
    taken = b"x" * (200_000_000 + before)
    assert peak_bytes() >= len(taken)
