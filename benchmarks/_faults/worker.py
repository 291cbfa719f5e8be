"""One scoring worker of the harness: the real service, which may kill itself at a named point.

Run as `python -m benchmarks._faults.worker PLAN`, where PLAN is a file that holds a `WorkerPlan`.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import msgspec
from confluent_kafka import Producer
from msgspec import Struct

from benchmarks._faults.models import FolderRegistry
from scorer.app import run_scorer
from streamscore.runs import group_of
from streamscore.settings import Settings
from streamscore.sources import Source

_FLUSH_SECONDS = 20.0


class WorkerPlan(Struct, frozen=True, kw_only=True):
    """What a worker runs and when it dies.

    Attributes
    ----------
    settings : Settings
        Settings of the service.
    source : Source
        What it scores.
    models : str
        Folder of the registry.
    die_at : str or None
        The point at which it kills itself.
    die_after : int
        How often it passes that point before.
    modules : str or None
        File that gets the names of all modules in memory, at the first commit.
    """

    settings: Settings
    source: Source
    models: str
    die_at: str | None = None
    die_after: int = 0
    modules: str | None = None

    @property
    def group(self) -> str:
        """The consumer group of the scoring processor."""
        return group_of(self.settings, f"scoring.{self.source.name}")


class AtPoint:
    """The hook that the service calls at each point of each transaction."""

    def __init__(self, plan: WorkerPlan) -> None:
        self._plan = plan
        self._passed = 0
        self._modules = plan.modules

    def __call__(self, name: str, producer: Producer) -> None:
        """Die here, where the plan says so."""
        if self._modules is not None and name == "after_commit":
            Path(self._modules).write_text("\n".join(sorted(sys.modules)), "utf-8")
            self._modules = None
        if name != self._plan.die_at:
            return
        self._passed += 1
        if self._passed > self._plan.die_after:
            # What was produced must be at the broker, or no transaction would be left open.
            producer.flush(_FLUSH_SECONDS)
            os.kill(os.getpid(), signal.SIGKILL)


def _end_with_parent() -> None:
    """Standard input is a pipe from the harness: it ends when the harness does."""
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def main(path: str) -> None:
    """Run the worker until it is told to stop, or dies."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    plan = msgspec.json.decode(Path(path).read_bytes(), type=WorkerPlan)
    registry = FolderRegistry(Path(plan.models))
    run_scorer(
        plan.settings,
        [plan.source],
        os.environ,
        at_point=AtPoint(plan),
        make_registry=lambda *_: registry,
    )


if __name__ == "__main__":
    main(sys.argv[1])
