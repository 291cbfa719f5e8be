"""Records a second of one worker on a real Kafka, against the usual design in two forms.

All sides read the same topic in interleaved rounds: the usual design one record at a time, the
usual design in batches of 1,024, streamscore's worker with its transactions, and reading and
decoding alone. Figures are medians over the rounds; as the machine may be shared, only ratios say
something.
"""

import argparse
import logging
import statistics
import sys

from rich.console import Console
from rich.table import Table

from benchmarks._broker import Topic, embedded_broker
from benchmarks._rates import batched_rate, decoding_rate, tutorial_rate, worker_rate
from benchmarks._records import records_of, repeated
from benchmarks._sklearn_design import SklearnDesign
from benchmarks._verdict import Bar, conclude
from benchmarks._worker import trained_model
from streamscore.sources import load_source

_MOST_RECORDS = 100_000
_FIT_RECORDS = 10_000
_BATCHED_RECORDS = 20 * 1024

Rates = dict[str, list[float]]

BARS = (
    Bar("accidents_against_tutorial", 1000.0),
    Bar("accidents_against_batched", 5.0),
    Bar("reviews_against_batched", 2.0),
)


def measure(
    bootstrap_servers: str, source_name: str, options: argparse.Namespace
) -> tuple[str, Rates]:
    """Measure every side on one source; return where the records are from, and the rates."""
    source = load_source(source_name)
    found = records_of(source, _MOST_RECORDS)
    model = trained_model(source, found.values)
    design = SklearnDesign(source, found.values[:_FIT_RECORDS], options.trees)
    topic = Topic(bootstrap_servers, source, options.records)
    topic.fill(repeated(found.values, topic.size))
    worker_rate(topic, model, f"warm.{source_name}")
    rates: Rates = {"worker": [], "batched": [], "tutorial": [], "decoding": []}
    for i in range(options.rounds):
        name = f"{source_name}.{i}"
        rates["worker"].append(worker_rate(topic, model, f"w.{name}"))
        rates["decoding"].append(decoding_rate(topic, model.codec, f"d.{name}"))
        rates["batched"].append(batched_rate(topic, design, f"b.{name}", _BATCHED_RECORDS))
        rates["tutorial"].append(
            tutorial_rate(topic, design, f"t.{name}", options.tutorial_records)
        )
    return found.origin, rates


def figures_of(source_name: str, rates: Rates) -> dict[str, float]:
    """Return medians, and the median over the rounds of each ratio."""
    ratios = {
        "against_tutorial": "tutorial",
        "against_batched": "batched",
        "share_of_decoding": "decoding",
    }
    figures = {f"{source_name}_{side}": statistics.median(all_) for side, all_ in rates.items()}
    for name, side in ratios.items():
        of_rounds = [a / b for a, b in zip(rates["worker"], rates[side], strict=True)]
        figures[f"{source_name}_{name}"] = statistics.median(of_rounds)
    return figures


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    console, figures = Console(width=100), dict[str, float]()
    table = Table("source", "data", "side", "records/s", "worker is", title="pipeline")
    with embedded_broker() as bootstrap_servers:
        for source_name in options.sources:
            origin, rates = measure(bootstrap_servers, source_name, options)
            figures |= figures_of(source_name, rates)
            worker = figures[f"{source_name}_worker"]
            for side in rates:
                rate = figures[f"{source_name}_{side}"]
                table.add_row(source_name, origin, side, f"{rate:,.0f}", f"{worker / rate:.2f}")
    console.print(table)
    return conclude("pipeline", figures, [bar for bar in BARS if bar.figure in figures])


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.pipeline")
    parser.add_argument("--sources", nargs="+", default=["accidents", "reviews"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=250_000, help="records on the topic")
    parser.add_argument("--tutorial-records", type=int, default=500)
    parser.add_argument("--trees", type=int, default=100, help="of scikit-learn's forest")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
