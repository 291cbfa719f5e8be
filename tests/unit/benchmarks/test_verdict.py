"""A benchmark ends with one line of JSON, and fails where a bar is missed."""

import json
import math

import pytest

from benchmarks._verdict import Bar, conclude


def test_a_benchmark_passes_where_every_bar_is_met(capsys: pytest.CaptureFixture[str]) -> None:
    bars = [Bar("rate", 2.0), Bar("difference", 0.5, is_most=True)]
    assert conclude("sum", {"rate": 2.0, "difference": 0.5, "seconds": 9.0}, bars) == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": "sum",
        "figures": {"rate": 2.0, "difference": 0.5, "seconds": 9.0},
        "bars": {"rate": {"least": 2.0, "met": True}, "difference": {"most": 0.5, "met": True}},
        "pass": True,
    }


@pytest.mark.parametrize(
    "bar", [Bar("rate", 2.1), Bar("rate", 1.9, is_most=True), Bar("unknown", 0.0)]
)
def test_one_missed_bar_fails_the_benchmark(bar: Bar, capsys: pytest.CaptureFixture[str]) -> None:
    """A figure that is not a number misses any bar."""
    figures = {"rate": 2.0, "unknown": math.nan}
    assert conclude("sum", figures, [Bar("rate", 1.0), bar]) == 1
    assert json.loads(capsys.readouterr().out)["pass"] is False
