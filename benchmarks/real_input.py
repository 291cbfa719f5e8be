"""[real_input] Every row of every file is scored, or rejected with a right reason.

The real files beside the project, where they are present, and generated files in every spelling,
some rows of them spoiled, are replayed into a Kafka of the benchmark's own and scored by a worker.
What became of each row is compared with what a plain reading of the file says of it, and each
record on the topic with the one that the plain reading makes.
"""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from adapters.message_headers import headers_of
from benchmarks._broker import embedded_broker
from benchmarks._faults.outcome import read_topic
from benchmarks._plain_reading import PlainRow, plain_reader
from benchmarks._records import SHARED_DATA, records_of
from benchmarks._spellings import SPELLED_FILES
from benchmarks._verdict import Bar, conclude
from benchmarks._worker import CommitClock, make_worker, run_worker, settings_for, trained_model
from producer.plan import ReplayPlan, ReplaySummary
from producer.replay import replay
from streamscore import headers
from streamscore.scoring import Model
from streamscore.settings import Settings
from streamscore.sources import Source, load_source
from streamscore.sources.record_files import LocalFile
from streamscore.synthetic import generate
from streamscore.topics import planned_topics

_SEED = 11
_FIT_RECORDS = 10_000
_GENERATED_ROWS = 2_000
_GENERATED_DAYS = 40  # or days and months could be mistaken for each other
_SPOILED_EVERY = 40
_SPOILT: dict[str, tuple[dict[str, Any], ...]] = {
    "accidents": ({"num_units": "two"}, {"injuries_total": ""}, {"crash_hour": 77}),
    "reviews": ({"rating": 9.0}, {"verified_purchase": ""}, {"rating": "five"}),
}
"""What is wrong with spoiled rows, in turn."""

REAL_FILES = (
    ("accidents", "canonical", "accidents/traffic_accidents.csv"),
    ("accidents", "city", "accidents/chicago_crashes_socrata_*.csv"),
    ("reviews", "edition-2018", "reviews/2018_*.jsonl"),
    ("reviews", "canonical", "reviews/2023_*.jsonl"),
)

BARS = (
    Bar("wrong_outcomes", 0.0, is_most=True),
    Bar("records_unlike_plain_reading", 0.0, is_most=True),
    Bar("dialects_not_recognised", 0.0, is_most=True),
    Bar("scored", 1.0),
    Bar("rejected", 1.0),
)


class InputFile(NamedTuple):
    """A file that is replayed, and how it is written."""

    source: str
    dialect: str
    path: Path
    origin: str


class Outcome(NamedTuple):
    """What became of a file.

    Attributes
    ----------
    dialect : str
        As recognised.
    rows, scored : int
        How many rows there are, and how many were scored.
    rejected : Counter of str
        The others by reason.
    wrong : int
        Rows whose end is not the one that the plain reading allows, or that have none or several.
    unlike : int
        Records on the topic that are not what the plain reading makes of their row.
    """

    dialect: str
    rows: int
    scored: int
    rejected: Counter[str]
    wrong: int
    unlike: int


def real_files(folder: Path) -> list[InputFile]:
    """Return the real files that are present."""
    return [
        InputFile(source, dialect, path, "real")
        for source, dialect, pattern in REAL_FILES
        for path in sorted(folder.glob(pattern))
    ]


def generated_files(folder: Path, rows: int) -> list[InputFile]:
    """Write generated records in every spelling, some of them spoiled."""
    made = []
    for spelled in SPELLED_FILES:
        rng = np.random.default_rng(_SEED)
        records = generate(spelled.source, rows, rng, per_day=rows / _GENERATED_DAYS)
        path = folder / spelled.name
        spelled.write(spoiled(spelled.source, records), path)
        made.append(InputFile(spelled.source, spelled.dialect, path, f"generated, seed {_SEED}"))
    return made


