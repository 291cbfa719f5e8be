"""Intervals hold the figure they are of, and are the same for the same seed."""

import numpy as np
import pytest

from streamscore.evaluation.intervals import Trial, bootstrap, mean_measures, measures_by_kind
from streamscore.evaluation.measures import measure


def trials(count: int = 2, clean: int = 400) -> list[Trial]:
    rng = np.random.default_rng(3)
    shared = rng.normal(size=clean)
    return [
        Trial(shared, {"near": rng.normal(1, size=60), "far": rng.normal(4, size=30)})
        for _ in range(count)
    ]


def test_kinds_weigh_alike_however_many_there_are_of_each() -> None:
    made = trials(1)[0]
    fewer = Trial(made.clean, {"near": made.anomalies["near"], "far": np.array([99.0])})
    more = Trial(made.clean, {"near": made.anomalies["near"], "far": np.full(500, 99.0)})
    assert mean_measures([fewer], 0.01).auroc == pytest.approx(mean_measures([more], 0.01).auroc)


def test_each_kind_is_measured_against_the_clean_records_alone() -> None:
    made = trials(2)
    found = measures_by_kind(made, 0.01)
    expected = [measure(one.clean, one.anomalies["near"], 0.01).auprc for one in made]
    assert found["near"].auprc == pytest.approx(np.mean(expected))
    assert found["far"].auprc > found["near"].auprc


def test_an_interval_holds_the_figure_and_narrows_with_more_records() -> None:
    few, many = trials(1, 300), [Trial(*one) for one in trials(1, 300)]
    many = [
        Trial(np.tile(one.clean, 9), {k: np.tile(v, 9) for k, v in one.anomalies.items()})
        for one in many
    ]
    widths = []
    for made in (few, many):
        (low, high) = bootstrap(made, 0.1, np.random.default_rng(1))["auroc"]
        assert low <= mean_measures(made, 0.1).auroc <= high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


def test_the_same_seed_gives_the_same_intervals() -> None:
    first, second, other = (
        bootstrap(trials(), 0.01, np.random.default_rng(seed), 20) for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other
