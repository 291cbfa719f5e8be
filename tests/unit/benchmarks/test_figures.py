"""The figures of the benchmarks are what they say."""

import numpy as np
import pytest

from benchmarks._forest_speed import grown, largest_difference, with_gaps
from benchmarks._sklearn_design import SklearnDesign
from benchmarks.pipeline import figures_of
from streamscore.sources import load_source
from tests.unit.benchmarks.generated import values_of


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    """Rounds are compared with themselves, so a slow moment of the machine hits both sides."""
    rates = {
        "worker": [100.0, 10.0, 60.0],
        "tutorial": [1.0, 0.1, 0.5],
        "batched": [10.0, 5.0, 6.0],
        "decoding": [200.0, 20.0, 60.0],
    }
    figures = figures_of("accidents", rates)
    assert figures["accidents_worker"] == 60.0
    assert figures["accidents_against_tutorial"] == pytest.approx(100.0)
    assert figures["accidents_against_batched"] == 10.0
    assert figures["accidents_share_of_decoding"] == 0.5


def test_the_kernel_gives_the_scores_of_scikit_learn_with_and_without_gaps() -> None:
    matrix = np.random.default_rng(3).normal(size=(600, 5))
    holed = with_gaps(matrix, 0.1)
    assert np.isnan(holed).any()
    assert not np.isnan(matrix).any()
    for forests in (grown(matrix), grown(holed)):
        assert largest_difference(forests, matrix) <= 1e-12
        assert largest_difference(forests, holed) <= 1e-12


@pytest.mark.parametrize("name", ["accidents", "reviews"])
def test_the_usual_design_judges_alone_as_in_a_batch(name: str) -> None:
    values = values_of(name, 300)
    design = SklearnDesign(load_source(name), values, trees=20)
    judged = design.predict(values[:10])
    assert judged == [design.predict_one(value) for value in values[:10]]
