"""The scorer, wired: sources, models, processors, pages, inside a Faust application."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faust.app.base import App, BootStrategy
from faust.worker import Worker
from mode import Service
from mode.utils.logging import setup_logging
from msgspec import Struct

from adapters.exposition import Exposition
from adapters.kafka_clients import faust_broker, librdkafka_config
from adapters.topic_admin import TopicAdmin, TopicDescription, ensure_topics
from scorer.announcements import Announcements
from scorer.health import Watch
from scorer.outputs import Outlets
from scorer.pages import add_pages
from scorer.preflight import refuse_repeated_sources, warn_of_a_short_window
from scorer.processor import Processor
from scorer.production_models import ProductionModels
from scorer.report import ScoringReport
from scorer.scoring import ScoringStep
from scorer.swap import ModelSource, Registry
from scorer.transactions import Point, pass_by
from scorer.wiring import Wiring, group_of
from streamscore.settings import Mlflow, Settings
from streamscore.sources import Codec, Source
from streamscore.topics import input_max_bytes, largest_message_bytes, topic_name

log = logging.getLogger(__name__)

_STOP_SECONDS = 30.0


class _NoStreams(BootStrategy):
    """Records never pass through a Faust Stream, so Faust itself opens no Kafka connection."""

    enable_kafka = False
    enable_kafka_consumer = False
    enable_kafka_producer = False
    enable_web = True


class _App(App):
    BootStrategy = _NoStreams

    def _create_directories(self) -> None:
        """Keep no tables on disk, and so leave no folder where the worker was started."""


class Part(Struct, frozen=True):
    """One source's scoring: where its models come from, its processor, and who watches it."""

    source: Source
    models: ModelSource
    processor: Processor
    watch: Watch


class ThreadService(Service):
    """Runs a blocking loop in a thread of its own; its failure ends the process.

    Parameters
    ----------
    name : str
        Name of the thread.
    run, stop : callable
        The loop, and what makes it return.
    """

    abstract = False

    def __init__(
        self, name: str, run: Callable[[], None], stop: Callable[[], None], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._name = name
        self._run = run
        self._stop = stop
        self._thread: threading.Thread | None = None

    async def on_start(self) -> None:
        """Start the thread."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._guarded, args=(loop,), name=self._name, daemon=True
        )
        self._thread.start()

    async def on_stop(self) -> None:
        """Stop the loop and wait for the thread."""
        self._stop()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _STOP_SECONDS)

    def _guarded(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._run()
        except Exception as error:
            log.exception("%s failed", self._name)
            asyncio.run_coroutine_threadsafe(self.crash(error), loop)


def run_scorer(
    settings: Settings,
    sources: Sequence[Source],
    environ: Mapping[str, str],
    at_point: Point = pass_by,
    make_registry: Callable[[Mlflow, Mapping[str, str]], Registry] = ProductionModels,
) -> None:
    """Score until told to stop.

    Parameters
    ----------
    settings : Settings
        The settings.
    sources : sequence of Source
        What is scored; one processor each.
    environ : mapping
        The environment, for MLflow's credentials.
    at_point : callable
        Called at named points of each transaction, for tests that crash there.
    make_registry : callable
        Makes the registry that models come from, of the MLflow settings and the environment.

    Raises
    ------
    StreamscoreError
        When a processor cannot go on.
    SystemExit
        When the worker was told to stop.
    """
    refuse_repeated_sources(sources, settings.topics.prefix)
    setup_logging(loglevel="INFO")
    logging.getLogger("kafka").setLevel(logging.WARNING)
    exposition = Exposition()
    registry = make_registry(settings.mlflow, environ)
    parts = []
    with TopicAdmin(settings.kafka) as admin:
        cluster_id = admin.cluster_id()
        for source in sources:
            topics = ensure_topics(admin, settings, source)
            parts.append(
                _make_part(settings, source, registry, exposition, topics, cluster_id, at_point)
            )
    app = _make_app(settings, parts, exposition)
    threads = _make_threads(settings, parts)
    worker = Worker(app, *threads, loglevel="INFO", redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()


def _make_part(
    settings: Settings,
    source: Source,
    registry: Registry,
    exposition: Exposition,
    topics: Mapping[str, TopicDescription],
    cluster_id: str,
    at_point: Point,
) -> Part:
    name = f"scoring.{source.name}"
    scorer = settings.scorer
    report = ScoringReport(exposition, source, name)
    models = ModelSource(
        Codec(source, scorer.record_max_bytes),
        registry,
        scorer.model_poll_seconds,
        report.refused,
        report.registry_answered,
    )
    warn_of_a_short_window(source, topics["records"].partitions)
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
        name=name,
        group=group_of(settings, name),
        connection=librdkafka_config(settings.kafka),
        settings=scorer,
        input_topic=topics["records"].name,
        state_topic=topics["state"].name,
        slot=settings.worker.slot,
        max_message_bytes=largest_message_bytes(scorer.record_max_bytes),
    )
    processor = Processor(wiring, ScoringStep(source, models, outlets, report), at_point=at_point)
    watch = Watch(
        name,
        processor,
        lambda: model.version.version if (model := models.current()) else None,
        lambda: models.waiting_for,
        scorer.stall_seconds,
    )
    return Part(source, models, processor, watch)


def _make_app(settings: Settings, parts: Sequence[Part], exposition: Exposition) -> App:
    broker = faust_broker(settings.kafka)
    app = _App(
        "streamscore-scorer",
        broker=broker.urls,
        broker_credentials=broker.credentials,
        web_bind=settings.worker.bind,
        web_port=settings.worker.port or _free_port(settings.worker.bind),
        web_host=settings.worker.bind,
        web_tables_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
    )
    add_pages(app, [part.watch for part in parts], exposition)
    return app


def _free_port(bind: str) -> int:
    # Faust does not take 0, which would have the system choose.
    with socket.create_server((bind, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _make_threads(settings: Settings, parts: Sequence[Part]) -> list[ThreadService]:
    by_source = {part.source.name: part.models for part in parts}
    announcements = Announcements(
        librdkafka_config(settings.kafka),
        topic_name("models", prefix=settings.topics.prefix),
        lambda source: by_source[source].wake() if source in by_source else None,
    )
    threads = [("announcements", announcements.run, announcements.stop)]
    for part in parts:
        threads.append((f"models.{part.source.name}", part.models.run, part.models.stop))
        threads.append((f"scoring.{part.source.name}", part.processor.run, part.processor.stop))
    return [ThreadService(*thread) for thread in threads]
