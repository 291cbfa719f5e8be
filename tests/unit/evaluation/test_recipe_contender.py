"""A recipe in a comparison is scored as the stream would score it."""

from functools import cache

import msgspec
import numpy as np

from streamscore.detectors.recipes import Recipe, fit_recipe
from streamscore.evaluation.contender import Performance, performances
from streamscore.evaluation.recipe_contender import RecipeContender, in_stream
from streamscore.evaluation.task import Injected, Labelled
from streamscore.features import Encoder
from tests.unit.evaluation.asked import asked, no_time, of_kind, slices

WITH_MEMORY = Recipe(name="both", members=(("isolation-forest", 1.0), ("repeats", 1.0)))


def injected(places: list[int], inserted: list[bool]) -> Injected:
    return Injected(
        kind="odd",
        trial=0,
        anomalies=slices()[2].part(0, len(places)),
        places=np.array(places, np.int64),
        is_inserted=np.array(inserted, np.bool_),
        fields=[()] * len(places),
    )


def test_anomalies_stand_in_the_stream_where_they_belong() -> None:
    stream = np.arange(5.0)[:, None]
    anomalies = np.array([[90.0], [91.0], [92.0], [93.0]])
    where = injected([0, 1, 1, 4], [True, False, True, True])
    with_all, places = in_stream(stream, anomalies, where)
    assert with_all[:, 0].tolist() == [0, 90, 91, 92, 2, 3, 4, 93]
    assert with_all[places, 0].tolist() == [90, 91, 92, 93]


@cache
def competed(recipe: Recipe | str = "isolation-forest") -> Performance:
    """How a recipe does in the task, fit with seed 1."""
    return RecipeContender(recipe).compete(asked(), 1, no_time)


def test_a_repeat_is_found_where_a_detector_has_a_memory() -> None:
    found, alone = competed(WITH_MEMORY), competed()
    repeats = of_kind(asked(), "exact_repeat")
    assert np.median(found.anomalies[repeats]) > np.quantile(found.clean, 0.99)
    assert np.median(alone.anomalies[repeats]) < np.quantile(alone.clean, 0.9)


def test_memories_begin_with_what_was_learned_from_as_on_a_stream_that_went_on() -> None:
    task, recipe = asked(), WITH_MEMORY
    encoder = Encoder.fit(task.codec, task.train.records, recipe.plan)
    train, later, test = (
        encoder.encode(one.records, one.utc_ms, one.local_ms)
        for one in (task.train, task.calibrate, task.test)
    )
    fitted = fit_recipe(recipe, train, later, encoder.columns, 1)
    whole = fitted.score(fitted.fold(np.vstack([train, later, test]), fitted.begin()))
    found = competed(recipe)
    assert np.allclose(found.calibration, whole[len(train) : len(train) + len(later)])
    assert np.allclose(found.clean, whole[len(train) + len(later) :])


def test_channels_are_told_on_their_own() -> None:
    forest, alone = competed(WITH_MEMORY).channels["isolation-forest"], competed()
    assert np.allclose(forest.clean, alone.clean)
    assert all(
        np.allclose(own, other)
        for own, other in zip(forest.anomalies, alone.anomalies, strict=True)
    )
    assert alone.channels == {}


def test_the_past_alone_is_learned_from_and_the_same_seed_gives_the_same_scores() -> None:
    first = competed(WITH_MEMORY)
    test = asked().test.part(0, 100)
    shorter = msgspec.structs.replace(asked(), test=test, injected=[])
    again = RecipeContender(WITH_MEMORY).compete(shorter, 1, no_time)
    assert np.array_equal(again.clean, first.clean[:100])
    assert np.array_equal(again.calibration, first.calibration)


def test_reasons_are_asked_of_alarms_alone_and_ranked() -> None:
    task, found = asked(), competed()
    assert found.ranks is not None
    threshold = np.sort(found.clean)[-4]  # three of 300 may lie above
    for one, scores, ranks in zip(task.injected, found.anomalies, found.ranks, strict=True):
        was_asked = (scores > threshold) & np.array([bool(fields) for fields in one.fields])
        assert np.array_equal(ranks >= 0, was_asked)
    every = np.concatenate(found.ranks)
    assert (every > 0).any()
    assert every.max() <= len(task.codec.source.fields)


def test_the_highest_clean_records_come_with_reasons_and_the_bundle_has_a_size() -> None:
    found = competed()
    places = [place for place, _ in found.top]
    assert found.clean[places].tolist() == np.sort(found.clean)[::-1][:20].tolist()
    assert all(np.isclose(sum(one.share for one in reasons), 1) for _, reasons in found.top)
    assert found.size_bytes > 1000


def test_what_people_judged_is_scored_and_time_is_told_a_record_in_microseconds() -> None:
    judged = slices()[2].part(0, 30)
    task = msgspec.structs.replace(
        asked(), labelled=Labelled(judged, np.zeros(30, np.bool_)), injected=[]
    )
    ticks = iter(range(100))
    forest = RecipeContender("isolation-forest")
    found = forest.compete(task, 1, lambda: float(next(ticks)))
    assert found.labelled is not None
    assert np.array_equal(found.labelled, competed().clean[:30])
    assert np.isclose(found.microseconds, 1e6 / 300)


def test_a_contender_can_learn_anew_for_each_trial() -> None:
    task = asked()
    each = performances(RecipeContender("isolation-forest"), task, (1, 2), no_time)
    once = RecipeContender("isolation-forest").compete(task, 2, no_time)
    for place, one in enumerate(task.injected):
        for number, found in enumerate(each):
            assert len(found.anomalies[place]) == len(one.anomalies) * (one.trial == number)
        if one.trial == 1:
            assert np.array_equal(each[1].anomalies[place], once.anomalies[place])
    assert not np.array_equal(each[0].clean, each[1].clean)
