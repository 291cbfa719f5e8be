"""A compared detector on a history is judged as a model is."""

from functools import cache
from pathlib import Path

import numpy as np

from tests.trained_sensors import CODEC, sensors_history
from trainer.compared.limits import Limits
from trainer.compared.training import ComparedTraining, train_compared
from trainer.plots import write_plots
from trainer.top_anomalies import top_without_reasons

LIMITS = Limits(timeout_seconds=110.0, memory_bytes=2**32)


@cache
def compared() -> ComparedTraining:
    return train_compared(CODEC, sensors_history(), "pyod-ecod", 7, lambda: 0.0, LIMITS)


def test_the_later_slices_are_scored_and_the_last_is_judged() -> None:
    found = compared()
    assert (found.split.fit, found.split.calibration, found.split.held_out) == (1400, 400, 200)
    slices = [len(s) for s in (found.fit_scores, found.calibration_scores, found.held_out_scores)]
    assert slices == [0, 400, 200]
    assert found.scored.fit_rows == 1400
    assert len(found.held_out.p_value) == 200
    assert found.metrics["realised_flag_rate"] == np.mean(found.held_out.p_value <= 0.02)
    assert np.isfinite(list(found.metrics.values())).all()
    assert found.metrics["microseconds_a_record"] > 0


def test_the_pictures_are_those_of_a_model(tmp_path: Path) -> None:
    top = top_without_reasons(sensors_history(), compared())
    later = np.concatenate([compared().calibration_scores, compared().held_out_scores])
    assert [one.score for one in top] == np.sort(later)[::-1][:20].tolist()
    write_plots(tmp_path, compared(), top, "Sensors")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"scores.png", "calibration.png", "top_anomalies.png"}
