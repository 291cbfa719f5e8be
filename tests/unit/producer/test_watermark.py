"""A time counts as reached when several records confirm it."""

from hypothesis import given
from hypothesis import strategies as st

from producer.watermark import confirmed_latest

ABSURD = 4_070_908_800_000
STEADY = [1_700_000_000_000 + 60_000 * minute for minute in range(300)]
COUNTS = st.integers(6, 280).flatmap(
    lambda count: st.tuples(st.just(count), st.integers(0, (count - 1) // 20))
)


def test_the_end_of_a_steady_stream_is_its_last_time() -> None:
    for count in (1, 2, 4, 10, 60, 300):
        assert confirmed_latest(STEADY[:count]) == STEADY[count - 1]


@given(COUNTS)
def test_absurd_dates_below_the_share_change_nothing(counts: tuple[int, int]) -> None:
    good, absurd = counts
    times = STEADY[:good] + [ABSURD - i for i in range(absurd)]
    assert confirmed_latest(times) in STEADY[good // 2 : good]


def test_one_absurd_date_among_few_records_changes_nothing() -> None:
    for good in range(2, 20):
        assert confirmed_latest([*STEADY[:good], ABSURD]) in STEADY[:good]
        assert confirmed_latest([0, *STEADY[:good], ABSURD]) < ABSURD


def test_a_jump_ahead_that_many_records_make_is_believed() -> None:
    jump = [time + 10**10 for time in STEADY[:20]]
    assert confirmed_latest(STEADY[:280] + jump) == jump[-1]


@given(st.lists(st.integers(0, 10**13), min_size=1, max_size=400))
def test_it_is_one_of_the_times_in_whatever_order(times: list[int]) -> None:
    assert confirmed_latest(times) in times
    assert confirmed_latest(times) == confirmed_latest(times[::-1])
