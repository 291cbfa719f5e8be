"""A run gives way to the live streams, and comes to its turn all the same."""

from typing import Any

from scorer.open_runs import LiveFirst
from tests.unit.scorer.test_health import Working

PRODUCER: Any = None


def test_a_run_waits_after_a_transaction_until_no_live_record_waits() -> None:
    live, passed, slept = Working(), [], []
    live.waiting_records = 3

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        live.waiting_records -= 1

    first = LiveFirst([Working(), live], lambda name, _producer: passed.append(name), sleep)
    first("before_commit", PRODUCER)
    assert slept == []
    first("after_commit", PRODUCER)
    assert len(slept) == 3
    assert passed == ["before_commit", "after_commit"]


def test_beside_a_stream_that_always_lags_a_run_goes_on_slowly() -> None:
    live, slept = Working(), list[float]()
    live.waiting_records = 10**6
    LiveFirst([live], lambda *_: None, slept.append)("after_commit", PRODUCER)
    assert 0.5 < sum(slept) < 1.1


def test_a_run_does_not_wait_for_a_stream_without_a_model() -> None:
    live, slept = Working(partitions=()), list[float]()
    live.waiting_records = 5
    LiveFirst([live], lambda *_: None, slept.append)("after_commit", PRODUCER)
    assert slept == []


def test_a_run_does_not_wait_for_a_stream_that_pauses() -> None:
    live, slept = Working(), list[float]()
    live.waiting_records, live.why_paused = 5, "most records are bad"
    LiveFirst([live], lambda *_: None, slept.append)("after_commit", PRODUCER)
    assert slept == []
