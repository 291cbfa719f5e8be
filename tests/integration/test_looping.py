"""A looped replay is one stream: ordered, every round later, each row once, taken up as any."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from producer.plan import ReplayPlan
from producer.replay import replay
from producer.rounds import in_runs
from streamscore.errors import UsageError
from streamscore.settings import Kafka, Settings
from streamscore.sources import Source, load_source
from streamscore.sources.record_files import LocalFile
from streamscore.synthetic import generate
from tests.integration.test_replay import event_times, records
from tests.integration.test_resuming import rows_of, stopped_after

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(kafka: str) -> Settings:
    return Settings(kafka=Kafka(bootstrap_servers=kafka))


def accidents(name: str) -> Source:
    return msgspec.structs.replace(load_source("accidents"), name=name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    made = generate("accidents", 1200, np.random.default_rng(2))
    path.write_bytes(b"\n".join(map(msgspec.json.encode, made)))
    return path


def agrees(value: bytes) -> bool:
    """Whether hour, weekday and month of an accident are those of its date."""
    record: dict[str, Any] = json.loads(value)
    at = datetime.strptime(record["crash_date"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
    parts = (record["crash_hour"], record["crash_day_of_week"], record["crash_month"])
    return parts == (at.hour, at.isoweekday() % 7 + 1, at.month)


def test_rounds_of_accidents_contradict_their_dates_nowhere_and_go_on_where_they_broke_off(
    kafka: str, settings: Settings, file: Path
) -> None:
    plan = ReplayPlan(files=(LocalFile(file),), rounds=4, partitions=2)
    summary = replay(plan, accidents("looped"), settings)
    found = records(kafka, summary.topic)
    assert (summary.rows_read, summary.sent, summary.rounds) == (1200, 4800, 4)
    assert summary.skipped == 0
    assert len({one.row_id for one in found}) == len(found) == 4800
    assert all(agrees(one.value) for one in found)
    for partition in range(2):
        values = [one.value for one in found if one.partition == partition]
        times = event_times(accidents("looped"), values)
        assert times == sorted(times)
    hooks = stopped_after(2000)
    slow = msgspec.structs.replace(plan, rate=hooks.pop("rate"))
    assert replay(slow, accidents("looped-again"), settings, **hooks).interrupted
    resumed = msgspec.structs.replace(plan, resume=True)
    again = replay(resumed, accidents("looped-again"), settings)
    assert again.already >= 2000
    assert again.already + again.sent == 4800
    assert rows_of(kafka, again.topic) == rows_of(kafka, summary.topic)


def test_a_loop_beyond_the_latest_time_is_refused_or_ends_with_why(
    settings: Settings, file: Path
) -> None:
    short = accidents("short")
    time = msgspec.structs.replace(short.event_time, latest="2024-03-01")
    short = msgspec.structs.replace(short, event_time=time)
    with pytest.raises(UsageError, match=r"event_time\.latest; so there can be [0-9]+ rounds"):
        replay(ReplayPlan(files=(LocalFile(file),), rounds=50), short, settings)
    summary = replay(ReplayPlan(files=(LocalFile(file),), rounds=None), short, settings)
    assert summary.rounds > 1
    assert summary.sent == 1200 * summary.rounds
    assert "would reach 2024-03-01" in summary.notes[0]


def test_rounds_in_runs_are_the_same_rows_each_in_its_own_topic(
    kafka: str, settings: Settings, file: Path
) -> None:
    plan = ReplayPlan(files=(LocalFile(file),), rounds=2, run="again", partitions=1)
    summaries = [replay(one, accidents("in-runs"), settings) for one in in_runs(plan)]
    assert [summary.topic for summary in summaries] == [
        "records.in-runs.again-1",
        "records.in-runs.again-2",
    ]
    first, second = (records(kafka, summary.topic) for summary in summaries)
    assert [(one.row_id, one.value) for one in first] == [(o.row_id, o.value) for o in second]
    assert len(first) == 1200
