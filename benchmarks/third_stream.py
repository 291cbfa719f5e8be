"""From a file that was never seen to scored events, with no more than a few edited lines.

Each file goes the whole way: a source is inferred from it, a model is trained on it, it is replayed
into a real Kafka, and a worker scores what arrives. What had to be changed in the draft is counted
as the lines by which it differs from what was run. Tables of ADBench are given invented times; the
orders are generated, as dirty as exports are.
"""

import argparse
import csv
import difflib
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks._broker import embedded_broker
from benchmarks._dirty_orders import write_csv, write_nested
from benchmarks._records import SHARED_DATA
from benchmarks._verdict import Bar, conclude
from benchmarks._worker import CommitClock, make_worker, run_worker, settings_for, trained_model
from producer.plan import ReplayPlan
from producer.replay import replay
from scorer.report import Done
from streamscore.sources import Source, load_source
from streamscore.sources.inference import infer_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.row_files import read_rows

_ROWS = 10_000
_SEED = 42
_START = datetime(2024, 1, 1, tzinfo=UTC)
_TABLES = ("32_shuttle", "5_campaign", "6_cardio", "34_smtp")
_MOST_EDITS = 10

EDITS: dict[str, Callable[[str], str]] = {}
"""Stream -> what a person would change in its draft; none has needed anything so far."""

BARS = (
    Bar("most_edited_lines", _MOST_EDITS, is_most=True),
    Bar("rows_unaccounted", 0.0, is_most=True),
    Bar("least_scored_share_of_readable_rows", 0.98),
)


class Stream(NamedTuple):
    """A file and where it is from; how many of its rows a person could read."""

    name: str
    path: Path
    origin: str
    rows: int
    readable: int


class Outcome(NamedTuple):
    """What became of a stream.

    Attributes
    ----------
    scored, dead, flagged : int
        Records that the worker scored, dead-lettered and flagged.
    rejected : dict of str to int
        Rows that no record was made of, by reason.
    edits : int
        Lines by which the source that was run differs from the draft.
    seconds : float
        From the file to the last commit.
    """

    scored: int
    dead: int
    flagged: int
    rejected: dict[str, int]
    edits: int
    seconds: float


class Counted(CommitClock):
    """What a worker did, counted."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.scored = self.dead = self.flagged = 0

    def batch(self, done: Done, began_seconds: float, ended_seconds: float) -> None:
        """Count a committed batch."""
        self.scored += len(done.scores)
        self.dead += sum(done.reasons.values())
        self.flagged += done.anomalies
        super().batch(done, began_seconds, ended_seconds)


def streams(folder: Path, rows: int) -> Iterator[Stream]:
    """Write the files, one after another."""
    found = [SHARED_DATA / "anomaly" / "adbench" / f"{name}.npz" for name in _TABLES]
    for path in filter(Path.exists, found):
        matrix = np.load(path)["X"]
        name = path.stem.partition("_")[2]
        origin = f"real, {path.name}, times invented"
        yield _table(folder / f"{name}.csv", matrix[:rows], origin)
    if not any(path.exists() for path in found):
        matrix = np.random.default_rng(_SEED).standard_t(4, size=(rows, 8))
        yield _table(folder / "numbers.csv", matrix, f"generated, seed {_SEED}")
    origin = f"generated, seed {_SEED}"
    path = folder / "dirty orders.csv"
    yield Stream("dirty orders", path, origin, rows, write_csv(path, rows, _SEED))
    path = folder / "order-events.jsonl"
    count = write_nested(path, rows, _SEED)
    yield Stream("nested events", path, origin, count, count)


def _table(path: Path, matrix: NDArray[np.float64], origin: str) -> Stream:
    rng = np.random.default_rng(_SEED)
    shuffled = matrix[rng.permutation(len(matrix))]  # many have their anomalies in one block
    minutes = np.cumsum(rng.exponential(3.0, len(matrix))).tolist()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["measured_at", *(f"x{i}" for i in range(matrix.shape[1]))])
        writer.writerows(
            [(_START + timedelta(minutes=at)).strftime("%Y-%m-%dT%H:%M:%S"), *row]
            for at, row in zip(minutes, shuffled.tolist(), strict=True)
        )
    return Stream(path.stem, path, origin, len(matrix), len(matrix))


def run_stream(bootstrap_servers: str, stream: Stream) -> Outcome:
    """Take a stream from its file to scored events."""
    began = time.perf_counter()
    draft = infer_source(LocalFile(stream.path)).toml
    run = EDITS.get(stream.name, str)(draft)
    toml = stream.path.with_suffix(".toml")
    toml.write_text(run, "utf-8")
    source = load_source(str(toml))
    settings = settings_for(bootstrap_servers, source.name)
    model = trained_model(source, values_of(source, stream.path))
    rejects = stream.path.with_suffix(".rejects.jsonl")
    plan = ReplayPlan(
        files=(LocalFile(stream.path),), partitions=1, rejects=rejects, allow_behind=True
    )
    replayed = replay(plan, source, settings)
    report = Counted(source)
    worker = make_worker(settings, source, model, report)
    run_worker(worker, lambda: report.processed >= replayed.sent)
    return Outcome(
        scored=report.scored,
        dead=report.dead,
        flagged=report.flagged,
        rejected=dict(replayed.rejected),
        edits=edited_lines(draft, run),
        seconds=time.perf_counter() - began,
    )


def values_of(source: Source, path: Path) -> list[bytes]:
    """Return the records of a file."""
    return [row.value for _, row, _ in read_rows(source, LocalFile(path)) if row is not None]


def edited_lines(draft: str, run: str) -> int:
    """Count the lines by which two texts differ; a line that is changed counts once."""
    before, after = draft.splitlines(), run.splitlines()
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in changes if kind != "equal")


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    table = Table(
        *("stream", "data", "rows", "scored", "rejected", "dead", "flagged", "edits", "minutes"),
        title="third stream",
    )
    outcomes: list[tuple[Stream, Outcome]] = []
    with embedded_broker() as bootstrap_servers, tempfile.TemporaryDirectory() as folder:
        for stream in streams(Path(folder), options.rows):
            outcome = run_stream(bootstrap_servers, stream)
            outcomes.append((stream, outcome))
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in outcome.rejected.items())
            table.add_row(
                *(stream.name, stream.origin, f"{stream.rows:,}", f"{outcome.scored:,}"),
                *(reasons or "0", f"{outcome.dead:,}", f"{outcome.flagged:,}"),
                *(f"{outcome.edits}", f"{outcome.seconds / 60:.2f}"),
            )
    Console(width=140).print(table)
    return conclude("third_stream", figures_of(outcomes), BARS)


def figures_of(outcomes: list[tuple[Stream, Outcome]]) -> dict[str, float]:
    """Return what is judged, and the minutes and edits of each stream."""
    each = [
        {f"{_key(stream)}_minutes": one.seconds / 60, f"{_key(stream)}_edits": float(one.edits)}
        for stream, one in outcomes
    ]
    lost = [
        abs(stream.rows - one.scored - one.dead - sum(one.rejected.values()))
        for stream, one in outcomes
    ]
    return {
        "most_edited_lines": float(max(one.edits for _, one in outcomes)),
        "rows_unaccounted": float(sum(lost)),
        "least_scored_share_of_readable_rows": min(
            one.scored / stream.readable for stream, one in outcomes
        ),
        **dict(chain.from_iterable(one.items() for one in each)),
    }


def _key(stream: Stream) -> str:
    return stream.name.replace(" ", "_")


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.third_stream")
    parser.add_argument("--rows", type=int, default=_ROWS, help="of each stream, at most")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
