"""Where a processor goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.positions import Found, Start, start_at
from streamscore.errors import OffsetError


def test_the_very_first_start_takes_the_end_it_was_told() -> None:
    found = Found(partition=0, low=5, high=90, committed=None, state=None)
    assert start_at(found, "t", "earliest", "stop") == Start(5, 5)
    assert start_at(found, "t", "latest", "stop") == Start(90, 90)


def test_records_between_state_and_committed_offset_are_read_again_and_not_emitted() -> None:
    found = Found(partition=0, low=0, high=90, committed=50, state=42)
    assert start_at(found, "t", "latest", "stop") == Start(read_from=42, emit_from=50)


def test_a_position_that_was_only_pinned_is_where_reading_begins() -> None:
    found = Found(partition=0, low=0, high=90, committed=50, state=None, pinned=True)
    assert start_at(found, "t", "earliest", "stop") == Start(50, 50)


EXPIRED = {
    "removed by retention": Found(partition=3, low=60, high=90, committed=50, state=45),
    "state removed by retention": Found(partition=3, low=48, high=90, committed=50, state=45),
    "committed offset gone": Found(partition=3, low=0, high=90, committed=None, state=45),
    "state gone": Found(partition=3, low=0, high=90, committed=50, state=None),
    "topic made again": Found(partition=3, low=0, high=7, committed=50, state=45),
}


@pytest.mark.parametrize("found", EXPIRED.values(), ids=EXPIRED.keys())
def test_a_position_that_is_gone_stops_loudly_with_instructions(found: Found) -> None:
    with pytest.raises(OffsetError, match=r"records\.x, partition 3.*expired_offsets=continue"):
        start_at(found, "records.x", "earliest", "stop")


def test_going_on_past_an_expired_position_counts_what_was_lost() -> None:
    going_on = start_at(EXPIRED["removed by retention"], "t", "earliest", "continue")
    assert going_on == Start(60, 60, lost=10)


def test_going_on_without_a_committed_offset_starts_at_the_state() -> None:
    going_on = start_at(EXPIRED["committed offset gone"], "t", "earliest", "continue")
    assert going_on == Start(45, 45)


def test_going_on_without_a_state_starts_a_new_one_at_the_committed_offset() -> None:
    going_on = start_at(EXPIRED["state gone"], "t", "earliest", "continue")
    assert going_on == Start(50, 50)


def test_going_on_with_a_topic_that_was_made_again_reads_all_of_it() -> None:
    assert start_at(EXPIRED["topic made again"], "t", "latest", "continue") == Start(0, 0)


@given(
    low=st.integers(0, 50),
    length=st.integers(0, 50),
    committed=st.none() | st.integers(0, 120),
    behind=st.none() | st.integers(0, 30),
)
def test_a_start_lies_in_the_log_and_never_emits_before_it_reads(
    low: int, length: int, committed: int | None, behind: int | None
) -> None:
    state = None if behind is None else max(0, (low if committed is None else committed) - behind)
    found = Found(0, low, low + length, committed, state)
    start = start_at(found, "t", "earliest", "continue")
    assert start.read_from <= start.emit_from
    assert start.lost >= 0
    if committed is not None:
        assert low <= start.read_from <= low + length
