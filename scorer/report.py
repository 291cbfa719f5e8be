"""What a scoring step reports, as Prometheus metrics; one update a batch."""

import time
from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from adapters.exposition import Exposition
from scorer.swap import Refusal
from streamscore.runs import Tally
from streamscore.scoring import ModelVersion
from streamscore.sources import REASONS, Reason, Source


class Done(msgspec.Struct):
    """What one transaction did; it is filled while the transaction is made.

    Attributes
    ----------
    scores, p_values : list of float
        Of the records scored.
    produced_ms : list of int
        Kafka timestamps of those records.
    anomalies : int
        Records flagged.
    reasons : dict of Reason to int
        Dead letters by reason.
    latest_event_ms : int
        The latest event time; 0 where none was scored.
    tombstones : int
        Records without a value that the source skips.
    """

    scores: list[float] = msgspec.field(default_factory=list)
    p_values: list[float] = msgspec.field(default_factory=list)
    produced_ms: list[int] = msgspec.field(default_factory=list)
    anomalies: int = 0
    reasons: dict[Reason, int] = msgspec.field(default_factory=dict)
    latest_event_ms: int = 0
    tombstones: int = 0

    def tally(self) -> Tally:
        """Count the records."""
        return Tally(
            scored=len(self.scores),
            dead_letters=sum(self.reasons.values()),
            anomalies=self.anomalies,
        )


class ScoringReport:
    """Metrics of one source's scoring.

    Parameters
    ----------
    exposition : Exposition
        The metrics.
    source : Source
        The source.
    processor : str
        Name of the processor.
    wall_clock : callable
        Returns seconds since the epoch.
    """

    def __init__(
        self,
        exposition: Exposition,
        source: Source,
        processor: str,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        name = source.name
        self._exposition = exposition
        self._source = name
        self._wall_clock = wall_clock
        self._records = exposition.counter("streamscore_records_total", source=name)
        self._anomalies = exposition.counter("streamscore_anomalies_total", source=name)
        self._dead = {
            reason: exposition.counter("streamscore_deadletters_total", source=name, reason=reason)
            for reason in REASONS
        }
        self._tombstones = exposition.counter("streamscore_tombstones_skipped_total", source=name)
        self._lost = exposition.counter("streamscore_records_lost_total", source=name)
        self._event_lag = exposition.gauge("streamscore_event_lag_seconds", source=name)
        self._latency = exposition.histogram("streamscore_latency_seconds", source=name)
        self._batch = exposition.histogram("streamscore_batch_records", processor=processor)
        self._transaction = exposition.histogram(
            "streamscore_transaction_seconds", processor=processor
        )
        self._aborted = exposition.counter(
            "streamscore_transactions_aborted_total", processor=processor
        )
        self._scores = exposition.histogram("streamscore_score", source=name)
        self._p_values = exposition.histogram("streamscore_p_value", source=name)
        self._loaded_at = exposition.gauge(
            "streamscore_model_loaded_timestamp_seconds", source=name
        )
        self._swaps = exposition.counter("streamscore_swaps_total", source=name)
        self._folded = exposition.counter("streamscore_state_folded_records_total", source=name)
        self._checkpoints = exposition.counter("streamscore_state_checkpoints_total", source=name)
        self._version: str | None = None
        self._lag_partitions: set[int] = set()
        rate = exposition.gauge("streamscore_nominal_rate_ratio", source=name)
        rate.set(source.nominal_rate)

    def batch(self, done: Done, began_seconds: float, ended_seconds: float) -> None:
        """Count a committed batch."""
        self._tombstones.inc(done.tombstones)
        for reason, count in done.reasons.items():
            self._dead[reason].inc(count)
        size = len(done.scores) + sum(done.reasons.values())
        if size == 0:
            return
        self._transaction.observe(ended_seconds - began_seconds)
        self._batch.observe(size)
        if not done.scores:
            return
        self._records.inc(len(done.scores))
        self._anomalies.inc(done.anomalies)
        self._scores.observe_many(np.array(done.scores))
        self._p_values.observe_many(np.array(done.p_values))
        produced_seconds = np.array(done.produced_ms) / 1000
        self._latency.observe_many(np.maximum(ended_seconds - produced_seconds, 0.0))
        self._event_lag.set(ended_seconds - done.latest_event_ms / 1000)

    def aborted(self) -> None:
        """Count an aborted transaction."""
        self._aborted.inc()

    def in_force(self, version: ModelVersion) -> None:
        """Tell which model a partition is scored with."""
        if self._version == version.version:
            return
        name = "streamscore_model_info"
        if self._version is not None:
            self._exposition.forget(name, source=self._source, version=self._version)
            self._swaps.inc()
        self._version = version.version
        self._exposition.gauge(name, source=self._source, version=self._version).set(1)
        self._loaded_at.set(self._wall_clock())

    def refused(self, reason: Refusal) -> None:
        """Count a model version that was refused."""
        self._exposition.counter(
            "streamscore_swaps_refused_total", source=self._source, reason=reason
        ).inc()

    def registry_answered(self, is_up: bool) -> None:
        """Show whether MLflow answered when it was last asked for the alias."""
        self._exposition.gauge("streamscore_registry_up", source=self._source).set(is_up)

    def folded(self, records: int) -> None:
        """Count records folded silently."""
        self._folded.inc(records)

    def checkpointed(self) -> None:
        """Count a state written."""
        self._checkpoints.inc()

    def lag(self, records_by_partition: Mapping[int, int]) -> None:
        """Show how many records wait, and forget partitions that were given up."""
        name = "streamscore_lag_records"
        for partition in self._lag_partitions - set(records_by_partition):
            self._exposition.forget(name, source=self._source, partition=partition)
        self._lag_partitions = set(records_by_partition)
        for partition, waiting in records_by_partition.items():
            self._exposition.gauge(name, source=self._source, partition=partition).set(waiting)

    def lost(self, records: int) -> None:
        """Count records lost to retention."""
        self._lost.inc(records)
