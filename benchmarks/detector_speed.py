"""What each detector costs a record on one thread, beside its library, and what a worker reaches.

Batches of 1,024 rows, encoded as each detector wants them; detector and library take turns in one
process, in processor time of the thread, and of each ratio the median over the rounds counts. The
time of a detector holds the attribution of one row in a hundred. Then a worker on a real Kafka
scores the same topic by the default model and by an isolation forest, in turns.
"""

import argparse
import logging
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks._broker import Topic, embedded_broker
from benchmarks._library_twins import LIBRARY_TWINS, sklearn_forest
from benchmarks._rates import worker_rate
from benchmarks._records import Records, records_of, repeated
from benchmarks._verdict import Bar, conclude
from benchmarks._worker import trained_model
from streamscore.detectors import Detector, detector_named, detector_names
from streamscore.features import ColumnPlan, Encoder, plan_columns
from streamscore.sources import Codec, Source, load_source

_BATCH = 1024
_FLAGGED = 10
"""Rows of a batch that are explained: one in a hundred."""
_FIT_RECORDS = 20_000
_LEAST_RECORDS = _FIT_RECORDS + _BATCH
_SEED = 42
_LARGE_FOREST = 200
_WORKER_ROUNDS = 3
_TIMES_FASTER, _WITHIN_US = 5.0, 2.0
_NETWORK = "dependency-network"
_FOREST = "isolation-forest"

Matrix = NDArray[np.float64]


class Fitted(NamedTuple):
    """A detector fit on encoded records, and rows of its own to score."""

    detector: Detector
    history: Matrix
    rows: Matrix

    def score(self) -> None:
        """Score the rows and explain a few of them, as a worker does."""
        scores = self.detector.fold(self.rows, self.detector.begin())
        flagged = scores[:, 0].argpartition(-_FLAGGED)[-_FLAGGED:]
        self.detector.contributions(self.rows[flagged], 0)


class Cost(NamedTuple):
    """Microseconds a record of a detector and of its library; NaN where it has none."""

    ours_us: float
    library_us: float
    times_faster: float

    @property
    def is_enough(self) -> bool:
        """Whether it is five times faster than its library, or within 2 us."""
        return self.times_faster >= _TIMES_FASTER or self.ours_us <= _WITHIN_US


def measurable(source: Source) -> list[str]:
    """Name the detectors that a source has columns for."""
    plans = {name: detector_named(name).plan for name in detector_names()}
    return [name for name, plan in plans.items() if plan.is_met_by(plan_columns(source, plan))]


def enough(found: Records) -> Records:
    """Repeat the records of a short file until there are some to fit and a batch to score."""
    return found._replace(values=repeated(found.values, max(len(found.values), _LEAST_RECORDS)))


def fitted(name: str, codec: Codec, found: Records) -> Fitted:
    """Fit a detector on records, encoded as it wants them."""
    kind = detector_named(name)
    past = codec.read(found.values[:_FIT_RECORDS])
    later = codec.read(found.values[_FIT_RECORDS : _FIT_RECORDS + _BATCH])
    encoder = Encoder.fit(codec, past.records, kind.plan)
    history, rows = (encoder.encode(b.records, b.utc_ms, b.local_ms) for b in (past, later))
    return Fitted(kind.fit(history, encoder.columns, _SEED), history, rows)


def compared(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> Cost:
    """Let two sides take turns; the medians of their times and of the rounds' ratios."""
    ours(), theirs()
    times = [(_cpu_us(ours), _cpu_us(theirs)) for _ in range(rounds)]
    ours_us, library_us = (statistics.median(side) for side in zip(*times, strict=True))
    return Cost(ours_us, library_us, statistics.median(b / a for a, b in times))


def _cpu_us(score: Callable[[], object]) -> float:
    # Processor time of one thread: others on the machine do not count, and libraries get no more.
    with threadpool_limits(1):
        began = time.thread_time()
        score()
        return (time.thread_time() - began) / _BATCH * 1e6


def cost_of(name: str, of: Fitted, rounds: int) -> Cost:
    """Compare a detector with its library; without one, with itself."""
    if name not in LIBRARY_TWINS:
        alone = compared(of.score, of.score, rounds)
        return Cost(alone.ours_us, float("nan"), float("nan"))
    return compared(of.score, LIBRARY_TWINS[name](of.detector, of.history, of.rows), rounds)


def against_large_forest(of: Fitted, codec: Codec, found: Records, rounds: int) -> Cost:
    """Compare a detector with scikit-learn's forest of 200 trees over the forest's own columns."""
    past = codec.read(found.values[: _FIT_RECORDS + _BATCH])
    encoder = Encoder.fit(codec, past.records[:_FIT_RECORDS], ColumnPlan())
    matrix = encoder.encode(past.records, past.utc_ms, past.local_ms)
    history, rows = matrix[:_FIT_RECORDS], matrix[_FIT_RECORDS:]
    return compared(of.score, sklearn_forest(history, rows, _LARGE_FOREST), rounds)


def worker_ratio(source: Source, found: Records, options: argparse.Namespace) -> float:
    """Return how many times as many records a second the default model reaches as the forest."""
    models = [trained_model(source, found.values, name) for name in (None, _FOREST)]
    with embedded_broker() as bootstrap_servers:
        topic = Topic(bootstrap_servers, source, options.records)
        topic.fill(repeated(found.values, topic.size))
        worker_rate(topic, models[0], "warm")
        ratios = []
        # A run takes a second or two, in which others on the machine may do anything: many rounds,
        # each side first in every second one.
        for i in range(_WORKER_ROUNDS * options.rounds):
            sides = (0, 1) if i % 2 else (1, 0)
            rates = {side: worker_rate(topic, models[side], f"w{i}.{side}") for side in sides}
            ratios.append(rates[0] / rates[1])
    return statistics.median(ratios)


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    source = load_source(options.source)
    codec, found = Codec(source), enough(records_of(source, 100_000))
    table = Table("detector", "us", "library, us", "times faster", title=f"speed, {found.origin}")
    figures, bars = dict[str, float](), list[Bar]()
    for name in options.detectors or measurable(source):
        of = fitted(name, codec, found)
        cost = cost_of(name, of, options.rounds)
        key = name.replace("-", "_")
        figures |= {f"{key}_us": cost.ours_us, f"{key}_is_enough": float(cost.is_enough)}
        bars.append(Bar(f"{key}_is_enough", 1.0))
        if name in LIBRARY_TWINS:
            figures[f"{key}_times_faster"] = cost.times_faster
        table.add_row(name, *(f"{number:.2f}" for number in cost))
        if name == _NETWORK:
            large = against_large_forest(of, codec, found, options.rounds)
            figures["network_share_of_large_forest"] = 1.0 / large.times_faster
            bars.append(Bar("network_share_of_large_forest", 1 / 20, is_most=True))
            table.add_row(f"{name} and a forest of 200", *(f"{number:.2f}" for number in large))
    if options.records:
        figures["worker_with_default_over_forest"] = worker_ratio(source, found, options)
        bars.append(Bar("worker_with_default_over_forest", 1.0))
    Console(width=100).print(table)
    return conclude("detector_speed", figures, bars)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.detector_speed")
    parser.add_argument("--source", default="accidents", choices=["accidents", "reviews"])
    parser.add_argument("--detectors", nargs="*", help="some of them; without it all")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--records", type=int, default=150_000, help="on the topic; 0: no worker")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
