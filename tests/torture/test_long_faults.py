"""Exactly once through long runs of kills, restarts and changes of workers, each run another."""

import pytest

from benchmarks.exactly_once import main

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("seed", range(100, 105))
def test_nothing_is_lost_or_repeated_and_scores_stay_the_same(seed: int) -> None:
    assert main(["--seed", str(seed), "--records", "400000"]) == 0


def test_small_batches_at_a_low_rate_are_no_exception() -> None:
    assert main(["--seed", "7", "--records", "100000", "--per-second", "300"]) == 0
