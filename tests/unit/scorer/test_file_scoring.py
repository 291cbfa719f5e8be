"""The scores of a file are those of a partition with its records."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from scorer.file_scoring import RowScore, score_file
from streamscore.calibration import severity
from streamscore.scoring import Model, PartitionFold
from streamscore.sources import Codec
from streamscore.sources.dialects import Dialect, FieldSpelling
from streamscore.sources.nesting import Nesting
from streamscore.sources.record_files import LocalFile
from tests.sensors import SENSORS, nested, sensor_values, write_lines
from tests.trained_sensors import CODEC, DETECTOR, sensors_model, sensors_training
from trainer.history import HistoryBuilder
from trainer.training import train

BAD = {3: b"{", 7: b'{"at": 1}', 11: b'{"at": 1700000000000}', 12: b"[]"}
REASONS = {3: "not_json", 7: "event_time_absurd", 11: "missing_field", 12: "wrong_type"}


def values_with_faults(count: int = 700) -> list[bytes]:
    values = sensor_values(count, seed=9)
    for place, value in BAD.items():
        values[place] = value
    for place in range(40, count, 60):
        record = msgspec.json.decode(values[place])
        values[place] = msgspec.json.encode(record | {"temperature": -80.0, "pressure": 900.0})
    return values


def scored(path: Path, batch_records: int = 100) -> list[RowScore]:
    return [
        row for rows in score_file(sensors_model(), LocalFile(path), batch_records) for row in rows
    ]


@pytest.mark.parametrize("batch_records", [1, 97, 10_000])
def test_scores_are_those_of_one_partition_whatever_the_batches(
    tmp_path: Path, batch_records: int
) -> None:
    values = values_with_faults()
    rows = scored(write_lines(tmp_path / "a.jsonl", values), batch_records)
    model = sensors_model()
    whole = PartitionFold(model, model.new_window(1)).fold(values)
    good = [row for row in rows if row.rejected is None]
    assert [row.line for row in rows] == list(range(1, len(values) + 1))
    assert [row.line - 1 for row in good] == whole.good
    assert [row.score for row in good] == whole.scores.tolist()
    assert [row.p_value for row in good] == whole.judged.p_value.tolist()
    assert [row.threshold for row in good] == whole.judged.threshold.tolist()
    flagged = whole.flagged(model.source.nominal_rate)
    assert [at for at, row in enumerate(good) if row.flagged] == flagged
    assert len(flagged) >= 5


def test_nested_records_have_the_scores_of_flat_ones(tmp_path: Path) -> None:
    values = [value for value in values_with_faults(300) if value not in BAD.values()]
    source = nested(SENSORS)
    codec = Codec(source)
    put = Nesting(source).record
    history = HistoryBuilder(codec, 5000)
    for line, value in enumerate(sensor_values(2000), 1):
        history.take(msgspec.json.encode(put(msgspec.json.decode(value))), 0, line)
    training = train(codec, history.history("nested"), DETECTOR, 7, lambda: 0.0)
    model = Model(codec, training.bundle, "sensors", "1")
    lines = [msgspec.json.encode(put(msgspec.json.decode(value))) for value in values]
    (found,) = score_file(model, LocalFile(write_lines(tmp_path / "nested.jsonl", lines)))
    assert found == scored(write_lines(tmp_path / "flat.jsonl", values))
    assert any(row.flagged and row.reason in SENSORS.fields for row in found)


def test_rejected_rows_stay_in_their_place_with_the_reason(tmp_path: Path) -> None:
    rows = scored(write_lines(tmp_path / "a.jsonl", values_with_faults()))
    rejected = {row.line - 1: row for row in rows if row.rejected is not None}
    assert {at: row.rejected.split(":")[0] for at, row in rejected.items() if row.rejected} == (
        REASONS
    )
    assert all(row == RowScore(line=row.line, rejected=row.rejected) for row in rejected.values())


def test_a_flagged_row_has_a_severity_and_its_first_reason(tmp_path: Path) -> None:
    values = values_with_faults()
    rows = scored(write_lines(tmp_path / "a.jsonl", values))
    model = sensors_model()
    whole = PartitionFold(model, model.new_window(1)).fold(values)
    at = whole.flagged(model.source.nominal_rate)
    flagged = [row for row in rows if row.flagged]
    tails = whole.judged.tail[at].tolist()
    assert [row.severity for row in flagged] == [severity(tail, 0.02) for tail in tails]
    records = [whole.records[i] for i in at]
    found = model.attribute(records, whole.matrix[at], whole.channels[at])
    reasons = [why[0].fields[0] for why in found]
    assert [row.reason for row in flagged] == reasons
    plain = [row for row in rows if not row.flagged and row.rejected is None]
    assert {row.severity for row in plain} == {0.0}
    assert {row.reason for row in plain} == {None}


def test_a_window_too_short_for_the_rate_has_no_threshold(tmp_path: Path) -> None:
    bundle = sensors_training().bundle
    arrays = bundle.arrays | {"calibration.scores": np.linspace(0.4, 0.5, 10)}
    model = Model(CODEC, msgspec.structs.replace(bundle, arrays=arrays), "short", "1")
    path = write_lines(tmp_path / "a.jsonl", sensor_values(5))
    rows = [row for rows in score_file(model, LocalFile(path)) for row in rows]
    assert [row.threshold for row in rows] == [None] * 5
    assert not any(row.flagged for row in rows)


def test_a_csv_gives_the_scores_of_the_same_records(tmp_path: Path) -> None:
    values = sensor_values(20)
    records = [msgspec.json.decode(value) for value in values]
    names = ["at", "sensor", "owner", "temperature", "pressure", "is_open"]
    cells = [
        ["" if record[name] is None else str(record[name]) for name in names] for record in records
    ]
    (tmp_path / "a.csv").write_text("\n".join(",".join(row) for row in [names, *cells]))
    from_csv = scored(tmp_path / "a.csv")
    from_json = scored(write_lines(tmp_path / "a.jsonl", values))
    assert [row.line for row in from_csv] == list(range(2, 22))
    assert [(r.score, r.p_value) for r in from_csv] == [(r.score, r.p_value) for r in from_json]


def test_a_file_in_another_dialect_gives_the_scores_of_the_same_records(tmp_path: Path) -> None:
    dialect = Dialect(fields={"sensor": FieldSpelling(name="device")})
    model = sensors_model()
    source = msgspec.structs.replace(model.source, dialects={"old": dialect})
    spelled = Model(Codec(source), sensors_training().bundle, "old", "1")
    values = sensor_values(20)
    old = [value.replace(b'"sensor":', b'"device":') for value in values]
    file = LocalFile(write_lines(tmp_path / "old.jsonl", old))
    expected = scored(write_lines(tmp_path / "a.jsonl", values))
    for named in (None, "old"):
        assert [row for rows in score_file(spelled, file, 7, named) for row in rows] == expected
    rejected = [row for rows in score_file(spelled, file, 7, "canonical") for row in rows]
    assert {row.rejected for row in rejected} != {None}


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    assert scored(tmp_path / "a.jsonl") == []
