"""One source's scoring, or that of one of its runs, put together."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from adapters.exposition import Exposition
from adapters.kafka_clients import librdkafka_config
from adapters.topic_admin import TopicDescription
from scorer.health import Watch
from scorer.outputs import Outlets
from scorer.pausing import Pausing
from scorer.preflight import warn_of_a_short_window
from scorer.processor import Processor
from scorer.report import ScoringReport
from scorer.scoring import ScoringStep
from scorer.swap import ModelSource, Named, Registry
from scorer.transactions import Point, pass_by
from scorer.wiring import Wiring
from streamscore.runs import Run, group_of, scoring_processor
from streamscore.settings import Scorer, Settings
from streamscore.sources import Codec, Source
from streamscore.topics import input_max_bytes, largest_message_bytes

_RUN_BATCH_RECORDS = 2048
"""A run goes on in smaller steps, so that the live stream need not wait long for its turn."""

_MEANT_BATCH_RECORDS = 256
"""A language model reads some fifty texts a second: a batch ends before a worker seems dead."""


class Part(Struct, frozen=True):
    """One source's scoring: where its models come from, its processor, and who watches it."""

    source: Source
    models: ModelSource
    processor: Processor
    pausing: Pausing
    watch: Watch


class Surroundings(Struct, frozen=True, kw_only=True):
    """What all parts of a worker have in common.

    Attributes
    ----------
    settings : Settings
        The settings.
    registry : Registry
        Where models come from.
    exposition : Exposition
        The metrics.
    cluster_id : str
        Kafka's id.
    at_point : callable
        Called at named points of each transaction, for tests that crash there.
    """

    settings: Settings
    registry: Registry
    exposition: Exposition
    cluster_id: str
    at_point: Point = pass_by


class PinnedVersion:
    """A registry in which one version is, and stays, in production.

    Parameters
    ----------
    registry : Registry
        Where its bundle comes from.
    named : Named
        The version.
    """

    def __init__(self, registry: Registry, named: Named) -> None:
        self._registry = registry
        self._named = named

    def production(self, _source: str) -> Named:
        """Return the version."""
        return self._named

    def fetch(self, named: Named) -> Path:
        """Bring a version's bundle here, as the registry does."""
        return self._registry.fetch(named)


def make_part(
    around: Surroundings,
    source: Source,
    topics: Mapping[str, TopicDescription],
    run: Run | None = None,
) -> Part:
    """Put the scoring of a source together.

    Parameters
    ----------
    around : Surroundings
        What it shares with others; for a run, its exposition is that of the run.
    source : Source
        The source.
    topics : mapping of str to TopicDescription
        Its topics by kind, or those of the run.
    run : Run, optional
        The run; none for the live stream.
    """
    settings = around.settings
    name = scoring_processor(source.name, run.run if run else None)
    report = ScoringReport(around.exposition, source, name)
    models = _models(around, source, report, run)
    warn_of_a_short_window(source, topics["records"].partitions)
    outlets = Outlets(
        anomalies=topics["anomalies"].name,
        dead_letters=topics["deadletters"].name,
        scores=topics["scores"].name if source.scores else None,
        cluster_id=around.cluster_id,
        records_topic_id=topics["records"].topic_id,
        partitions=topics["records"].partitions,
        largest_body=input_max_bytes(settings.scorer.record_max_bytes),
        run=run.run if run else None,
    )
    wiring = Wiring(
        name=name,
        group=group_of(settings, name),
        connection=librdkafka_config(settings.kafka),
        settings=settings_of_a_part(settings.scorer, source, is_run=run is not None),
        input_topic=topics["records"].name,
        state_topic=topics["state"].name,
        slot=settings.worker.slot,
        max_message_bytes=largest_message_bytes(settings.scorer.record_max_bytes),
        is_static=run is None,
    )
    pausing = Pausing(
        name,
        source.name,
        settings.scorer,
        run=run.run if run else None,
        hides_event_times=source.fields[source.event_time.field].private,
    )
    step = ScoringStep(source, models, outlets, report, pausing)
    processor = Processor(wiring, step, pausing, at_point=around.at_point)
    watch = Watch(
        name,
        processor,
        lambda: model.version.version if (model := models.current()) else None,
        lambda: models.waiting_for,
        settings.scorer.stall_seconds,
    )
    return Part(source, models, processor, pausing, watch)


def _models(
    around: Surroundings, source: Source, report: ScoringReport, run: Run | None
) -> ModelSource:
    scorer = around.settings.scorer
    codec = Codec(source, scorer.record_max_bytes)
    if run is None:
        return ModelSource(
            codec,
            around.registry,
            scorer.model_poll_seconds,
            report.refused,
            report.registry_answered,
        )
    pinned = PinnedVersion(around.registry, Named(run.model, run.version, run.trained_by))
    # Nobody is asked for an alias, so there is nothing to tell of answers.
    return ModelSource(
        codec,
        pinned,
        scorer.model_poll_seconds,
        report.refused,
        lambda _is_up: None,
        name=f"run {run.key}",
    )


def settings_of_a_part(scorer: Scorer, source: Source, *, is_run: bool) -> Scorer:
    """Return the settings with batches as small as the source or the run wants them.

    A run is scored from its first record, whenever a worker comes.
    """
    most = scorer.batch_records
    if source.embedding == "minilm":
        most = min(most, _MEANT_BATCH_RECORDS)
    if not is_run:
        return msgspec.structs.replace(scorer, batch_records=most)
    most = min(most, _RUN_BATCH_RECORDS)
    return msgspec.structs.replace(scorer, start="earliest", batch_records=most)