def spoiled(source: str, records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Spoil every fortieth record."""
    kinds = _SPOILT[source]
    for place, record in enumerate(records, 1):
        turn, rest = divmod(place, _SPOILED_EVERY)
        yield record if rest else record | kinds[turn % len(kinds)]


def judged(plain: dict[int, PlainRow], ends: dict[int, list[str]]) -> int:
    """Count rows that did not end once, and as the plain reading allows."""
    wrong = len(ends.keys() - plain.keys())
    for line, row in plain.items():
        found = ends.get(line, [])
        allowed = row.faults or {"scored"}
        wrong += len(found) != 1 or found[0] not in allowed
    return wrong


def run_file(bootstrap_servers: str, file: InputFile, model: Model, folder: Path) -> Outcome:
    """Replay a file, score it, and compare every row with a plain reading."""
    settings = settings_for(bootstrap_servers, f"real-{file.path.name}".replace(".", "-"))
    source = model.source
    rejects = folder / f"{file.path.name}.rejects"
    plan = ReplayPlan(
        files=(LocalFile(file.path),), rejects=rejects, allow_behind=True
    )  # a new topic
    summary = replay(plan, source, settings)
    report = CommitClock(source)
    worker = make_worker(settings, source, model, report)
    run_worker(worker, lambda: report.processed >= summary.sent)
    read = plain_reader(file.source, file.dialect, file.path.suffix.removeprefix("."))
    plain = {row.line: row for row in read(source, file.path)}
    return _outcome(settings, source, summary, plain)


def _outcome(
    settings: Settings, source: Source, summary: ReplaySummary, plain: dict[int, PlainRow]
) -> Outcome:
    server = settings.kafka.bootstrap_servers
    topics = {topic.kind: topic.name for topic in planned_topics(settings, source)}
    ends: dict[int, list[str]] = {}
    lines: dict[int, int] = {}
    unlike = 0
    for message in read_topic(server, topics["records"], 1):
        if (line := _line_of(message)) is not None:
            lines[message.offset() or 0] = line
            row = plain.get(line)
            record = msgspec.json.decode(message.value() or b"")
            unlike += row is None or (not row.faults and record != row.record)
    for message in read_topic(server, topics["scores"], 1):
        offset = msgspec.json.decode(message.value() or b"")["offset"]
        ends.setdefault(lines[offset], []).append("scored")
    for message in read_topic(server, topics["deadletters"], 1):
        dead_for = dict(headers_of(message))[headers.REASON]
        ends.setdefault(_line_of(message) or 0, []).append(bytes(dead_for or b"").decode())
    for line, reason in _rejects(summary):
        ends.setdefault(line, []).append(reason)
    counts = Counter(end for found in ends.values() for end in found)
    scored = counts.pop("scored", 0)
    dialect = next(iter(summary.dialects.values()))
    return Outcome(dialect, len(plain), scored, counts, judged(plain, ends), unlike)


def _line_of(message: Any) -> int | None:
    own = dict(headers_of(message))
    row_id = own.get(headers.ROW)
    return None if row_id is None else int(bytes(row_id).rpartition(b":")[2])


def _rejects(summary: ReplaySummary) -> Iterator[tuple[int, str]]:
    if summary.reject_file is not None:
        for text in Path(summary.reject_file).read_bytes().splitlines():
            entry = msgspec.json.decode(text)
            yield entry["line"], entry["reason"]


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where every bar is met."""
    options = _parsed(arguments)
    with tempfile.TemporaryDirectory() as name, embedded_broker() as bootstrap_servers:
        folder = Path(name)
        files = [*real_files(options.shared), *generated_files(folder, options.rows)]
        models = {
            source: trained_model(
                msgspec.structs.replace(load_source(source), scores=True),
                records_of(load_source(source), _FIT_RECORDS, options.shared).values,
            )
            for source in sorted({file.source for file in files})
        }
        outcomes = [run_file(bootstrap_servers, one, models[one.source], folder) for one in files]
    _print_table(files, outcomes)
    return conclude("real_input", _figures(files, outcomes), BARS)


def _figures(files: list[InputFile], outcomes: list[Outcome]) -> dict[str, float]:
    pairs = list(zip(files, outcomes, strict=True))
    return {
        "files": float(len(files)),
        "real_files": float(sum(file.origin == "real" for file in files)),
        "rows": float(sum(one.rows for one in outcomes)),
        "real_rows": float(sum(one.rows for file, one in pairs if file.origin == "real")),
        "scored": float(sum(one.scored for one in outcomes)),
        "rejected": float(sum(one.rejected.total() for one in outcomes)),
        "wrong_outcomes": float(sum(one.wrong for one in outcomes)),
        "records_unlike_plain_reading": float(sum(one.unlike for one in outcomes)),
        "dialects_not_recognised": float(sum(f.dialect != one.dialect for f, one in pairs)),
    }


def _print_table(files: list[InputFile], outcomes: list[Outcome]) -> None:
    table = Table("file", "data", "dialect", "rows", "scored", "rejected", title="Real input")
    for file, one in zip(files, outcomes, strict=True):
        reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(one.rejected.items()))
        wrong = f" ({one.wrong} wrong, {one.unlike} unlike)" if one.wrong or one.unlike else ""
        cells = (file.origin, one.dialect, f"{one.rows:,}", f"{one.scored:,}")
        table.add_row(file.path.name, *cells, (reasons or "none") + wrong)
    Console(width=120).print(table)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.real_input")
    parser.add_argument("--rows", type=int, default=_GENERATED_ROWS, help="of a generated file")
    parser.add_argument("--shared", type=Path, default=SHARED_DATA, help="folder of real files")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
