"""Runs of a worker: taken up, left, and tried again without a word to anybody else."""

import threading
from typing import Any

import msgspec
import pytest

from adapters.exposition import Exposition
from scorer.run_scoring import RunScoring
from scorer.runs import Runs
from streamscore.errors import BrokerError
from streamscore.runs import Run
from streamscore.sources import Source, load_source
from tests.processes import eventually
from tests.unit.scorer.test_health import Working

OPEN = Run(
    source="accidents",
    run="june",
    status="open",
    model="streamscore-accidents",
    version="3",
    partitions=1,
    opened_at="2026-10-26T07:30:00.000Z",
)
CLOSED = msgspec.structs.replace(OPEN, status="closed")


class FakePart:
    """The scoring of a run: it fails at first, then works until it is told to stop."""

    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault
        self.models = self.processor = self.watch = self
        self.waiting_for = "a model"
        self.stopped = threading.Event()
        self.is_working = False

    def refresh(self) -> None:
        """Ask for the model."""

    def current(self) -> str:
        """Return the model."""
        return "model"

    def run(self) -> None:
        """Work."""
        if self.fault is not None:
            raise self.fault
        self.is_working = True
        assert self.stopped.wait(20)

    def stop(self) -> None:
        """End it."""
        self.stopped.set()

    def health(self) -> Any:
        """Judge it."""
        from scorer.health import Watch

        return Watch("x", Working((0,)), lambda: "3", lambda: "", 60.0, lambda: 100.0).health()


class Attempts:
    """Makes parts, the first ones with a fault."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.made: list[FakePart] = []

    def __call__(self) -> Any:
        """Make the next one."""
        fault = self.faults[len(self.made)] if len(self.made) < len(self.faults) else None
        self.made.append(FakePart(fault))
        return self.made[-1]


def test_a_run_that_fails_is_tried_again_shown_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    attempts = Attempts(BrokerError("no topic"), BrokerError("no topic"), ValueError("odd"))
    exposition = Exposition()
    scoring = RunScoring(OPEN, attempts, exposition.of_run("june"), first_pause_seconds=0.001)
    assert scoring.health().status == "waiting"
    scoring.start()
    assert eventually(lambda: len(attempts.made) == 4 and attempts.made[-1].is_working, 20)
    health = scoring.health()
    assert (health.status, health.failures, health.why) == ("scoring", 3, "")
    page = exposition.render()[0].decode()
    assert 'streamscore_run_failures_total{run="june",source="accidents"} 3.0' in page
    scoring.stop()
    scoring.join(20)
    assert "june" not in exposition.render()[0].decode()
    # The same fault is told once.
    told = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
    assert [("no topic" in one, "odd" in one) for one in told] == [(True, False), (False, True)]


def test_a_failing_run_says_why(caplog: pytest.LogCaptureFixture) -> None:
    scoring = RunScoring(
        OPEN, Attempts(BrokerError("no topic")), Exposition(), first_pause_seconds=60
    )
    scoring.start()
    assert eventually(lambda: scoring.health().status == "failing", 20)
    assert scoring.health().why == "no topic"
    scoring.stop()
    scoring.join(20)
    assert "next in 60 s" in caplog.text


class Heard:
    """A message of the topic of runs."""

    def __init__(self, run: Run | None, key: str = "accidents/june") -> None:
        self._run = run
        self._key = key

    def key(self) -> bytes:
        """Return the key."""
        return self._key.encode()

    def value(self) -> bytes | None:
        """Return the run."""
        return None if self._run is None else msgspec.json.encode(self._run)


class Following:
    """Runs of a worker that scores accidents, and what it has taken up."""

    def __init__(self) -> None:
        self.exposition = Exposition()
        self.attempts: dict[str, Attempts] = {}
        self.runs = Runs({}, "runs", [load_source("accidents")], self._take_up, self.exposition)

    def _take_up(self, source: Source, run: Run) -> RunScoring:
        assert source.name == run.source
        attempts = self.attempts[run.run] = Attempts()
        return RunScoring(run, attempts, self.exposition.of_run(run.run))

    def hear(self, *runs: Run) -> set[str]:
        """Hear of some runs, and return the names of those scored then."""
        for run in runs:
            self.runs._heard(Heard(run, run.key))  # type: ignore[arg-type]  # all that is asked
        self.runs._apply()
        return {one.run for one in self.runs.health()}


def test_open_runs_of_the_workers_sources_are_scored_until_they_close() -> None:
    following = Following()
    july = msgspec.structs.replace(OPEN, run="july")
    foreign = msgspec.structs.replace(OPEN, source="reviews")
    earlier = msgspec.structs.replace(CLOSED, run="may")
    assert following.hear(OPEN, july, foreign, earlier) == {"june", "july"}
    assert 'streamscore_runs_open{source="accidents"} 2.0' in str(following.exposition.render()[0])
    assert following.hear(CLOSED) == {"july"}
    assert all(part.stopped.is_set() for part in following.attempts["june"].made)
    assert following.hear() == {"july"}
    following.runs.stop()
    following.runs.run()
    assert following.runs.health() == []


def test_a_run_that_a_later_version_wrote_is_left_and_one_that_is_none_passed_by(
    caplog: pytest.LogCaptureFixture,
) -> None:
    following = Following()
    assert following.hear(OPEN) == {"june"}
    later = msgspec.structs.replace(OPEN, format=2)
    assert following.hear(later) == set()
    assert "the run accidents/june on runs is not scored: this version" in caplog.text
    following.runs._heard(Heard(None, "?"))  # type: ignore[arg-type]  # all that is asked
    following.runs.stop()
    following.runs.run()
