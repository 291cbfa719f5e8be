"""Tables become the records they say, and are cut as stated."""

from pathlib import Path

import numpy as np

from benchmarks._tabular_sets import TabularSet, read_arff, tabular_sets
from benchmarks.detection_tabular import Found, figures_of, split
from streamscore.sources import Codec


def table() -> TabularSet:
    numbers = np.arange(200.0)
    numbers[3] = np.nan
    return TabularSet("mixed", (numbers, np.repeat(["x", "y"], 100)), np.arange(200) % 10 == 0)


def test_cells_are_the_values_of_records_and_a_missing_one_is_none() -> None:
    codec = Codec(table().source("clean"))
    read = table().read(codec)
    assert codec.values_of(read.records, "c0")[2:5] == [2.0, None, 4.0]
    assert codec.values_of(read.records, "c1")[99:101] == ["x", "y"]
    assert np.array_equal(np.diff(read.utc_ms), np.full(199, 1000))


def test_a_clean_history_holds_no_anomaly_and_nothing_is_judged_twice() -> None:
    for is_dirty in (False, True):
        cut = split(table(), 1, 1000, is_dirty=is_dirty)
        assert cut.history.is_anomaly.any() == is_dirty
        rows = np.concatenate([cut.history.columns[0], cut.judged.columns[0]])
        assert len(np.unique(rows)) == len(rows) == 200


def test_a_large_set_is_thinned_and_few_anomalies_are_kept() -> None:
    large = TabularSet("large", (np.arange(9000.0),), np.arange(9000) < 90)
    thin = large.shuffled(1, 3000)
    assert thin.is_anomaly.sum() == 90
    assert len(thin.is_anomaly) == 90 + 2970


def test_nominal_attributes_are_categories_and_the_rarer_class_is_the_anomaly(
    tmp_path: Path,
) -> None:
    file = tmp_path / "small.arff"
    file.write_text(
        "% made up\n@relation x\n@attribute a {u,v}\n@attribute b numeric\n@attribute c {0,1}\n"
        "@data\nu,1.5,0\nv,?,0\n'v',2,1\n"
    )
    read = read_arff(file)
    assert read.columns[0].tolist() == ["u", "v", "v"]
    assert read.columns[1][[0, 2]].tolist() == [1.5, 2.0]
    assert np.isnan(read.columns[1][1])
    assert read.is_anomaly.tolist() == [False, False, True]


def test_without_real_sets_there_are_generated_ones(tmp_path: Path) -> None:
    made, origin = tabular_sets(tmp_path)
    assert origin.startswith("generated")
    assert all(0 < one.is_anomaly.sum() < len(one.is_anomaly) for one in made)


def test_the_gap_is_to_the_best_of_the_usual_detectors_in_the_worst_set() -> None:
    names = ("default", "forest", "neighbours", "outlier_factor", "ecod")
    each = [
        dict(zip(names, (Found(0.9, ap), *[Found(0.5, 0.1)] * 3, Found(0.5, 0.6)), strict=True))
        for ap in (0.5, 0.7)
    ]
    figures = figures_of("clean", each)
    assert np.isclose(figures["clean_largest_ap_gap"], 0.1)
    assert np.isclose(figures["clean_ap"], 0.6)
