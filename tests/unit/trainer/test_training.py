import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.bundle import read_bundle, write_bundle
from streamscore.errors import HistoryError, UsageError
from streamscore.scoring import Model
from tests.sensors import SENSORS, sensor_values
from tests.trained_sensors import CODEC, DETECTOR, history_of, sensors_history, sensors_training
from trainer.history import History
from trainer.training import Training, split_in_time, train


@pytest.fixture
def history() -> History:
    return sensors_history()


@pytest.fixture
def training() -> Training:
    return sensors_training()


def trained(history: History, seed: int = 7) -> Training:
    seconds = itertools.count()
    return train(CODEC, history, DETECTOR, seed, lambda: float(next(seconds)))


@given(st.floats(0.0005, 0.5))
def test_the_fewest_records_that_a_refusal_names_are_enough(rate: float) -> None:
    source = msgspec.structs.replace(SENSORS, nominal_rate=rate)
    with pytest.raises(HistoryError, match=r"needs at least \d+ good records; received 0") as told:
        split_in_time(source, 0)
    least = int(str(told.value).partition("at least ")[2].split()[0])
    assert sum(msgspec.structs.astuple(split_in_time(source, least))) == least
    with pytest.raises(HistoryError, match=f"received {least - 1}"):
        split_in_time(source, least - 1)


def test_the_slices_follow_one_another_in_time(history: History, training: Training) -> None:
    split = training.split
    assert (split.fit, split.calibration, split.held_out) == (1400, 400, 200)
    model = Model(CODEC, training.bundle, "sensors", "1")
    again = model.score(history.records, history.utc_ms, history.local_ms, model.begin()).scores
    slices = [training.fit_scores, training.calibration_scores, training.held_out_scores]
    assert np.array_equal(np.concatenate(slices), again)
    assert training.bundle.manifest.trained.fit_rows == 1400


def test_nothing_is_learned_from_records_later_than_the_fit_slice(training: Training) -> None:
    values = sensor_values(2000)
    later = [
        value.replace(b"north", b"new one").replace(b'"temperature":', b'"temperature":-')
        for value in values[1400:]
    ]
    other = trained(history_of(values[:1400] + later))
    assert other.bundle.manifest.encoder == training.bundle.manifest.encoder
    assert np.array_equal(other.fit_scores, training.fit_scores)


def test_the_window_holds_the_latest_scores_that_were_not_fit_on(training: Training) -> None:
    unseen = np.concatenate([training.calibration_scores, training.held_out_scores])
    assert np.array_equal(training.bundle.calibration_scores, unseen[-300:])
    assert training.bundle.manifest.trained.calibration_rows == 300


def test_held_out_records_are_flagged_at_about_the_nominal_rate() -> None:
    training = trained(history_of(sensor_values(20_000)))
    realised = training.metrics["realised_flag_rate"]
    # A 300-record window at 2%: the rate varies by a few tenths of a per cent between windows.
    assert 0.01 <= realised <= 0.03
    assert realised == np.mean(training.held_out.p_value <= 0.02)


def test_the_same_seed_gives_the_same_bundle(history: History, training: Training) -> None:
    digest = training.bundle.manifest.digest
    assert trained(history).bundle.manifest.digest == digest
    assert trained(history, seed=8).bundle.manifest.digest != digest


def test_a_trained_bundle_comes_back_from_its_folder(tmp_path: Path, training: Training) -> None:
    write_bundle(training.bundle, tmp_path / "bundle")
    back = read_bundle(tmp_path / "bundle")
    assert back.manifest == training.bundle.manifest


def test_the_figures_are_finite_and_complete(history: History) -> None:
    figures = trained(history).metrics
    assert all(np.isfinite(list(figures.values())))
    assert figures["rows"] == 2000
    assert figures["fit_seconds"] == 1.0
    assert figures["score_p50"] <= figures["score_p90"] <= figures["score_p99"]


def test_an_unknown_detector_is_refused(history: History) -> None:
    with pytest.raises(UsageError, match=r"a detector is one of .*forest.*; got 'oracle'"):
        train(CODEC, history, "oracle", 0, lambda: 0.0)


def test_a_refusal_says_where_the_records_were_and_what_was_wrong_with_the_others() -> None:
    few = history_of([*sensor_values(3), b"{", b"["])
    with pytest.raises(HistoryError, match=r"3 from sensors\.jsonl \(skipped: 2 not_json\)"):
        trained(few)
