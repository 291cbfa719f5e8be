"""How long a record takes from the producer to a read-committed score, at two fixed rates.

One process produces and reads, so one clock measures both ends; the worker, its transactions
included, runs in a process of its own.
"""

import argparse
import logging
import multiprocessing
import sys
import tempfile
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec
import numpy as np
from confluent_kafka import Producer
from rich.console import Console
from rich.table import Table

from benchmarks._broker import Topic, embedded_broker
from benchmarks._paced import ScoreReader, produce_paced
from benchmarks._records import records_of, repeated
from benchmarks._verdict import Bar, conclude
from benchmarks._worker import (
    CommitClock,
    make_worker,
    run_worker,
    settings_for,
    trained_bundle,
    warm_model,
)
from streamscore.bundle import read_bundle, write_bundle
from streamscore.sources import load_source

_SOURCE = "accidents"
_MOST_RECORDS = 100_000
_WARM_UP_SECONDS = 2
_PERCENTILES = (50, 95, 99)

BARS = (Bar("records_without_score", 0.0, is_most=True),)


def serve(
    bootstrap_servers: str, group: str, topic: str, bundle: Path, values: list[bytes], end: Event
) -> None:
    """Run a worker until told to end; the target of a process."""
    source = msgspec.structs.replace(load_source(_SOURCE), topic=topic, scores=True)
    model = warm_model(source, read_bundle(bundle), values)
    worker = make_worker(settings_for(bootstrap_servers, group), source, model, CommitClock(source))
    run_worker(worker, end.is_set)


def measure(topic: Topic, values: list[bytes], per_second: int, seconds: int) -> dict[str, float]:
    """Produce at a rate, after two seconds at the same rate; return percentiles in ms."""
    reader = ScoreReader(
        topic.reader(
            "latency", f"latency.scores.{_SOURCE}", **{"isolation.level": "read_committed"}
        )
    )
    config = {"bootstrap.servers": topic.bootstrap_servers, "linger.ms": 1}
    producer = Producer(config | {"enable.idempotence": True, "compression.type": "lz4"})
    warm = _WARM_UP_SECONDS * per_second
    total = warm + seconds * per_second
    # Its first record finds worker and reader in place.
    produce_paced(producer, topic.name, values[:1], per_second)
    if not reader.wait_for(1):
        raise TimeoutError("the worker scored nothing")
    stamps, late_seconds = produce_paced(producer, topic.name, repeated(values, total), per_second)
    reader.wait_for(total + 1)
    came = reader.stop()
    produced = range(1 + warm, 1 + total)
    waits = [came[offset] - stamps[offset - 1] for offset in produced if offset in came]
    figures = {f"p{p}_ms": float(np.percentile(waits, p)) * 1000 for p in _PERCENTILES}
    figures["producer_late_p99_ms"] = float(np.percentile(late_seconds[warm:], 99)) * 1000
    figures["records_without_score"] = float(total - warm - len(waits))
    return figures


def measured_alone(
    bundle: Path, values: list[bytes], per_second: int, seconds: int
) -> dict[str, float]:
    """Measure one rate on a broker and a worker of its own."""
    spawning = multiprocessing.get_context("spawn")
    with embedded_broker() as bootstrap_servers:
        source = msgspec.structs.replace(load_source(_SOURCE), scores=True)
        topic = Topic(bootstrap_servers, source, 0)
        end = spawning.Event()
        arguments = (bootstrap_servers, "latency", topic.name, bundle, values[:64], end)
        worker = spawning.Process(target=serve, args=arguments)
        worker.start()
        try:
            return measure(topic, values, per_second, seconds)
        finally:
            end.set()
            worker.join()


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every record was scored."""
    options = _parsed(arguments)
    source = load_source(_SOURCE)
    found = records_of(source, _MOST_RECORDS)
    table = Table(title=f"latency, {found.origin}")
    for head in ("records/s", "p50 ms", "p95 ms", "p99 ms", "producer late p99 ms", "no score"):
        table.add_column(head, justify="right")
    figures = {"records_without_score": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_bundle(trained_bundle(source, found.values), bundle)
        for per_second in options.rates:
            of_rate = measured_alone(bundle, found.values, per_second, options.seconds)
            table.add_row(str(per_second), *(f"{figure:.2f}" for figure in of_rate.values()))
            figures["records_without_score"] += of_rate.pop("records_without_score")
            figures |= {f"at_{per_second}_{name}": value for name, value in of_rate.items()}
    Console(width=100).print(table)
    return conclude("latency", figures, BARS)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.latency")
    parser.add_argument("--rates", nargs="+", type=int, default=[1_000, 10_000])
    parser.add_argument("--seconds", type=int, default=20, help="measured at each rate")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
