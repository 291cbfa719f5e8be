"""A plan that breaks a rule is refused, with the rule and the value."""

from pathlib import Path
from typing import Any

import pytest

from producer.plan import ReplayPlan
from streamscore.errors import UsageError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speed": 10.0, "rate": 5.0}, "by --speed or by --rate; got 10x and 5/s"),
        ({"rate": 0.0}, "--rate must be above 0, got 0"),
        ({"speed": -1.0}, "--speed must be above 0, got -1"),
        ({"speed": float("nan")}, "--speed must be above 0, got nan"),
        ({"limit": 0}, "--limit must be above 0, got 0"),
        ({"inject_rate": 1.5}, "a share from 0 to 1, got 1.5"),
        ({"seed": -1}, "--seed must be at least 0, got -1"),
    ],
)
def test_a_broken_rule_is_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ReplayPlan(files=(Path("a.csv"),), **options).check()


def test_a_plan_of_defaults_is_good() -> None:
    ReplayPlan(files=(Path("a.csv"),)).check()
