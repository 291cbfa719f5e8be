"""A campaign of faults: workers that are killed, leave and come back while records arrive."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from kafka.errors import KafkaError
from msgspec import Struct

from benchmarks._faults.processes import WorkerProcess
from benchmarks._faults.transactions import Broker, HoldUps
from benchmarks._faults.worker import WorkerPlan

OPEN_POINTS = ("after_produce", "after_state", "after_offsets", "before_commit")
"""Points between the first record of a transaction and its commit."""

POINTS = (*OPEN_POINTS, "after_commit")

_LIFE_SECONDS = 120.0
_MOST_UNEXPECTED = 3
_BATCHES = (16, 64, 512, 4096)
_DESCRIBE_TRIES = 20


class Life(Struct, frozen=True, kw_only=True):
    """One life of a worker, from its start to its end, and how long its slot is empty after.

    Attributes
    ----------
    die_at : str or None
        The point at which it kills itself, after passing it `die_after` times.
    die_after : int
        How often it passes the point before.
    kill_seconds : float or None
        Or: when it is killed from outside, counted from its start.
    leave_seconds : float or None
        Or: when it is asked to stop, counted from when it first owned partitions.
    absent_seconds : float
        How long the slot stays empty.
    batch_records : int
        `scorer.batch_records` of this life: what comes out must not depend on it.
    """

    die_at: str | None = None
    die_after: int = 0
    kill_seconds: float | None = None
    leave_seconds: float | None = None
    absent_seconds: float = 0.0
    batch_records: int = 4096


class Campaign:
    """Runs the lives of several slots at the same time; then one life each without a fault.

    Parameters
    ----------
    plan : WorkerPlan
        What every worker runs, but for its slot and its batches.
    folder : Path
        Plans and logs of the workers.
    lives : sequence of sequences of Life
        For each slot its lives.

    Attributes
    ----------
    kills : Counter of str
        Kills by point; `random` from outside.
    left_open : int
        Kills at a named point that left a transaction open, as the broker said.
    leaves : Counter of int
        Clean ends by slot; the worker joins again after each.
    unexpected : list of str
        Ends that no fault explains.
    """

    def __init__(self, plan: WorkerPlan, folder: Path, lives: Sequence[Sequence[Life]]) -> None:
        self._plan = plan
        self._folder = folder
        self._lives = lives
        self._bootstrap_servers = plan.settings.kafka.bootstrap_servers
        self._group = plan.group
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._last: list[WorkerProcess] = []
        self._failures: list[BaseException] = []
        self.hold_ups = HoldUps(self._bootstrap_servers)
        self.kills: Counter[str] = Counter()
        self.left_open = 0
        self.leaves: Counter[int] = Counter()
        self.unexpected: list[str] = []

    def start(self) -> None:
        """Begin the lives of every slot."""
        for slot, lives in enumerate(self._lives):
            thread = threading.Thread(target=self._run_slot, args=(slot, lives), daemon=True)
            thread.start()
            self._threads.append(thread)

    @property
    def is_over(self) -> bool:
        """Whether every fault has happened."""
        return not any(thread.is_alive() for thread in self._threads)

    def check(self) -> None:
        """Raise what went wrong in the harness itself, or that a last life ended early.

        Raises
        ------
        RuntimeError
            When a worker ended that should go on.
        """
        if self._failures:
            raise self._failures[0]
        for worker in self._last:
            worker.check()

    def stop(self) -> list[int]:
        """Ask the workers of the last lives to stop; return their exit codes."""
        return [worker.leave() for worker in self._last]

    def kill(self) -> None:
        """End whatever still runs."""
        for worker in self._last:
            worker.kill()

    def _run_slot(self, slot: int, lives: Sequence[Life]) -> None:
        broker = Broker(self._bootstrap_servers)
        try:
            for number, life in enumerate(lives):
                self._live(slot, number, life, broker)
                time.sleep(life.absent_seconds)
            worker = self._start(slot, len(lives), Life())
            with self._lock:
                self._last.append(worker)
        except BaseException as error:
            with self._lock:
                self._failures.append(error)
            raise
        finally:
            broker.close()

    def _start(self, slot: int, number: int, life: Life) -> WorkerProcess:
        settings = self._plan.settings
        settings = msgspec.structs.replace(
            settings,
            worker=msgspec.structs.replace(settings.worker, slot=slot),
            scorer=msgspec.structs.replace(settings.scorer, batch_records=life.batch_records),
        )
        plan = msgspec.structs.replace(
            self._plan, settings=settings, die_at=life.die_at, die_after=life.die_after
        )
        return WorkerProcess(plan, self._folder, f"slot-{slot}-life-{number:02}")

    def _live(self, slot: int, number: int, life: Life, broker: Broker) -> None:
        worker = self._start(slot, number, life)
        try:
            if life.die_at is not None:
                self._expect(worker, worker.wait(_LIFE_SECONDS), -9)
                self._after_death(slot, life.die_at, broker)
            elif life.kill_seconds is not None:
                self._wait_or_end(worker, life.kill_seconds)
                self._expect(worker, -9 if not worker.has_ended else worker.wait(1), -9)
                worker.kill()
                self._after_death(slot, "random", broker)
            elif life.leave_seconds is not None:
                worker.wait_for("owns partitions", _LIFE_SECONDS)
                self._wait_or_end(worker, life.leave_seconds)
                self._expect(worker, worker.leave(), 0)
                with self._lock:
                    self.leaves[slot] += 1
        finally:
            worker.kill()

    def _wait_or_end(self, worker: WorkerProcess, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not worker.has_ended:
            time.sleep(0.01)

    def _expect(self, worker: WorkerProcess, code: int, expected: int) -> None:
        if code == expected:
            return
        with self._lock:
            self.unexpected.append(f"{worker.log_path.name} ended with {code}: {worker.tail()}")
        if len(self.unexpected) > _MOST_UNEXPECTED:
            raise RuntimeError("\n".join(self.unexpected))

    def _after_death(self, slot: int, point: str, broker: Broker) -> None:
        died_seconds = time.monotonic()
        abandoned = None
        for _ in range(_DESCRIBE_TRIES):
            try:
                abandoned = broker.abandoned(f"{self._group}.{slot}", died_seconds)
                break
            except KafkaError:  # the broker restarts, or never heard of the id
                time.sleep(0.2)
        with self._lock:
            self.kills[point] += 1
            if abandoned is not None:
                self.left_open += point in OPEN_POINTS
                self.hold_ups.watch(abandoned)


def random_lives(rng: random.Random, per_point: int, kills: int, leaves: int) -> list[list[Life]]:
    """Draw the lives of two slots, in a random order.

    Parameters
    ----------
    rng : random.Random
        The source of chance.
    per_point : int
        Kills at each of the five named points.
    kills : int
        Kills at random moments.
    leaves : int
        How often each worker leaves and joins again.
    """
    lives = [
        Life(die_at=point, die_after=rng.randrange(2, 25), batch_records=rng.choice(_BATCHES))
        for point in POINTS
        for _ in range(per_point)
    ]
    lives += [
        Life(kill_seconds=rng.uniform(0.5, 8.0), batch_records=rng.choice(_BATCHES))
        for _ in range(kills)
    ]
    rng.shuffle(lives)
    # Some stay away until the group has given their partitions to the other worker.
    lives = [
        msgspec.structs.replace(life, absent_seconds=8.0) if i % 5 == 4 else life
        for i, life in enumerate(lives)
    ]
    slots = [lives[::2], lives[1::2]]
    for own in slots:
        for i in range(leaves):
            leave = Life(leave_seconds=rng.uniform(1.0, 4.0), absent_seconds=8.0)
            own.insert((i + 1) * len(own) // (leaves + 1), leave)
    return slots
