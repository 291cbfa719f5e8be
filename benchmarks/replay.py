"""[replay] A file of any size is put into order in little memory, and killing loses nothing.

Generated accident records in no order are replayed into a Kafka of the benchmark's own, in a child
process whose memory is told, against reading and sending the same file in the order that it has;
both in interleaved rounds. Then a smaller file is replayed with `--resume` while it is killed at
random moments, and its topic is compared with that of an undisturbed replay. Last, what the header
costs by which a replay is found; no bar is set for it. `--records`, `--kill-records` and
`--cost-records` make a shorter run, 0 leaves a part out.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from confluent_kafka.admin import AdminClient
from rich.console import Console
from rich.table import Table

from benchmarks._broker import embedded_broker
from benchmarks._killed_replays import compared, tormented, undisturbed
from benchmarks._many_records import write_unsorted
from benchmarks._mark_cost import mark_cost
from benchmarks._one_replay import SOURCE, Outcome, Side
from benchmarks._records import records_of
from benchmarks._verdict import Bar, conclude

_RECORDS = 5_000_000
_ROUNDS = 3
_KILL_RECORDS = 200_000
_KILLS = 10
_COST_RECORDS = 60_000
_ANSWER_SECONDS = 30.0
_BYTES_A_RECORD = 4_000
"""File, spool and two topics, of which one is being deleted."""

Outcomes = dict[Side, list[Outcome]]

RATE_BARS = (Bar("peak_mb", 600.0, is_most=True), Bar("rate_against_alone", 0.6))
KILL_BARS = (
    Bar("missing", 0, is_most=True),
    Bar("repeated", 0, is_most=True),
    Bar("unlike_undisturbed", 0, is_most=True),
)


def measure(path: Path, servers: str, rounds: int) -> Outcomes:
    """Replay a file in both ways, in turn."""
    outcomes: Outcomes = {"ordered": [], "alone": []}
    for number in range(rounds):
        for side, found in outcomes.items():
            command = [sys.executable, "-m", "benchmarks._one_replay", side, str(path)]
            done = subprocess.run(
                [*command, servers, f"{side}{number}."], stdout=subprocess.PIPE, check=True
            )
            found.append(msgspec.json.decode(done.stdout, type=Outcome))
            _delete(servers, found[-1].topic)
    return outcomes


def figures_of(outcomes: Outcomes) -> dict[str, float]:
    """Return the largest peak, medians of rates, and the median over the rounds of their ratio."""
    ordered, alone = outcomes["ordered"], outcomes["alone"]
    ratios = [b.seconds / a.seconds for a, b in zip(ordered, alone, strict=True)]
    return {
        "records": float(ordered[0].rows),
        "peak_mb": max(one.peak_bytes for one in ordered) / 1e6,
        "alone_peak_mb": max(one.peak_bytes for one in alone) / 1e6,
        "ordered_per_second": statistics.median(one.rows / one.seconds for one in ordered),
        "alone_per_second": statistics.median(one.rows / one.seconds for one in alone),
        "rate_against_alone": statistics.median(ratios),
    }


def killed(path: Path, servers: str, rows: int, kills: int) -> dict[str, float]:
    """Kill a replay so often, and compare its topic with that of an undisturbed one."""
    hits, lanes = tormented(servers, path, rows, kills)
    found = compared(lanes, undisturbed(servers, path), rows)
    return {"kill_records": float(rows), "kills": float(hits), **found}


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    with tempfile.TemporaryDirectory(prefix="streamscore-replay-") as name:
        folder = Path(name)
        _check_room(folder, max(options.records, options.kill_records))
        figures: dict[str, float] = {}
        with embedded_broker() as servers:
            if options.records:
                path = folder / "many.csv"
                write_unsorted(path, options.records)
                figures |= figures_of(measure(path, servers, options.rounds))
                path.unlink()
            if options.kill_records:
                path = folder / "killed.csv"
                write_unsorted(path, options.kill_records)
                figures |= killed(path, servers, options.kill_records, options.kills)
            if options.cost_records:
                figures |= mark_cost(servers, records_of(SOURCE, options.cost_records).values)
    _print(figures)
    bars = [*RATE_BARS, *KILL_BARS, Bar("kills", options.kills)]
    return conclude("replay", figures, [bar for bar in bars if bar.figure in figures])


def _delete(servers: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": servers})  # named: it must outlive the answer
    admin.delete_topics([topic])[topic].result(_ANSWER_SECONDS)


def _check_room(folder: Path, records: int) -> None:
    needed, free = records * _BYTES_A_RECORD, shutil.disk_usage(folder).free
    if free < needed:
        raise SystemExit(
            f"{records:,} records need {needed / 1e9:.1f} GB in {folder}; {free / 1e9:.1f} GB are "
            "free. Name another folder in TMPDIR, or fewer with --records."
        )


def _print(figures: dict[str, float]) -> None:
    table = Table("figure", "value", title="replay, generated accident records")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.2f}" if value < 10 else f"{value:,.0f}")
    Console(width=100).print(table)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.replay", description=__doc__)
    parser.add_argument("--records", type=int, default=_RECORDS)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--kill-records", type=int, default=_KILL_RECORDS)
    parser.add_argument("--kills", type=int, default=_KILLS)
    parser.add_argument("--cost-records", type=int, default=_COST_RECORDS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
