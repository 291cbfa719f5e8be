"""A run is opened when there is something to send into it, for its name cannot be used again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from producer.plan import ReplayPlan, ReplaySummary
from producer.replay import replay
from streamscore.errors import UsageError
from streamscore.settings import Kafka, Settings
from streamscore.sources.record_files import LocalFile
from tests.sensors import SENSORS, sensor_values

NOWHERE = Settings(kafka=Kafka(bootstrap_servers="127.0.0.1:1"))


class OpenedError(Exception):
    """The run is opened here."""


def opening() -> None:
    raise OpenedError


def into_june(
    file: Path, is_stopped: Callable[[], bool] = lambda: False, **options: Any
) -> ReplaySummary:
    plan = ReplayPlan(
        files=(LocalFile(file),),
        run="june",
        rejects=file.with_name("rejects.jsonl"),
        **options,
    )
    return replay(plan, SENSORS, NOWHERE, is_stopped=is_stopped, open_run=opening)


def test_no_run_is_opened_for_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be readable"):
        into_june(tmp_path / "typo.jsonl")


def test_no_run_is_opened_where_all_rows_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n{}\n")
    summary = into_june(tmp_path / "a.jsonl")
    assert summary.topic == f"records.{SENSORS.name}.june"
    assert (summary.partitions, summary.rows_read, summary.sent) == (0, 2, 0)


def test_a_run_is_opened_before_its_topic_is_needed_unless_the_replay_was_stopped(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(sensor_values(300)) + b"\n")
    with pytest.raises(OpenedError):
        into_june(tmp_path / "a.jsonl")
    assert into_june(tmp_path / "a.jsonl", is_stopped=lambda: True).interrupted


def test_a_followed_file_opens_the_run_when_it_is_there_and_not_before(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"
    asked: list[bool] = []

    def is_stopped() -> bool:
        if asked:
            file.write_bytes(b"")
        asked.append(True)
        return False

    with pytest.raises(OpenedError):
        into_june(file, is_stopped, follow=True)
    assert len(asked) == 2


def test_no_run_is_opened_where_a_followed_file_never_comes(tmp_path: Path) -> None:
    summary = into_june(tmp_path / "typo.jsonl", follow=True, idle_seconds=0.1)
    assert (summary.topic, summary.partitions, summary.sent) == ("records.sensors.june", 0, 0)
    stopped = into_june(tmp_path / "typo.jsonl", lambda: True, follow=True)
    assert stopped.interrupted


def test_no_run_is_opened_where_what_is_followed_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a file that is followed must be readable"):
        into_june(tmp_path / ("too-long" * 50), follow=True)
