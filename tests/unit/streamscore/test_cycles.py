"""Calendar features equal those of the standard library's dates."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamscore.features.cycles import encode_cycles
from tests.naive.encoder import naive_cycle

CYCLES = ["hour", "weekday", "month"]
FIRST_MS = -62_135_596_800_000
LAST_MS = 253_402_300_799_999


@given(
    st.lists(st.integers(FIRST_MS, LAST_MS), max_size=5),
    st.lists(st.sampled_from(CYCLES), unique=True),
)
@example([-1, 0, 951_782_400_000, 951_868_799_999, FIRST_MS, LAST_MS], CYCLES)
def test_cycles_equal_the_calendar_of_the_standard_library(
    local_ms: list[int], cycles: list[str]
) -> None:
    out = np.full((len(local_ms), 2 * len(cycles)), 99.0)
    encode_cycles(np.array(local_ms, np.int64), tuple(cycles), out)
    expected = [[x for cycle in cycles for x in naive_cycle(cycle, at)] for at in local_ms]
    np.testing.assert_allclose(out, np.reshape(expected, out.shape), rtol=1e-12, atol=1e-15)


def test_every_day_of_four_centuries_has_its_month_and_weekday() -> None:
    days = np.arange(np.datetime64("1800-01-01"), np.datetime64("2200-01-01"))
    local_ms = days.astype("datetime64[ms]").astype(np.int64)
    out = np.empty((len(days), 4))
    encode_cycles(local_ms, ("weekday", "month"), out)
    weekday = (days.astype(np.int64) + 3) % 7
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    np.testing.assert_allclose(out[:, 0], np.sin(2 * np.pi * weekday / 7), atol=1e-12)
    np.testing.assert_allclose(out[:, 3], np.cos(2 * np.pi * month / 12), atol=1e-12)


@pytest.mark.parametrize("cycle", CYCLES)
def test_every_point_lies_on_the_circle(cycle: str) -> None:
    out = np.empty((500, 2))
    encode_cycles(np.arange(500) * 86_400_000 * 7 // 5, (cycle,), out)
    np.testing.assert_allclose(np.hypot(out[:, 0], out[:, 1]), 1.0, atol=1e-12)
