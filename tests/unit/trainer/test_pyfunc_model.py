from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from streamscore.bundle import write_bundle
from streamscore.errors import BundleError
from streamscore.sources import Source
from tests.sensors import SENSORS, sensor_values
from tests.trained_sensors import CODEC, sensors_history, sensors_model, sensors_training
from trainer.input_table import example_table
from trainer.pyfunc_model import SOURCE_FILE, BundleScorer, record_values

SCORER = BundleScorer(CODEC, sensors_training().bundle)


def table_of(values: list[bytes]) -> pd.DataFrame:
    return pd.DataFrame([msgspec.json.decode(value) for value in values]).drop(columns="readings")


def test_a_table_is_scored_as_the_model_scores_records() -> None:
    history = sensors_history()
    table = example_table(CODEC, history.records[:200]).assign(
        owner=CODEC.values_of(history.records[:200], "owner")
    )
    model = sensors_model()
    times = (history.utc_ms[:200], history.local_ms[:200])
    expected = model.score(history.records[:200], *times, model.begin())
    assert np.array_equal(SCORER.score_table(table)["score"], expected.scores)


def test_a_p_value_is_that_of_a_fresh_window_for_each_row() -> None:
    result = SCORER.score_table(table_of(sensor_values(50, seed=5)))
    for score, p_value, is_flagged in zip(
        result["score"], result["p_value"], result["flagged"], strict=True
    ):
        judged = sensors_model().new_window(1).fold(np.array([score]))
        assert p_value == judged.p_value[0]
        assert is_flagged == (p_value <= SENSORS.nominal_rate)


def test_a_row_that_is_no_record_has_its_reason_and_no_score() -> None:
    table = table_of(sensor_values(4)).astype(object)
    table.loc[0, "temperature"] = 1000.0
    table.loc[1, "sensor"] = None
    table.loc[2, "owner"] = "\ud800"
    result = SCORER.score_table(table)
    assert result["fault"].tolist() == ["out_of_range", "missing_field", "not_utf8", ""]
    assert result["score"].isna().tolist() == [True, True, True, False]
    assert result["p_value"].isna().tolist() == [True, True, True, False]
    assert not result["flagged"][:3].any()


def test_the_index_of_the_table_is_kept_and_none_is_an_empty_result() -> None:
    table = table_of(sensor_values(3)).set_index(pd.Index(["a", "b", "c"]))
    assert SCORER.score_table(table).index.tolist() == ["a", "b", "c"]
    assert len(SCORER.score_table(table[:0])) == 0


def test_what_pandas_makes_of_records_becomes_the_same_records_again() -> None:
    """Integers that pandas holds as floats, missing numbers as NaN, and numpy's own types."""
    values = sensor_values(100)
    table = table_of(values).astype({"at": "float64"})
    back = [CODEC.decode(value) for value in record_values(SENSORS, table)]
    expected = [CODEC.decode(value.replace(b'[1,{"x":2}]', b"null")) for value in values]
    assert [CODEC.encode(record) for record in back] == [CODEC.encode(r) for r in expected]


def test_a_folder_with_bundle_and_source_is_enough(tmp_path: Path) -> None:
    write_bundle(sensors_training().bundle, tmp_path)
    (tmp_path / SOURCE_FILE).write_bytes(msgspec.json.encode(SENSORS))
    table = table_of(sensor_values(5))
    loaded = BundleScorer.load(tmp_path).score_table(table)
    pd.testing.assert_frame_equal(loaded, SCORER.score_table(table))
    other: Source = msgspec.structs.replace(SENSORS, name="other")
    (tmp_path / SOURCE_FILE).write_bytes(msgspec.json.encode(other))
    with pytest.raises(BundleError, match="must be made for the source that runs, other"):
        BundleScorer.load(tmp_path)
