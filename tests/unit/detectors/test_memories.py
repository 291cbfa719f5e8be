"""Detectors that remember in a model: kept and restored, cut into batches, left out."""

from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamscore.detectors.recipes import Recipe, fit_recipe
from streamscore.errors import BundleError, UsageError
from streamscore.features import Encoder
from streamscore.scoring import KeptArray, Model, PartitionFold, PartitionState, kept_memory
from tests.sensors import sensor_values
from tests.trained_sensors import CODEC, history_of
from trainer.pyfunc_model import BundleScorer
from trainer.training import Training, train

VALUES = [*sensor_values(120, seed=3), *sensor_values(40, seed=3), *sensor_values(20, seed=4)]
"""Later records, of which some come again and with them their times."""

MIXED = "categorical"


@cache
def training(detector: str = MIXED) -> Training:
    return train(CODEC, history_of(sensor_values(2000)), detector, 7, lambda: 0.0)


@cache
def model(detector: str = MIXED, *, stateless: bool = False) -> Model:
    return Model(CODEC, training(detector).bundle, "sensors", "1", stateless=stateless)


def begun(detector: str = MIXED) -> PartitionFold:
    return PartitionFold(model(detector), model(detector).new_window(1))


def kept(fold: PartitionFold, next_offset: int) -> PartitionState:
    return PartitionState(
        source="sensors",
        model=fold.model.version,
        next_offset=next_offset,
        window=fold.window.snapshot(),
        memory=kept_memory(fold.memory),
    )


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(0, 6))
def test_a_fold_is_the_same_however_it_is_cut_and_wherever_it_is_taken_over(
    sizes: list[int], taken_over_after: int
) -> None:
    whole = begun().fold(VALUES)
    fold, start, scores, p_values = begun(), 0, [], []
    for turn, size in enumerate([*sizes, len(VALUES)]):
        if turn == taken_over_after:
            state = PartitionState.decode(kept(fold, start).encode())
            fold = state.resume(model())
        part = fold.fold(VALUES[start : start + size])
        scores += part.scores.tolist()
        p_values += part.judged.p_value.tolist()
        start += size
    assert scores == whole.scores.tolist()
    assert p_values == whole.judged.p_value.tolist()


def test_a_state_of_another_memory_is_refused() -> None:
    state = kept(begun(), 0)
    name, array = next(iter(state.memory.items()))
    short = state.memory | {name: KeptArray(array.dtype, [0], b"")}
    for memory in ({}, short):
        with pytest.raises(BundleError, match="must hold what its model remembers"):
            msgspec.structs.replace(state, memory=memory).resume(model())


def test_a_stateless_model_scores_each_record_by_itself() -> None:
    stateless = model(stateless=True)
    assert stateless.begin() == {}
    batch = CODEC.read(VALUES)
    scores = PartitionFold(stateless, stateless.new_window(1)).score(batch).scores
    backwards = CODEC.read(VALUES[::-1])
    again = PartitionFold(stateless, stateless.new_window(1)).score(backwards).scores
    assert np.array_equal(again[::-1], scores)
    assert not np.array_equal(begun().score(batch).scores, scores)


def test_what_is_left_shares_the_whole_budget_and_is_compared_with_its_own_scores() -> None:
    bundle = training().bundle
    kept_on = bundle.detectors().stateless()
    left = {one.detector.name for one in bundle.detectors().members} - {"repeats", "stray-times"}
    assert {one.detector.name for one in kept_on.members} == left != set()
    assert sum(one.weights.sum() for one in kept_on.members) == pytest.approx(1.0)
    places = bundle.detectors().stateless_channels
    latest = training().channels[-len(bundle.calibration_scores) :]
    np.testing.assert_array_equal(bundle.stateless_scores, kept_on.score(latest[:, places]))


def test_a_model_without_a_memory_is_stateless_as_it_is() -> None:
    bundle = training("isolation-forest").bundle
    assert np.array_equal(bundle.stateless_scores, bundle.calibration_scores)
    assert "calibration.stateless" not in bundle.arrays
    assert len(bundle.detectors().stateless().channels) == 1


def test_nothing_is_left_of_a_model_that_only_remembers() -> None:
    with pytest.raises(UsageError, match="needs a detector that looks at each record alone"):
        Model(CODEC, training("repeats").bundle, "sensors", "1", stateless=True)


@pytest.mark.parametrize("detector", [MIXED, "repeats"])
def test_a_table_in_mlflow_is_scored_row_by_row(detector: str) -> None:
    import pandas as pd

    table = pd.DataFrame([msgspec.json.decode(value) for value in VALUES])
    scorer = BundleScorer(CODEC, training(detector).bundle)
    found = scorer.score_table(table.drop(columns="readings"))["score"]
    backwards = scorer.score_table(table.drop(columns="readings")[::-1])["score"]
    assert np.array_equal(backwards[::-1], found)
    assert bool((found == 0.0).all()) == (detector == "repeats")


def test_a_tail_is_learned_with_a_memory_that_is_full() -> None:
    recipe = Recipe(name="trial", members=(("isolation-forest", 1.0), ("repeats", 1.0)))
    history = history_of(sensor_values(600))
    encoder = Encoder.fit(CODEC, history.records, recipe.plan)
    matrix = encoder.encode(history.records, history.utc_ms, history.local_ms)
    again = fit_recipe(recipe, matrix, matrix[-200:], encoder.columns, 1)
    tail = again.members[1].tails[0]
    # Each of these rows came before, so it is no surprise that one does.
    assert tail.of(np.array([0.5]))[0] < 0.1
