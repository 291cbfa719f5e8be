"""Differences between rows are measured alike, whatever their fields are made of."""

import numpy as np
import pytest

from streamscore.detectors.design import FARTHEST, Design, fit_distances, fit_inputs
from streamscore.errors import BundleError
from streamscore.features import Column
from streamscore.features.columns import ColumnKind


def column(kind: ColumnKind, name: str = "a") -> Column:
    return Column(name=name, field=name, kind=kind)


def test_two_usual_rows_differ_by_two_in_the_square_of_each_feature() -> None:
    rng = np.random.default_rng(0)
    matrix = np.column_stack([rng.normal(7, 3, 4000), rng.choice(3, 4000, p=[0.5, 0.3, 0.2])])
    design = fit_distances(matrix, [column("number"), column("code", "b")])
    assert (design.numbers, design.compared) == (1, 1)
    points = design.points(matrix).astype(np.float64)
    one, other = points[:2000], points[2000:]
    assert np.mean((one[:, 0] - other[:, 0]) ** 2) == pytest.approx(2.0, rel=0.1)
    assert design.scale[1] * np.mean(one[:, 1] != other[:, 1]) == pytest.approx(2.0, rel=0.1)


def test_a_few_absurd_numbers_do_not_decide_the_scale() -> None:
    usual = np.random.default_rng(0).normal(size=(1000, 1))
    dirty = usual.copy()
    dirty[::250] = 1e30
    scale = fit_distances(usual, [column("number")]).scale[0]
    assert fit_distances(dirty, [column("number")]).scale[0] == pytest.approx(scale, rel=0.05)


def test_what_never_changed_counts_only_where_it_does() -> None:
    matrix = np.column_stack([np.full(50, 3.5), np.zeros(50), np.full(50, np.nan)])
    columns = [column("number"), column("code", "b"), column("number", "c")]
    design = fit_distances(matrix, columns)
    assert (design.numbers, design.compared) == (0, 0)
    rows = np.array([[3.5, 0.0, np.nan], [3.6, 0.0, np.nan], [3.5, 2.0, 1.0]])
    assert design.points(rows)[0].tolist() == [0.0, 0.0, 0.0]
    assert design.points(rows).sum(axis=1).tolist() == [0.0, FARTHEST, 2 * FARTHEST]


def test_a_number_that_is_missing_lies_at_the_median_and_is_told_apart() -> None:
    matrix = np.arange(100.0)[:, None]
    matrix[::4] = np.nan
    design = fit_distances(matrix, [column("number")])
    points = design.points(np.array([[np.nan], [50.0]]))
    assert points[0, 0] == 0.0
    assert points[0, 1] != points[1, 1]
    never_missing = fit_distances(matrix[1:2] + np.arange(9.0)[:, None], [column("number")])
    assert never_missing.points(np.array([[np.nan]])).tolist() == [[0.0, FARTHEST]]


def test_networks_read_each_frequent_value_as_a_feature() -> None:
    matrix = np.repeat([0.0, 1.0, 2.0], [60, 39, 1])[:, None]
    inputs = fit_inputs(np.repeat(matrix, 2, axis=0), [column("code")])
    assert inputs.numbers == 3
    assert inputs.points(np.array([[1.0], [7.0]])).tolist() == [[0, 1, 0], [0, 0, 0]]
    rarer = fit_inputs(np.append(np.repeat(matrix, 2, axis=0), [[3.0]], axis=0), [column("code")])
    assert rarer.numbers == 2


def test_a_design_whose_groups_are_larger_than_it_is_refused() -> None:
    arrays = fit_distances(np.arange(9.0)[:, None], [column("number")]).arrays()
    with pytest.raises(BundleError, match="three groups"):
        Design.restore(arrays | {"design.counts": np.array([2, 1])})
