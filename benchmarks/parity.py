"""What is fast agrees with what is slow and obvious, and what is scored twice is scored the same.

The generated encoder against a plain one; the forest kernel against scikit-learn, and how much
faster it is on one thread; a stream through Kafka against the same records folded in one go.
"""

import argparse
import logging
import sys
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks._broker import Topic, embedded_broker
from benchmarks._forest_speed import grown, largest_difference, times_faster, with_gaps
from benchmarks._random_records import random_rows
from benchmarks._records import SHARED_DATA, Records, records_of
from benchmarks._verdict import Bar, conclude
from benchmarks._worker import CommitClock, make_worker, run_worker, settings_for, trained_model
from streamscore.events import ScoreLine
from streamscore.features import ColumnPlan, Encoder
from streamscore.scoring import Model, PartitionFold
from streamscore.sources import Codec, load_source
from tests.naive.encoder import naive_encode

_SOURCES = ("accidents", "reviews")
_SPEEDS = {1: 500.0, 256: 15.0, 1024: 6.0}
_TOLERANCE = 1e-12
_READ_SECONDS = 30.0

BARS = (
    Bar("encoder_largest_difference", _TOLERANCE, is_most=True),
    Bar("forest_largest_difference", _TOLERANCE, is_most=True),
    *(Bar(f"forest_times_faster_at_{batch}", least) for batch, least in _SPEEDS.items()),
    Bar("stream_records_that_differ", 0.0, is_most=True),
)


def encoder_difference(source_name: str, values: Sequence[bytes]) -> float:
    """Encode records both ways; return the largest difference, infinite where NaN differ."""
    codec = Codec(load_source(source_name))
    records = [codec.decode(value) for value in values]
    times = [codec.event_time(record) for record in records]
    utc_ms = np.array([time.utc_ms for time in times], np.int64)
    local_ms = np.array([time.local_ms for time in times], np.int64)
    # Fit on half, so that the other half holds unseen categories.
    encoder = Encoder.fit(codec, records[::2], ColumnPlan())
    fast = encoder.encode(records, utc_ms, local_ms)
    rows = [msgspec.json.decode(value) for value in values]
    learned = encoder.learned
    plain = np.array(
        [
            naive_encode(codec.source, learned, row, at)
            for row, at in zip(rows, local_ms.tolist(), strict=True)
        ]
    )
    if not np.array_equal(np.isnan(fast), np.isnan(plain)):
        return float("inf")
    return float(np.nanmax(np.abs(fast - plain)))


def encoded(model: Model, values: Sequence[bytes]) -> NDArray[np.float64]:
    """Encode values with a model."""
    return PartitionFold(model, model.new_window(1)).fold(values).matrix


def stream_differences(model: Model, values: Sequence[bytes]) -> int:
    """Score values through Kafka and in one fold; count records with another score or p-value."""
    source = msgspec.structs.replace(model.source, scores=True)
    folded = PartitionFold(model, model.new_window(1)).fold(values)
    expected = {
        place: (score, p_value)
        for place, score, p_value in zip(
            folded.good,
            folded.scores.tolist(),
            folded.judged.p_value.tolist(),
            strict=True,
        )
    }
    with embedded_broker() as bootstrap_servers:
        topic = Topic(bootstrap_servers, source, len(values))
        topic.fill(values)
        settings = settings_for(bootstrap_servers, "parity")
        report = CommitClock(source)
        worker = make_worker(settings, topic.source, model, report)
        run_worker(worker, lambda: report.processed >= len(values))
        streamed = _read_scores(topic, f"parity.scores.{source.name}", len(expected))
    found = {line.offset: (line.score, line.p_value) for line in streamed}
    places = expected.keys() | found.keys()
    return sum(expected.get(p) != found.get(p) for p in places) + len(streamed) - len(found)


def _read_scores(topic: Topic, name: str, count: int) -> list[ScoreLine]:
    reader = topic.reader("parity.reader", name, **{"isolation.level": "read_committed"})
    lines: list[ScoreLine] = []
    while len(lines) < count:
        messages = reader.consume(count - len(lines), _READ_SECONDS)
        if not messages:
            break
        good = [m.value() or b"" for m in messages if m.error() is None]
        lines += [msgspec.json.decode(value, type=ScoreLine) for value in good]
    reader.close()
    return lines


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    figures: dict[str, float] = {}
    table = Table("what", "data", "figure", title="parity")
    differences = []
    for name in _SOURCES:
        source = load_source(name)
        kinds = [records_of(source, options.records)]
        if (SHARED_DATA / "README.md").exists():
            kinds.append(records_of(source, options.records, SHARED_DATA / "absent"))
        kinds.append(Records(random_rows(source, options.records), "random, seed 42"))
        for values, origin in kinds:
            differences.append(encoder_difference(name, values))
            table.add_row("encoder, largest difference", origin, f"{differences[-1]:.1e}")
    figures["encoder_largest_difference"] = max(differences)
    found = records_of(load_source("accidents"), options.stream_records)
    model = trained_model(load_source("accidents"), found.values)
    figures |= _forest_figures(encoded(model, found.values[:8192]))
    figures["stream_records_that_differ"] = stream_differences(model, found.values)
    for name, figure in list(figures.items())[1:]:
        table.add_row(name.replace("_", " "), found.origin, f"{figure:.4g}")
    Console(width=100).print(table)
    return conclude("parity", figures, BARS)


def _forest_figures(matrix: NDArray[np.float64]) -> dict[str, float]:
    holed = with_gaps(matrix, 0.05)
    whole, learned_gaps = grown(matrix), grown(holed)
    pairs = [(whole, matrix), (whole, holed), (learned_gaps, matrix), (learned_gaps, holed)]
    difference = max(largest_difference(forests, rows) for forests, rows in pairs)
    speeds = {
        f"forest_times_faster_at_{batch}": times_faster(whole, matrix, batch) for batch in _SPEEDS
    }
    return {"forest_largest_difference": difference} | speeds


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.parity")
    parser.add_argument("--records", type=int, default=2_000, help="of each kind, to encode")
    parser.add_argument("--stream-records", type=int, default=30_000)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
