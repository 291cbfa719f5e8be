"""The scoring of one run: in a thread of its own, tried again whatever goes wrong in it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from adapters.exposition import Exposition
from scorer.parts import Part
from streamscore.errors import RegistryError, StreamscoreError
from streamscore.runs import Run

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


class RunHealth(Struct, frozen=True, kw_only=True):
    """How the scoring of one run is, in this worker.

    Attributes
    ----------
    source, run : str
        The source and the run.
    status : {"scoring", "waiting", "failing"}
        Whether it does its work, has not begun or owns no partition, or failed and will be tried
        again.
    why : str
        What is missing or went wrong; else empty.
    model_version : str
        The version that it is scored with.
    partitions : list of int
        What it owns.
    waiting_records : int
        Records that wait in its partitions.
    failures : int
        How often it has failed.
    """

    source: str
    run: str
    status: Literal["scoring", "waiting", "failing"]
    why: str
    model_version: str
    partitions: list[int]
    waiting_records: int
    failures: int


class RunScoring:
    """Scores one run in a thread of its own, until told to stop.

    Parameters
    ----------
    run : Run
        The run.
    make_part : callable
        Puts its scoring together; called anew after each failure, and may fail itself.
    metrics : Exposition
        The metrics of the run alone: they vanish when it ends.
    first_pause_seconds : float
        How long it waits after a first failure; twice as long after each further one, a minute at
        most.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    """

    def __init__(
        self,
        run: Run,
        make_part: Callable[[], Part],
        metrics: Exposition,
        first_pause_seconds: float = _FIRST_PAUSE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.run = run
        self._make_part = make_part
        self._metrics = metrics
        self._first_pause_seconds = first_pause_seconds
        self._part: Part | None = None
        self._monotonic = monotonic
        self._fault = self._told = ""
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name=f"run.{run.key}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after the batch in hand."""
        self._stopping.set()
        if self._part is not None:
            self._part.models.stop()
            self._part.processor.stop()

    def resume(self) -> None:
        """Ask for its pause to end, where one is on."""
        if self._part is not None:
            self._part.pausing.resume()

    def join(self, limit_seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(limit_seconds)

    def health(self) -> RunHealth:
        """Tell how it is."""
        part, fault = self._part, self._fault
        seen = None if part is None else part.watch.health()
        why = fault or ("" if seen is None else seen.why)
        is_ready = seen is not None and seen.ready
        return RunHealth(
            source=self.run.source,
            run=self.run.run,
            status="failing" if fault else "scoring" if is_ready else "waiting",
            why=why,
            model_version=self.run.version,
            partitions=[] if seen is None else seen.partitions,
            waiting_records=0 if seen is None else seen.waiting_records,
            failures=self._failures,
        )

    def _work(self) -> None:
        failed = self._metrics.counter("streamscore_run_failures_total", source=self.run.source)
        pause_seconds = 0.0
        while not self._stopping.is_set():
            began_seconds = self._monotonic()
            try:
                self._attempt()
            except Exception as error:  # noqa: BLE001  # no run ends a worker, whatever it meets
                if self._monotonic() - began_seconds > _LONGEST_PAUSE_SECONDS:
                    pause_seconds, self._told = 0.0, ""  # it worked: another trouble than before
                longer_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
                pause_seconds = longer_seconds or self._first_pause_seconds
                failed.inc()
                self._note(error, pause_seconds)
                self._stopping.wait(pause_seconds)
        self._metrics.withdraw()
        log.info("run %s is left", self.run.key)

    def _attempt(self) -> None:
        part = self._make_part()
        self._part = part
        if self._stopping.is_set():
            return
        part.models.refresh()
        if part.models.current() is None:
            raise RegistryError(
                f"the model of a run must be had; it waits for {part.models.waiting_for}"
            )
        self._fault = ""
        log.info("run %s is taken up with version %s", self.run.key, self.run.version)
        part.processor.run()

    def _note(self, error: Exception, pause_seconds: float) -> None:
        self._failures += 1
        self._part = None
        said = str(error) or repr(error)
        if said != self._told:
            log.error(
                "run %s failed and is tried again, next in %g s; the live stream goes on: %s",
                self.run.key,
                pause_seconds,
                said,
                exc_info=None if isinstance(error, StreamscoreError) else error,
            )
        self._fault = self._told = said
