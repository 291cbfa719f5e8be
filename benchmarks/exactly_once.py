"""[exactly_once] Nothing is lost or counted twice, whatever is killed, and scores stay the same.

200,000 accident records over 4 partitions are scored while workers are killed at named points of
their transactions and at random moments, leave and join, and the broker restarts. Then the same
topic is scored once more, undisturbed, and both outcomes are compared. `--records` and
`--per-second` make a shorter run.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from adapters.user_cache import user_cache_dir
from benchmarks._faults.campaign import POINTS, Life, random_lives
from benchmarks._faults.records import rows
from benchmarks._faults.run import Conditions, Result, run
from benchmarks._records import records_of
from benchmarks._verdict import Bar, conclude
from embedded.jars import ensure_jars
from embedded.kafka import Kafka
from streamscore.settings import Scorer
from streamscore.sources import REASONS, load_source

_SEED = 4
_HISTORY = 20_000
_PARTITIONS = 4


def main(arguments: list[str]) -> int:
    """Run the benchmark; return 0 where every bar is met."""
    parser = argparse.ArgumentParser(prog="exactly_once", description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--per-second", type=float, default=800.0)
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--folder", type=Path, help="keep data, plans and logs here")
    options = parser.parse_args(arguments)
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        return _bench(options, options.folder)
    with tempfile.TemporaryDirectory(prefix="streamscore-exactly-once-") as folder:
        return _bench(options, Path(folder))


def _bench(options: argparse.Namespace, folder: Path) -> int:
    source = msgspec.structs.replace(
        load_source("accidents"), scores=True, topic="records.exactly-once"
    )
    records = records_of(source, options.records)
    jars = ensure_jars(user_cache_dir(os.environ))
    kafka = Kafka(
        folder / "kafka",
        folder / "kafka.log",
        jars,
        environ=os.environ,
        rng=random.Random(options.seed),  # noqa: S311  # ports, not secrets
    )
    print(f"{options.records} records ({records.origin}), seed {options.seed}", flush=True)
    kafka.start()
    try:
        conditions = Conditions(
            bootstrap_servers=kafka.bootstrap_servers,
            source=source,
            partitions=_PARTITIONS,
            rows=rows(records.values, options.records),
            per_second=options.per_second,
            history=records.values[:_HISTORY],
            lives=_lives(options.seed),
            scorer=Scorer(session_timeout_ms=6000),
        )
        restarts = _Restarts(kafka)
        result = run(conditions, folder, restarts)
    finally:
        kafka.stop()
    _print_table(result, restarts.seconds)
    return conclude("exactly_once", *_judged(result, restarts.seconds))


def _lives(seed: int) -> list[list[Life]]:
    rng = random.Random(seed)  # noqa: S311  # chance, not secrets
    return random_lives(rng, per_point=3, kills=6, leaves=2)


class _Restarts:
    """Restarts the broker and notes how long it was away."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self.seconds: list[float] = []

    def __call__(self) -> None:
        began = time.monotonic()
        self._kafka.restart()
        self.seconds.append(time.monotonic() - began)


def _judged(result: Result, restarts: list[float]) -> tuple[dict[str, float], list[Bar]]:
    wrong: dict[str, float] = {
        **{name: float(count) for name, count in msgspec.structs.asdict(result.verdict).items()},
        **{f"{kind}_unlike_undisturbed": float(n) for kind, n in result.unequal.items()},
        "unexpected_ends": float(len(result.unexpected)),
    }
    done: dict[str, float] = {
        "left_open": float(result.left_open),
        "kinds_of_kills": float(len(result.kills)),
        "workers_that_left_and_came_back": float(len(result.leaves)),
        "broker_restarts": float(len(restarts)),
        "outlasted_faults": float(result.outlasted),
        "hold_ups_measured": float(len(result.held_up_seconds)),
        "reasons_of_dead_letters": float(len(result.reasons)),
    }
    least = (8, len(POINTS) + 1, 2, 1, 1, 1, len(REASONS))
    bars = [Bar(name, 0.0, is_most=True) for name in wrong]
    bars += [Bar(name, float(wanted)) for name, wanted in zip(done, least, strict=True)]
    other = {
        "scored": float(result.scored),
        "dead_letters": float(result.dead),
        "events": float(result.events),
        "kills": float(result.kills.total()),
        "held_up_p50_seconds": statistics.median(result.held_up_seconds or [0.0]),
        "held_up_max_seconds": max(result.held_up_seconds, default=0.0),
        "seconds": result.seconds,
    }
    return {**wrong, **done, **other}, bars


def _print_table(result: Result, restarts: list[float]) -> None:
    table = Table(title="Exactly once", show_header=False)
    table.add_row("records scored", f"{result.scored:,}")
    table.add_row("dead letters", ", ".join(f"{n} {why}" for why, n in result.reasons.items()))
    table.add_row("anomaly events", f"{result.events:,}")
    table.add_row("kills", ", ".join(f"{n} {point}" for point, n in result.kills.items()))
    table.add_row("of them left a transaction open", f"{result.left_open}")
    table.add_row("workers that left and came back", f"{sum(result.leaves.values())}")
    table.add_row("broker away", ", ".join(f"{seconds:.1f} s" for seconds in restarts))
    for name, count in msgspec.structs.asdict(result.verdict).items():
        table.add_row(name.replace("_", " "), f"{count}")
    for kind, count in result.unequal.items():
        table.add_row(f"{kind} unlike those of the undisturbed run".replace("_", " "), f"{count}")
    waits = result.held_up_seconds or [0.0]
    table.add_row(
        "readers held up by an abandoned transaction",
        f"p50 {statistics.median(waits):.1f} s, max {max(waits):.1f} s ({len(waits)} of them)",
    )
    for what in result.unexpected:
        table.add_row("unexpected", what)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
