"""Records leave when they are due, without a burst and without a busy wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.pacing import (
    CATCH_UP_SECONDS,
    TICK_SECONDS,
    Pacer,
    Schedule,
    at_event_speed,
    at_once,
    at_rate,
)


class FakeClock:
    """Time that passes only by sleeping, and a little more than asked for."""

    def __init__(self, oversleep: float = 0.0) -> None:
        self.seconds = 100.0
        self.sleeps: list[float] = []
        self._oversleep = oversleep

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds + self._oversleep


def paced(clock: FakeClock, schedule: Schedule, times_ms: list[int]) -> list[float]:
    pacer = Pacer(schedule, clock, lambda: False)
    left = []
    for index, utc_ms in enumerate(times_ms):
        pacer.wait(index, utc_ms)
        left.append(clock.seconds - 100.0)
    return left


@given(rate=st.floats(0.5, 200_000), oversleep=st.floats(0, 0.004))
def test_at_a_rate_no_record_is_early_nor_later_than_a_tick(rate: float, oversleep: float) -> None:
    left = paced(FakeClock(oversleep), at_rate(rate), [0] * 400)
    latest = TICK_SECONDS + oversleep + 1e-9
    assert all(
        0 <= moment - index / rate + 1e-9 <= latest + 1e-9 for index, moment in enumerate(left)
    )


def test_ten_thousand_a_second_take_a_second_in_some_hundred_sleeps() -> None:
    clock = FakeClock(oversleep=0.0001)
    left = paced(clock, at_rate(10_000), [0] * 10_001)
    assert left[-1] == pytest.approx(1.0, abs=2 * TICK_SECONDS)
    assert len(clock.sleeps) < 600
    largest_burst = max(left.count(moment) for moment in set(left))
    assert largest_burst <= 10_000 * (TICK_SECONDS + 0.0002) + 1


def test_records_leave_as_fast_as_their_event_time_passes() -> None:
    times_ms = [5_000_000, 5_060_000, 5_060_000, 5_120_000]
    left = paced(FakeClock(), at_event_speed(60, times_ms[0]), times_ms)
    assert left == pytest.approx([0, 1, 1, 2], abs=TICK_SECONDS + 1e-6)


def test_at_full_speed_nothing_waits() -> None:
    clock = FakeClock()
    paced(clock, at_once(), [0, 1_000_000, 2_000_000])
    assert clock.sleeps == []


def test_after_a_stall_only_a_moment_is_made_up_for() -> None:
    clock = FakeClock()
    pacer = Pacer(at_rate(1000), clock, lambda: False)
    pacer.wait(0, 0)
    clock.seconds += 3.0
    at_once_now = 0
    for index in range(1, 1000):
        before = clock.seconds
        pacer.wait(index, 0)
        if clock.seconds > before:
            break
        at_once_now += 1
    assert at_once_now <= 1000 * (CATCH_UP_SECONDS + TICK_SECONDS) + 2


def test_a_long_wait_is_looked_into_and_can_be_ended() -> None:
    clock = FakeClock()
    asked = []

    def third_time() -> bool:
        asked.append(clock.seconds)
        return len(asked) == 3

    Pacer(at_rate(0.001), clock, third_time).wait(1, 0)
    assert clock.seconds - 100.0 == pytest.approx(0.15)
