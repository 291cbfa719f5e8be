"""The one list of every metric. No label's values depend on the data."""

from __future__ import annotations

from typing import Literal

import msgspec

from streamscore.sources import REASONS

Label = Literal["source", "run", "partition", "processor", "reason", "version"]

LABELS: dict[Label, str] = {
    "source": "name of a source",
    "run": "name of an open run (at most `scorer.max_open_runs`); absent for the live stream",
    "partition": "number of a partition",
    "processor": "name of a processor",
    "reason": "one of the metric's fixed list",
    "version": "the model version in force; no other is exposed",
}
"""What each label may hold: a bounded set, whatever the records say."""

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Seconds; around the 9 ms median and the 35 ms at the 99th percentile that were measured."""

BATCH_BUCKETS = (1, 4, 16, 64, 256, 1024, 2048, 4096, 16_384, 65_536)
"""Records; up to the largest ``scorer.batch_records``."""

SCORE_BUCKETS = tuple(i / 20 for i in range(1, 21))
"""Scores of a forest lie in (0, 1)."""

P_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, *(i / 10 for i in range(1, 11)))
"""Bounds of p-values: where a calibration is honest, each share equals its bound."""


SWAP_REFUSALS = ("unreadable", "other_schema", "registry")
"""Why a version is not taken over: bundle broken, made for other fields, or not to be fetched."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric.

    Attributes
    ----------
    name : str
        As exposed: ``streamscore_`` first, the base unit last, ``_total`` for a counter.
    kind : {"counter", "gauge", "histogram"}
        Its Prometheus type.
    labels : tuple of Label
        Its labels, in order.
    unit : str
        ``seconds``, ``records``, or empty.
    meaning : str
        One sentence.
    buckets : tuple of float
        Upper bounds of a histogram, ascending; empty for other kinds.
    reasons : tuple of str
        What the label ``reason`` may be, where the metric has it.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[Label, ...]
    meaning: str
    unit: str = ""
    buckets: tuple[float, ...] = ()
    reasons: tuple[str, ...] = ()


def _counter(
    name: str,
    labels: tuple[Label, ...],
    meaning: str,
    unit: str = "",
    reasons: tuple[str, ...] = (),
) -> Metric:
    return Metric(
        name=f"streamscore_{name}_total",
        kind="counter",
        labels=labels,
        meaning=meaning,
        unit=unit,
        reasons=reasons,
    )


def _gauge(name: str, labels: tuple[Label, ...], meaning: str, unit: str = "") -> Metric:
    return Metric(
        name=f"streamscore_{name}", kind="gauge", labels=labels, meaning=meaning, unit=unit
    )


def _histogram(
    name: str,
    labels: tuple[Label, ...],
    buckets: tuple[float, ...],
    meaning: str,
    unit: str = "",
) -> Metric:
    return Metric(
        name=f"streamscore_{name}",
        kind="histogram",
        labels=labels,
        meaning=meaning,
        unit=unit,
        buckets=buckets,
    )


METRICS: tuple[Metric, ...] = (
    _counter("records", ("source", "run"), "Records scored and committed.", "records"),
    _counter(
        "anomalies", ("source", "run"), "Records flagged as anomalies and committed.", "records"
    ),
    _counter(
        "deadletters",
        ("source", "run", "reason"),
        "Records that break a rule of the source, by the rule.",
        "records",
        REASONS,
    ),
    _counter(
        "tombstones_skipped",
        ("source",),
        "Records without a value that were passed over, as the source says.",
        "records",
    ),
    _counter(
        "records_lost",
        ("source", "run"),
        "Records that retention removed before they were read.",
        "records",
    ),
    _gauge(
        "lag_records",
        ("source", "run", "partition"),
        "Records between the committed position and the end of the partition.",
        "records",
    ),
    _gauge(
        "event_lag_seconds",
        ("source", "run"),
        "Wall time less the latest event time scored; large while history is replayed.",
        "seconds",
    ),
    _histogram(
        "latency_seconds",
        ("source", "run"),
        LATENCY_BUCKETS,
        "From producing a record (its Kafka timestamp) to the commit of its score.",
        "seconds",
    ),
    _histogram("batch_records", ("processor",), BATCH_BUCKETS, "Records in a batch.", "records"),
    _histogram(
        "transaction_seconds",
        ("processor",),
        LATENCY_BUCKETS,
        "From the first record of a transaction to its commit.",
        "seconds",
    ),
    _counter("transactions_aborted", ("processor",), "Transactions that were aborted."),
    _histogram("score", ("source", "run"), SCORE_BUCKETS, "Scores; higher is more anomalous."),
    _histogram(
        "p_value", ("source", "run"), P_BUCKETS, "P-values; uniform where records are normal."
    ),
    _gauge(
        "nominal_rate_ratio",
        ("source", "run"),
        "Share of normal records that may be flagged, 0 to 1.",
    ),
    _gauge("model_info", ("source", "run", "version"), "1 for the version of the model in force."),
    _gauge(
        "model_loaded_timestamp_seconds",
        ("source", "run"),
        "When the model in force was taken over, in seconds since 1970; 0 while there is none.",
        "seconds",
    ),
    _counter("swaps", ("source", "run"), "Model versions taken over."),
    _counter(
        "swaps_refused",
        ("source", "run", "reason"),
        "Model versions not taken over, by what was wrong.",
        reasons=SWAP_REFUSALS,
    ),
    _gauge(
        "registry_up",
        ("source",),
        "1 when MLflow answered the last question for the production alias, 0 when it did not.",
    ),
    _gauge("ready", ("processor",), "1 when the processor is ready, as /ready says."),
    _gauge(
        "paused",
        ("processor",),
        "1 while the processor reads nothing because too many records are bad.",
    ),
    _counter(
        "state_folded_records",
        ("source", "run"),
        "Records folded silently to restore the state of a partition.",
        "records",
    ),
    _counter("state_checkpoints", ("source", "run"), "States of partitions written."),
    _gauge("runs_open", ("source",), "Open runs of the source that this worker takes part in."),
    _counter(
        "run_failures",
        ("source", "run"),
        "Times that the scoring of a run failed; it is tried again.",
    ),
)


def metrics_markdown() -> str:
    """Return the page of the documentation that lists every metric."""
    lines = [
        "# Metrics",
        "",
        "A scorer serves them at `/metrics` (`worker.bind`, `worker.port`), together with those",
        "of its process. The flag rate is",
        "`rate(streamscore_anomalies_total[5m]) / rate(streamscore_records_total[5m])`; where the",
        "calibration is honest it stays near `streamscore_nominal_rate_ratio` on a stream like",
        "its history.",
        "",
        "| metric | kind | labels | unit | meaning |",
        "|---|---|---|---|---|",
    ]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(
            f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit} | {metric.meaning} |"
        )
    lines += ["", "## Labels", "", "| label | holds |", "|---|---|"]
    lines += [f"| `{label}` | {meaning} |" for label, meaning in LABELS.items()]
    for metric in METRICS:
        if metric.reasons:
            listed = ", ".join(f"`{reason}`" for reason in metric.reasons)
            lines += ["", f"Reasons of `{metric.name}`: {listed}."]
    return "\n".join(lines) + "\n"
