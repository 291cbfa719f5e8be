"""Results are what the scores say."""

import msgspec
import numpy as np
import pytest

from streamscore.evaluation.contender import Performance
from streamscore.evaluation.measures import measure
from streamscore.evaluation.recipe_contender import RecipeContender
from streamscore.evaluation.results import result_of
from streamscore.evaluation.task import Labelled
from tests.unit.evaluation.asked import PREVALENCE, asked, no_time, slices


def performance(ranks: list[list[int]] | None = None) -> Performance:
    """A detector that sees every unseen category and no other anomaly."""
    task, rng = asked(), np.random.default_rng(0)
    anomalies = [
        np.full(len(one.anomalies), 9.0 if one.kind == "unseen" else -9.0) for one in task.injected
    ]
    given = None if ranks is None else [np.array(one, np.int64) for one in ranks]
    calibration, clean = rng.normal(size=200), rng.normal(size=300)
    return Performance(calibration=calibration, clean=clean, anomalies=anomalies, ranks=given)


def test_kinds_are_measured_each_and_together() -> None:
    found = result_of("one", asked(), [performance()], PREVALENCE)
    assert found.kinds["unseen"].measures == (1.0, 1.0, 1.0, 1.0)
    assert found.kinds["extreme"].measures.recall_at_1_percent == 0.0
    kinds = {one.kind for one in asked().injected}
    assert set(found.kinds) == kinds
    assert found.measures.recall_at_1_percent == pytest.approx(1 / len(kinds))
    some = result_of("one", asked(), [performance()], PREVALENCE, {"unseen"})
    assert set(some.kinds) == {"unseen"}
    assert some.measures.auprc == 1.0


def test_each_kind_has_intervals_that_hold_its_measures_and_channels_have_none() -> None:
    scored = msgspec.structs.replace(performance(), channels={"loud": performance()})
    found = result_of("one", asked(), [scored], PREVALENCE)
    for kind in found.kinds.values():
        assert set(kind.intervals) == set(kind.measures._fields)
        for name, value in kind.measures._asdict().items():
            low, high = kind.intervals[name]
            assert low - 1e-9 <= value <= high + 1e-9
    assert not any(kind.intervals for kind in found.channels["loud"].kinds.values())


def test_hits_are_counted_among_the_alarms_that_were_explained() -> None:
    ranks = [
        [1, 3, 0, -1, *[-1] * (len(one.anomalies) - 4)]
        if one.kind == "unseen"
        else [-1] * len(one.anomalies)
        for one in asked().injected
    ]
    found = result_of("one", asked(), [performance(ranks)], PREVALENCE).kinds
    assert found["unseen"].explained == 6  # three in each of two trials
    assert found["unseen"].top_1 == pytest.approx(1 / 3)
    assert found["unseen"].top_3 == pytest.approx(2 / 3)
    assert found["extreme"].explained == 0
    assert np.isnan(found["extreme"].top_1)


def test_labels_are_measured_at_the_threshold_of_the_nominal_rate() -> None:
    labelled = Labelled(slices()[2].part(0, 4), np.array([True, True, False, False]))
    task = msgspec.structs.replace(asked(), labelled=labelled)
    scored = msgspec.structs.replace(performance(), labelled=np.array([9.0, -9.0, 9.0, -9.0]))
    found = result_of("one", task, [scored], PREVALENCE).labelled
    assert found is not None
    assert (found.anomalies, found.normal, found.precision, found.recall) == (2, 2, 0.5, 0.5)


def test_a_recipe_is_measured_with_its_own_channels_and_costs() -> None:
    task = asked()
    scored = RecipeContender("isolation-forest").compete(task, 1, no_time)
    found = result_of("isolation-forest", task, [scored], PREVALENCE)
    expected = [
        measure(scored.clean, scores, PREVALENCE).auprc
        for one, scores in zip(task.injected, scored.anomalies, strict=True)
        if one.kind == "extreme"
    ]
    assert found.kinds["extreme"].measures.auprc == pytest.approx(np.mean(expected))
    assert 0 <= found.flag_rate < 0.1
    assert found.size_bytes == scored.size_bytes
    for name, (low, high) in found.intervals.items():
        assert low <= high, name
