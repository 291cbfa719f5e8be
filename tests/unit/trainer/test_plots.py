import sys
from pathlib import Path

import numpy as np
import pytest

from tests.trained_sensors import CODEC, sensors_history, sensors_training
from trainer.plots import plot_calibration, plot_scores, plot_top_anomalies, write_plots
from trainer.top_anomalies import top_anomalies


def test_the_top_anomalies_are_the_highest_scores_that_were_not_fit_on() -> None:
    training = sensors_training()
    top = top_anomalies(CODEC, sensors_history(), training, 20)
    unseen = np.concatenate([training.calibration_scores, training.held_out_scores])
    assert [one.score for one in top] == np.sort(unseen)[::-1][:20].tolist()
    for one in top:
        assert np.isclose(sum(share for _, share in one.reasons), 1.0)


def test_the_pictures_are_png_files_and_leave_pyplot_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it fails
    top = top_anomalies(CODEC, sensors_history(), sensors_training())
    write_plots(tmp_path / "plots", sensors_training(), top, "Sensors")
    written = {path.name: path.read_bytes()[:4] for path in (tmp_path / "plots").iterdir()}
    names = ("scores.png", "calibration.png", "top_anomalies.png")
    assert written == dict.fromkeys(names, b"\x89PNG")


def test_the_pictures_show_the_figures_that_were_measured() -> None:
    training = sensors_training()
    (axes,) = plot_calibration(training, "Sensors").axes
    drawn = {str(line.get_label()): line for line in axes.lines}
    rates = np.asarray(drawn["realised"].get_xdata())
    realised = np.asarray(drawn["realised"].get_ydata())
    expected = [np.mean(training.held_out.p_value <= rate) for rate in rates]
    assert np.allclose(np.nan_to_num(realised), expected)
    assert any(f"{training.metrics['realised_flag_rate']:.2%}" in t.get_text() for t in axes.texts)
    (axes,) = plot_scores(training, "Sensors").axes
    assert axes.get_yscale() == "log"
    top = top_anomalies(CODEC, sensors_history(), training, 5)
    (axes,) = plot_top_anomalies(top, "Sensors").axes
    assert [round(bar.get_width(), 12) for bar in axes.patches] == [  # type: ignore[attr-defined]
        round(one.score, 12) for one in top
    ]
    assert all(one.reasons[0][0] in t.get_text() for one, t in zip(top, axes.texts, strict=True))
