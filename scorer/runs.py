"""The open runs of this worker's sources, as the topic of runs tells: taken up, and left.

Whatever happens here, nothing is raised: runs end no worker.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec
from confluent_kafka import Message

from adapters.exposition import Exposition
from scorer.run_scoring import RunHealth, RunScoring
from scorer.topic_listener import TopicListener
from streamscore.runs import AnyRun, LaterRun, Run, fold_run
from streamscore.sources import Source

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
_LEAVING_SECONDS = 25.0


class Runs:
    """Follows the topic of runs and scores those that are open.

    Parameters
    ----------
    connection : mapping
        How librdkafka connects.
    topic : str
        The topic of runs.
    sources : sequence of Source
        The sources that this worker scores.
    take_up : callable
        Makes the scoring of a source's run; it is started here.
    exposition : Exposition
        The metrics.
    """

    def __init__(
        self,
        connection: Mapping[str, str],
        topic: str,
        sources: Sequence[Source],
        take_up: Callable[[Source, Run], RunScoring],
        exposition: Exposition,
    ) -> None:
        self._topic = topic
        self._sources = {source.name: source for source in sources}
        self._take_up = take_up
        self._exposition = exposition
        self._known: dict[str, AnyRun] = {}
        self._scored: dict[str, RunScoring] = {}
        self._stopping = threading.Event()
        self._listener = TopicListener(
            connection,
            topic,
            self._heard,
            what="runs",
            group="streamscore-runs",
            is_whole=True,
            began=self._known.clear,
            caught_up=self._apply,
        )

    def run(self) -> None:
        """Score runs until told to stop; whatever happens to them, nothing is raised."""
        while not self._stopping.is_set():
            try:
                self._listener.run()
            except Exception:
                log.exception("runs are not followed for now; the live streams go on")
                self._stopping.wait(_PAUSE_SECONDS)
        self._leave(list(self._scored))

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()
        self._listener.stop()

    def resume(self, source_name: str) -> None:
        """End the pauses of a source's runs."""
        for scoring in list(self._scored.values()):
            if scoring.run.source == source_name:
                scoring.resume()

    def health(self) -> list[RunHealth]:
        """Tell how each run is that this worker scores."""
        return [scoring.health() for scoring in list(self._scored.values())]

    def _heard(self, message: Message) -> None:
        try:
            fold_run(self._known, message.key(), message.value())
        except msgspec.DecodeError as error:
            log.warning("a run on %s cannot be read and is not scored: %s", self._topic, error)
            return
        found = self._known.get((message.key() or b"").decode(errors="replace"))
        if isinstance(found, LaterRun):
            log.warning("the run %s on %s is not scored: %s", found.key, self._topic, found.why)

    def _apply(self) -> None:
        """Take up what is open, and leave what is not."""
        wanted = {
            key: run
            for key, run in self._known.items()
            if isinstance(run, Run) and run.status == "open" and run.source in self._sources
        }
        self._leave([key for key, one in self._scored.items() if wanted.get(key) != one.run])
        for key, run in wanted.items():
            if key not in self._scored:
                scoring = self._take_up(self._sources[run.source], run)
                self._scored = {**self._scored, key: scoring}
                scoring.start()
        for name in self._sources:
            count = sum(run.source == name for run in wanted.values())
            self._exposition.gauge("streamscore_runs_open", source=name).set(count)

    def _leave(self, keys: Sequence[str]) -> None:
        leaving = [self._scored[key] for key in keys]
        for scoring in leaving:
            scoring.stop()
        for scoring in leaving:
            scoring.join(_LEAVING_SECONDS)
        self._scored = {key: one for key, one in self._scored.items() if key not in keys}
