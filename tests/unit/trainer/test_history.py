import random
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamscore.sources import Codec
from streamscore.sources.dialects import Dialect, FieldSpelling
from streamscore.sources.record_files import LocalFile
from streamscore.sources.time_range import TimeRange
from tests.sensors import FIRST_AT_MS, SENSORS, STEP_MS, sensor_values, write_lines
from trainer.history import History, HistoryBuilder, history_from_files

CODEC = Codec(SENSORS)


def written(path: Path, values: list[bytes]) -> LocalFile:
    return LocalFile(write_lines(path, values))


def encoded(history: History) -> list[bytes]:
    return [CODEC.encode(record) for record in history.records]


def test_history_is_in_the_order_of_event_time_whatever_the_files_order(tmp_path: Path) -> None:
    values = sensor_values(60)
    shuffled = random.Random(1).sample(values, 60)
    files = [written(tmp_path / f"{i}.jsonl", shuffled[i::3]) for i in range(3)]
    history = history_from_files(CODEC, files, 1000)
    in_order = history_from_files(CODEC, [written(tmp_path / "all.jsonl", values)], 1000)
    assert encoded(history) == encoded(in_order)
    assert np.array_equal(history.utc_ms, FIRST_AT_MS + STEP_MS * np.arange(60))
    assert history.origin == "0.jsonl, 1.jsonl, 2.jsonl"
    assert history.skipped == {}


def test_bad_records_are_counted_by_reason_and_left_out(tmp_path: Path) -> None:
    values = sensor_values(3)
    bad = [b"{", b"[]", values[0].replace(b'"temperature":', b'"temperature":9'), b'{"at":1}']
    history = history_from_files(CODEC, [written(tmp_path / "a.jsonl", bad + values)], 1000)
    assert len(history) == 3
    assert history.skipped == {
        "event_time_absurd": 1,
        "not_json": 1,
        "out_of_range": 1,
        "wrong_type": 1,
    }


def test_only_the_range_asked_for_is_learned_from(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", sensor_values(10))
    range_ = TimeRange(FIRST_AT_MS + 2 * STEP_MS, FIRST_AT_MS + 5 * STEP_MS)
    history = history_from_files(CODEC, [file], 1000, range_)
    assert [(at - FIRST_AT_MS) // STEP_MS for at in history.utc_ms.tolist()] == [2, 3, 4]
    assert history.skipped == {"out_of_time": 7}


def test_history_in_another_dialect_is_that_of_the_same_records(tmp_path: Path) -> None:
    dialect = Dialect(event_time="epoch_seconds", fields={"sensor": FieldSpelling(name="device")})
    codec = Codec(msgspec.structs.replace(SENSORS, dialects={"old": dialect}))
    values = sensor_values(20)
    records = [msgspec.json.decode(value) for value in values]
    old = [
        msgspec.json.encode(record | {"at": record["at"] // 1000, "device": record.pop("sensor")})
        for record in records
    ]
    file = written(tmp_path / "old.jsonl", old)
    for named in (None, "old"):
        history = history_from_files(codec, [file], 1000, dialect=named)
        assert [codec.encode(record) for record in history.records] == [
            codec.encode(codec.decode(value)) for value in values
        ]
    assert len(history_from_files(codec, [file], 1000, dialect="canonical")) == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=60), st.integers(1, 20))
def test_the_latest_are_kept_as_a_full_sort_would(read: list[tuple[int, int]], most: int) -> None:
    values = sensor_values(6)
    builder = HistoryBuilder(CODEC, most)
    for place, (minute, part) in enumerate(read):
        builder.take(values[minute], part, place)
    history = builder.history("here")
    keys = sorted((FIRST_AT_MS + m * STEP_MS, part, i) for i, (m, part) in enumerate(read))
    assert history.utc_ms.tolist() == [at for at, _, _ in keys[-most:]]
    assert history.skipped.get("older", 0) == max(0, len(read) - most)
