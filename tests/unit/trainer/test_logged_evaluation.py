"""The figures of an evaluation are logged under names that MLflow takes."""

import re

import msgspec

from streamscore.evaluation.recipe_contender import RecipeContender
from tests.trained_sensors import CODEC, sensors_history
from trainer.comparison import compare, task_of
from trainer.evaluating import logged_metrics

TAKEN = re.compile(r"[\w.\-: /]+")
"""What MLflow allows in the name of a figure."""


def test_figures_of_joined_recipes_have_names_that_mlflow_takes() -> None:
    history = sensors_history()
    task = task_of(CODEC, history, [1], 0.01)
    forest = RecipeContender("isolation-forest")
    found = compare(task, history, [forest], [1], 0.01, lambda: 0.0).comparison
    joined = msgspec.structs.replace(found.detectors[0], name="categorical+text")
    names = logged_metrics(msgspec.structs.replace(found, detectors=[joined]))
    assert "categorical and text/auprc" in names
    assert [name for name in names if not TAKEN.fullmatch(name)] == []
