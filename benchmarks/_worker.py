"""A scoring worker as `streamscore score` wires it, but with a model in memory instead of MLflow's.

The consumer, the transactions, the state and the metrics are the real ones.
"""

import threading
import time
from collections.abc import Callable, Sequence

import msgspec

from adapters.exposition import Exposition
from adapters.kafka_clients import librdkafka_config
from adapters.topic_admin import TopicAdmin, ensure_topics
from scorer.outputs import Outlets
from scorer.pausing import Pausing
from scorer.processor import Processor
from scorer.report import Done, ScoringReport
from scorer.scoring import ScoringStep
from scorer.wiring import Wiring
from streamscore.bundle import Bundle
from streamscore.runs import group_of
from streamscore.scoring import Model, ModelVersion
from streamscore.settings import Kafka, Settings, Topics
from streamscore.settings import Scorer as ScorerSettings
from streamscore.sources import Codec, Source
from streamscore.topics import input_max_bytes, largest_message_bytes
from trainer.history import HistoryBuilder
from trainer.training import train

_SEED = 42
_FIT_RECORDS = 20_000
_LIMIT_SECONDS = 120.0


class OneModel:
    """The production model of a worker that never sees another."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def current(self) -> Model:
        """Return the model."""
        return self._model

    def version(self, version: ModelVersion) -> Model:
        """Return the model."""
        return self._model


def trained_bundle(source: Source, values: list[bytes], detector: str | None = None) -> Bundle:
    """Train the default model, or one by the recipe that is named, on the first 20,000 records."""
    codec = Codec(source)
    builder = HistoryBuilder(codec, _FIT_RECORDS)
    for place, value in enumerate(values[:_FIT_RECORDS]):
        builder.take(value, 0, place)
    history = builder.history("benchmark")
    return train(codec, history, detector, _SEED, time.perf_counter).bundle


def warm_model(source: Source, bundle: Bundle, values: Sequence[bytes]) -> Model:
    """Make a bundle ready to score, with its kernels compiled."""
    model = Model(Codec(source), bundle, source.name, "1")
    model.warm_up(values[:64])
    return model


def trained_model(source: Source, values: list[bytes], detector: str | None = None) -> Model:
    """Train a model as `trained_bundle` does, and warm it up."""
    return warm_model(source, trained_bundle(source, values, detector), values)


def settings_for(
    bootstrap_servers: str, name: str, scorer: ScorerSettings | None = None
) -> Settings:
    """Return settings of a worker whose group and topics are its own; `name` tells it apart."""
    scorer = scorer or ScorerSettings()
    return Settings(
        kafka=Kafka(bootstrap_servers=bootstrap_servers),
        topics=Topics(prefix=f"{name}."),
        scorer=msgspec.structs.replace(scorer, group=name),
    )


class CommitClock(ScoringReport):
    """The real metrics, and when each transaction was committed.

    Attributes
    ----------
    commits : list of (float, int)
        Seconds of a monotonic clock, and records scored or dead-lettered in that transaction.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(Exposition(), source, f"scoring.{source.name}")
        self.commits: list[tuple[float, int]] = []
        self.processed = 0

    def batch(self, done: Done, began_seconds: float, ended_seconds: float) -> None:
        """Count a committed batch and note the time."""
        super().batch(done, began_seconds, ended_seconds)
        size = len(done.scores) + sum(done.reasons.values())
        self.processed += size
        self.commits.append((time.perf_counter(), size))

    def records_per_second(self) -> float:
        """Return the rate from the first commit to the last, without the first batch."""
        first, last = self.commits[0], self.commits[-1]
        return (self.processed - first[1]) / (last[0] - first[0])


def make_worker(
    settings: Settings, source: Source, model: Model, report: ScoringReport
) -> Processor:
    """Wire a worker of one source; its topics are created where they are missing."""
    scorer = settings.scorer
    with TopicAdmin(settings.kafka) as admin:
        topics = ensure_topics(admin, settings, source)
        cluster_id = admin.cluster_id()
    outlets = Outlets(
        anomalies=topics["anomalies"].name,
        dead_letters=topics["deadletters"].name,
        scores=topics["scores"].name if source.scores else None,
        cluster_id=cluster_id,
        records_topic_id=topics["records"].topic_id,
        partitions=topics["records"].partitions,
        largest_body=input_max_bytes(scorer.record_max_bytes),
    )
    wiring = Wiring(
        name=f"scoring.{source.name}",
        group=group_of(settings, f"scoring.{source.name}"),
        connection=librdkafka_config(settings.kafka),
        settings=scorer,
        input_topic=topics["records"].name,
        state_topic=topics["state"].name,
        slot=0,
        max_message_bytes=largest_message_bytes(scorer.record_max_bytes),
    )
    pausing = Pausing(wiring.name, source.name, scorer)
    step = ScoringStep(source, OneModel(model), outlets, report, pausing)
    return Processor(wiring, step, pausing)


def run_worker(worker: Processor, is_done: Callable[[], bool]) -> None:
    """Run a worker in a thread until something is done, or for two minutes at most."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            worker.run()
        except BaseException as error:  # noqa: BLE001  # told by the thread that waits
            failures.append(error)

    thread = threading.Thread(target=run, name="worker")
    thread.start()
    end = time.monotonic() + _LIMIT_SECONDS
    while thread.is_alive() and not is_done() and time.monotonic() < end:
        time.sleep(0.02)
    worker.stop()
    thread.join(_LIMIT_SECONDS)
    if failures:
        raise failures[0]
