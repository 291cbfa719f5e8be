"""The figures of an evaluation are logged under names that MLflow takes."""

import re
from functools import cache
from math import nan

import msgspec

from streamscore.evaluation.recipe_contender import RecipeContender
from streamscore.evaluation.results import LabelledResult
from tests.trained_sensors import CODEC, sensors_history
from trainer.comparison import Comparison, compare, task_of
from trainer.evaluating import logged_metrics

TAKEN = re.compile(r"[\w.\-: /]+")
"""What MLflow allows in the name of a figure."""


@cache
def compared() -> Comparison:
    history = sensors_history()
    task = task_of(CODEC, history, [1], 0.01)
    forest = RecipeContender("isolation-forest")
    return compare(task, history, [forest], [1], 0.01, lambda: 0.0).comparison


def test_what_people_judged_is_logged_where_there_is_a_share() -> None:
    found, judged = compared(), LabelledResult(anomalies=0, normal=2, precision=0.0, recall=nan)
    (forest,) = found.detectors
    labelled = msgspec.structs.replace(forest, labelled=judged)
    figures = logged_metrics(msgspec.structs.replace(found, detectors=[labelled]))
    assert figures["isolation-forest/labelled_precision"] == 0.0
    assert "isolation-forest/labelled_recall" not in figures
    assert not any("labelled" in name for name in logged_metrics(found))


def test_figures_of_joined_recipes_have_names_that_mlflow_takes() -> None:
    found = compared()
    joined = msgspec.structs.replace(found.detectors[0], name="categorical+text")
    names = logged_metrics(msgspec.structs.replace(found, detectors=[joined]))
    assert "categorical and text/auprc" in names
    assert [name for name in names if not TAKEN.fullmatch(name)] == []
