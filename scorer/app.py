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

from adapters.exposition import Exposition
from adapters.kafka_clients import faust_broker, librdkafka_config
from adapters.topic_admin import TopicAdmin, ensure_topics
from scorer.announcements import announcements
from scorer.commands import commands
from scorer.open_runs import follow_runs
from scorer.pages import add_pages
from scorer.parts import Part, Surroundings, make_part
from scorer.preflight import (
    refuse_a_missing_embedding,
    refuse_a_taken_address,
    refuse_repeated_sources,
)
from scorer.production_models import ProductionModels
from scorer.runs import Runs
from scorer.swap import Registry
from scorer.topic_listener import TopicListener
from scorer.transactions import Point, pass_by
from streamscore.settings import Mlflow, Settings
from streamscore.sources import Source
from streamscore.topics import Kind, topic_name

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
    refuse_a_taken_address(settings.worker.bind, settings.worker.port)
    refuse_a_missing_embedding(sources)
    setup_logging(loglevel="INFO")
    logging.getLogger("kafka").setLevel(logging.WARNING)
    exposition = Exposition()
    registry = make_registry(settings.mlflow, environ)
    with TopicAdmin(settings.kafka) as admin:
        around = Surroundings(
            settings=settings,
            registry=registry,
            exposition=exposition,
            cluster_id=admin.cluster_id(),
            at_point=at_point,
        )
        parts = [
            make_part(around, source, ensure_topics(admin, settings, source)) for source in sources
        ]
    runs = follow_runs(around, parts)
    app = _make_app(settings, parts, runs, exposition)
    threads = _make_threads(settings, parts, runs)
    worker = Worker(app, *threads, loglevel="INFO", redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()


def _make_app(settings: Settings, parts: Sequence[Part], runs: Runs, exposition: Exposition) -> App:
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
    add_pages(app, [part.watch for part in parts], runs.health, exposition)
    return app


def _free_port(bind: str) -> int:
    # Faust does not take 0, which would have the system choose.
    with socket.create_server((bind, 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _make_threads(settings: Settings, parts: Sequence[Part], runs: Runs) -> list[ThreadService]:
    by_source = {part.source.name: part for part in parts}

    def wake(source: str) -> None:
        if source in by_source:
            by_source[source].models.wake()

    def resume(source: str) -> None:
        if source in by_source:
            by_source[source].pausing.resume()
            runs.resume(source)

    models = _listener(settings, "models", announcements(wake))
    told = _listener(settings, "commands", commands(resume))
    threads = [
        ("announcements", models.run, models.stop),
        ("commands", told.run, told.stop),
        ("runs", runs.run, runs.stop),
    ]
    for part in parts:
        threads.append((f"models.{part.source.name}", part.models.run, part.models.stop))
        threads.append((f"scoring.{part.source.name}", part.processor.run, part.processor.stop))
    return [ThreadService(*thread) for thread in threads]


def _listener(
    settings: Settings, kind: Kind, hear: Callable[[bytes | None], None]
) -> TopicListener:
    return TopicListener(
        librdkafka_config(settings.kafka),
        topic_name(kind, prefix=settings.topics.prefix),
        lambda message: hear(message.value()),
        what=kind,
        group="streamscore-announcements",
    )
