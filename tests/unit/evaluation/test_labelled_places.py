"""Records that people judged are scored where they lay in the stream."""

import msgspec
import numpy as np

from streamscore.detectors.recipes import Recipe
from streamscore.evaluation.labelled_places import labelled_places
from streamscore.evaluation.recipe_contender import RecipeContender
from streamscore.evaluation.task import Labelled, Slice, Task
from tests.unit.evaluation.asked import asked, no_time, slices

STRAY = Recipe(name="both", members=(("isolation-forest", 1.0), ("stray-times", 1.0)))
JUDGED = [250, 3, 120]
MISSING = 120


def picked(rows: Slice, places: list[int]) -> Slice:
    return Slice([rows.records[i] for i in places], rows.utc_ms[places], rows.local_ms[places])


def without_one() -> Task:
    """Return the task with one of the judged records left out of its clean ones."""
    kept = [i for i in range(300) if i != MISSING]
    judged = Labelled(picked(slices()[2], JUDGED), np.array([False, False, True]))
    test = picked(slices()[2], kept)
    return msgspec.structs.replace(asked(), test=test, labelled=judged, injected=[])


def test_a_record_of_the_slice_stands_for_itself_and_another_behind_its_neighbour() -> None:
    task = without_one()
    assert task.labelled is not None
    placed, order = labelled_places(task, task.labelled)
    assert order.tolist() == [1, 2, 0]
    assert placed.places.tolist() == [3, MISSING - 1, 249]
    assert placed.is_inserted.tolist() == [False, True, False]


def test_judged_records_have_the_scores_of_the_stream_that_they_were_part_of() -> None:
    whole = msgspec.structs.replace(asked(), injected=[])
    of_stream = RecipeContender(STRAY).compete(whole, 1, no_time).clean
    found = RecipeContender(STRAY).compete(without_one(), 1, no_time).labelled
    assert found is not None
    assert np.allclose(found, of_stream[JUDGED])
