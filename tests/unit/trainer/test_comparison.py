"""Detectors are compared on a history that is cut in time, and the result is told."""

import sys
from collections.abc import Sequence
from functools import cache
from math import nan
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from streamscore.detectors.detector import Matrix
from streamscore.errors import HistoryError, UsageError
from streamscore.evaluation.contender import Clock, Contender, Performance
from streamscore.evaluation.recipe_contender import RecipeContender
from streamscore.evaluation.results import LabelledResult
from streamscore.evaluation.task import Labelled, Task
from streamscore.features import Column, ColumnPlan
from streamscore.settings import load_settings
from tests.sensors import sensor_values
from tests.trained_sensors import CODEC, history_of, sensors_history
from trainer.comparison import Compared, Comparison, compare, task_of
from trainer.comparison_files import summary_lines, tables_of, write_comparison
from trainer.comparison_tables import labelled_table
from trainer.evaluating import contender_named, contenders_of
from trainer.flag_rate import flag_rate_of
from trainer.labels import LabelledRecord
from trainer.matrix_contender import MatrixContender
from trainer.usual_forest import plain_matrix, usual_forest

SEEDS = (3, 4)
PREVALENCE = 0.01


@cache
def compared() -> Compared:
    task = task_of(CODEC, sensors_history(), SEEDS, PREVALENCE)
    contenders: list[Contender] = [RecipeContender("isolation-forest"), usual_forest("one-hot")]
    return compare(task, sensors_history(), contenders, SEEDS, PREVALENCE, lambda: 0.0)


def test_the_slices_follow_each_other_in_time() -> None:
    task = compared().task
    assert task.train.utc_ms[-1] <= task.calibrate.utc_ms[0]
    assert task.calibrate.utc_ms[-1] <= task.test.utc_ms[0]
    total = len(task.train) + len(task.calibrate) + len(task.test)
    assert total == len(sensors_history())


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(HistoryError, match="at least 715 good records; received 100"):
        task_of(CODEC, history_of(sensor_values(100)), SEEDS, PREVALENCE)


def test_every_detector_is_measured_on_every_kind() -> None:
    comparison = compared().comparison
    assert [one.name for one in comparison.detectors] == ["isolation-forest", "one-hot forest"]
    assert {"unseen", "extreme", "exact_repeat", "delayed"} <= set(comparison.kinds)
    for one in comparison.detectors:
        assert set(one.kinds) == set(comparison.kinds)
        assert 0 <= one.measures.auprc <= 1
    assert comparison.detectors[0].kinds["extreme"].measures.auroc > 0.7


def test_what_people_call_an_anomaly_is_measured_and_not_taken_for_clean() -> None:
    values = sensor_values(2000)
    labels = [
        LabelledRecord(value=values[place], is_anomaly=place % 2 == 0, is_flagged=False, event="")
        for place in (10, 1900, 1901, 1990)
    ]
    task = task_of(CODEC, sensors_history(), SEEDS, PREVALENCE, labels)
    assert len(task.test) == len(compared().task.test) - 2
    assert task.labelled is not None
    # That of the time that is learned from says nothing of what was not learned.
    assert task.labelled.is_anomaly.tolist() == [True, False, True]
    contenders = [RecipeContender("isolation-forest")]
    found = compare(task, sensors_history(), contenders, SEEDS, PREVALENCE, lambda: 0.0)
    labelled = found.comparison.detectors[0].labelled
    assert labelled is not None
    assert (labelled.anomalies, labelled.normal) == (2, 1)
    assert any("judged by people" in table.columns for table in tables_of(found.comparison))


def test_the_files_of_a_comparison_are_pictures_tables_and_a_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it fails
    write_comparison(tmp_path / "out", compared())
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    pictures = ["scores", "flagged", "top_anomalies", "trend", "kinds", "calibration", "projection"]
    for name in pictures:
        assert written.pop(f"{name}.png").startswith(b"\x89PNG")
    results = msgspec.json.decode(written["results.json"])
    assert results["kinds"] == compared().comparison.kinds
    tables = written["tables.md"].decode()
    kinds = compared().comparison.detectors[1].kinds
    low, high = kinds["extreme"].intervals["auprc"]
    row = next(row for row in tables.splitlines() if row.startswith("| one-hot forest | extreme "))
    assert f"{kinds['extreme'].measures.auprc:.3f} [{low:.3f}, {high:.3f}]" in row
    assert "best" in written["summary.txt"].decode()
    assert set(written) == {"results.json", "tables.md", "summary.txt"}


def test_tables_and_summary_show_the_figures_that_were_measured() -> None:
    comparison: Comparison = compared().comparison
    detectors, kinds, reasons = tables_of(comparison)
    forest = comparison.detectors[0]
    assert f"{forest.measures.auprc:.3f}" in detectors.rows[0][2]
    row = next(row for row in kinds.rows if row[0] == "extreme")
    assert row[1].startswith(f"{forest.kinds['extreme'].measures.auprc:.3f}")
    assert reasons.columns[1:] == ("isolation-forest",)
    text = "\n".join(summary_lines(comparison))
    assert "1.00% prevalence" in text
    assert "nominal; by chance 0.00% to " in text
    assert f"{comparison.test_rows:,} to test" in text


def test_the_usual_forest_scores_as_scikit_learn_does() -> None:
    task = compared().task
    found = compared().performances[1]
    assert [len(scores) for scores in found.anomalies] == [
        len(one.anomalies) for one in task.injected
    ]
    columns = [
        Column(name="a", field="a", kind="code", values=3),
        Column(name="b", field="b", kind="number"),
        Column(name="c", field="c", kind="cycle"),
    ]
    rows = np.array([[0.0, 5.0, 9.0], [4.0, np.nan, 9.0], [3.0, 1.0, 9.0]])
    assert plain_matrix(rows, columns, "one-hot").tolist() == [
        [1, 0, 0, 5],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
    ]
    assert plain_matrix(rows, columns, "ordinal").tolist() == [[0, 5], [0, 0], [3, 1]]
    forest = IsolationForest(random_state=0).fit(rows[:, :2][[0, 2]])
    assert forest.score_samples(rows[[0, 2], :2]).max() < 0  # so the negative is what rises


