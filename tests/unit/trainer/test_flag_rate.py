"""A flag rate is told beside what chance allows, and warned of where it lies outside."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from streamscore.calibration import RollingWindow
from streamscore.settings import Settings
from streamscore.sources.record_files import LocalFile
from tests.sensors import SENSORS, sensor_values, write_lines
from trainer.app import TrainingPlan, prepare_model
from trainer.flag_rate import FLAG_RATE_TAG, FlagRate, flag_rate_lines, flag_rate_of


def rate_of(realised: float) -> FlagRate:
    return flag_rate_of(realised, nominal=0.01, judged_rows=1200, calibration_rows=2400)


@pytest.mark.parametrize("realised", [0.004, 0.01, 0.016])
def test_a_rate_that_chance_allows_is_told_alone(realised: float) -> None:
    rate = rate_of(realised)
    assert (rate.verdict, rate.warning) == ("within chance", None)
    (line,) = flag_rate_lines(rate, "those held out")
    assert line.endswith("at 1.00% nominal; by chance 0.31% to 1.69%")


@pytest.mark.parametrize(
    ("realised", "side", "alerts"), [(0.0, "below", "few"), (0.0367, "above", "many")]
)
def test_a_rate_beyond_chance_is_told_with_what_it_means_and_what_to_do(
    realised: float, side: str, alerts: str
) -> None:
    rate = rate_of(realised)
    assert rate.verdict == f"{side} chance"
    first, *others = flag_rate_lines(rate, "those held out")
    assert first.startswith(f"  flagged   {realised:.2%} of those held out, ")
    assert others[0].startswith(f"  warning   The share flagged is {side} what chance explains")
    assert {line[:12].strip() for line in others[1:]} == {""}
    told = " ".join(line.strip() for line in others)
    assert told.removeprefix("warning   ") == rate.warning
    assert f"as {alerts} alerts" in told
    assert "--from" in told


def test_hardly_any_model_of_a_stream_that_does_not_change_is_warned_of() -> None:
    rng = np.random.default_rng(3)
    warned = 0
    for _ in range(200):
        window = RollingWindow(rng.random(400), 5000, 0.02)
        realised = float(np.mean(window.fold(rng.random(200)).p_value <= 0.02))
        found = flag_rate_of(realised, nominal=0.02, judged_rows=200, calibration_rows=400)
        warned += found.warning is not None
    assert warned <= 0.05 * 200


def test_a_training_on_a_stream_that_drifts_says_so_in_report_and_tag(tmp_path: Path) -> None:
    values = [msgspec.json.decode(value) for value in sensor_values(1500)]
    rising = [v | {"pressure": 2000.0 + 50 * i} for i, v in enumerate(values[-100:])]
    records = [msgspec.json.encode(value) for value in [*values[:-100], *rising]]
    file = write_lines(tmp_path / "a.jsonl", records)
    plan = TrainingPlan(source=SENSORS, files=(LocalFile(file),), detector="nearest-neighbours")
    prepared = prepare_model(Settings(), plan, tmp_path, lambda: 0.0)
    rate = prepared.report.flag_rate
    assert rate.realised == prepared.report.metrics["realised_flag_rate"] > rate.high
    assert rate.warning is not None
    assert prepared.trained.tags[FLAG_RATE_TAG] == "above chance"
