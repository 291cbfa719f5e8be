"""What `train` says of a model's flag rate."""

import pytest

from cli.train import _beyond_chance


@pytest.mark.parametrize("rate", [0.004, 0.01, 0.016])
def test_a_rate_that_chance_allows_is_passed_over(rate: float) -> None:
    assert _beyond_chance(rate, 0.004, 0.016) == []


@pytest.mark.parametrize("rate", [0.0, 0.037])
def test_a_rate_beyond_chance_is_told_with_what_it_means(rate: float) -> None:
    first, *_ = _beyond_chance(rate, 0.004, 0.016)
    assert "beyond chance" in first