def test_a_share_of_nothing_is_a_dash() -> None:
    first = compared().comparison.detectors[0]
    nothing = LabelledResult(anomalies=0, normal=3, precision=nan, recall=nan)
    all_right = LabelledResult(anomalies=2, normal=0, precision=1.0, recall=0.5)
    judged = [msgspec.structs.replace(first, labelled=one) for one in (nothing, all_right)]
    assert [row[1:] for row in labelled_table(judged).rows] == [
        ["0", "3", "-", "-"],
        ["2", "0", "1.000", "0.500"],
    ]


def test_a_flag_rate_beyond_chance_is_warned_of() -> None:
    comparison = compared().comparison
    assert set(comparison.flag_rates) == {one.name for one in comparison.detectors}
    for realised, is_warned in ((0.02, False), (0.2, True)):
        rate = flag_rate_of(realised, nominal=0.02, judged_rows=200, calibration_rows=400)
        rates = dict.fromkeys(comparison.flag_rates, rate)
        lines = summary_lines(msgspec.structs.replace(comparison, flag_rates=rates))
        assert any(line.startswith("  warning ") for line in lines) == is_warned


def test_one_trial_is_no_trials() -> None:
    one = msgspec.structs.replace(compared().comparison, seeds=[3])
    (line,) = (line for line in summary_lines(one) if line.startswith("  anomalies "))
    assert " kinds in 1 trial, weighed to " in line


class Failing:
    """A detector that cannot."""

    name = "failing"

    def compete(self, task: Task, seed: int, clock: Clock) -> Performance:
        raise UsageError("it needs what is not there")


def test_a_detector_that_fails_is_told_and_the_comparison_goes_on() -> None:
    task = compared().task
    few = msgspec.structs.replace(task, injected=task.injected[:2])
    both: list[Contender] = [RecipeContender("isolation-forest"), Failing()]
    found = compare(few, sensors_history(), both, SEEDS, PREVALENCE, lambda: 0.0).comparison
    assert [one.name for one in found.detectors] == ["isolation-forest"]
    assert "  failed    failing: it needs what is not there" in summary_lines(found)
    with pytest.raises(UsageError, match="it needs what is not there"):
        compare(few, sensors_history(), both[::-1], SEEDS, PREVALENCE, lambda: 0.0)


class Halves(NamedTuple):
    """Scores of a matrix: the first column of a row."""

    scores: NDArray[np.float64]
    microseconds_a_record: float = 2.0
    size_bytes: int = 7


def test_a_detector_of_matrices_gets_every_row_that_is_asked_for() -> None:
    seen: list[tuple[int, int]] = []

    def fit_and_score(
        train: Matrix, test: Matrix, columns: Sequence[Column], seed: int, clock: Clock
    ) -> Halves:
        seen.append((len(train), len(columns)))
        return Halves(np.nan_to_num(test[:, 0]))

    judged = compared().task.test.part(3, 9)
    labelled = Labelled(judged, np.ones(6, np.bool_))
    task = msgspec.structs.replace(compared().task, labelled=labelled)
    plan = ColumnPlan(cycles=False, text_dimensions=0)
    found = MatrixContender("halves", plan, fit_and_score).compete(task, 1, lambda: 0.0)
    assert seen[0][0] == len(task.train)
    assert len(found.calibration) == len(task.calibrate)
    assert len(found.clean) == len(task.test)
    assert found.labelled is not None
    assert np.array_equal(found.labelled, found.clean[3:9])
    assert [len(one) for one in found.anomalies] == [len(one.anomalies) for one in task.injected]
    assert (found.microseconds, found.size_bytes, found.ranks) == (2.0, 7, None)


def test_the_first_detector_comes_before_the_usual_ones_and_those_that_are_named() -> None:
    settings = load_settings(None, {}, {})
    names = ("repeats", "pyod-ecod", "isolation-forest")
    named = [contender_named(settings, name) for name in names]
    found = contenders_of(CODEC.source, RecipeContender("isolation-forest"), named)
    assert [one.name for one in found] == [
        "isolation-forest",
        "one-hot forest",
        "ordinal forest",
        "repeats",
        "pyod-ecod",
    ]
    with pytest.raises(
        UsageError, match=r"a detector must be one of those listed; received 'magic'"
    ):
        contender_named(settings, "magic")


def test_a_detector_of_a_library_is_compared_in_a_process_of_its_own() -> None:
    task = compared().task
    few = msgspec.structs.replace(task, injected=task.injected[:3])
    found = contender_named(load_settings(None, {}, {}), "pyod-ecod").compete(few, 1, lambda: 0.0)
    assert len(found.clean) == len(task.test)
    assert [len(one) for one in found.anomalies] == [len(one.anomalies) for one in few.injected]
    assert found.microseconds > 0


def test_no_kind_is_told_as_found_best_and_least() -> None:
    comparison = compared().comparison
    first = comparison.detectors[0]
    few = dict(list(first.kinds.items())[:4])
    told = msgspec.structs.replace(
        comparison, detectors=[msgspec.structs.replace(first, kinds=few)]
    )
    (line,) = (line for line in summary_lines(told) if "least:" in line)
    best, least = line.split("least:")
    assert sorted(kind for kind in few if kind in best) != sorted(few)
    assert [kind for kind in few if kind in best and kind in least] == []
