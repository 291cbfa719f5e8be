"""Whether the topic of a replay is complete that was killed again and again, and taken up.

Beside it, what the header costs that a replay is found by: the same rows sent with it and without.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from rich.console import Console
from rich.table import Table

from adapters.message_headers import headers_of
from adapters.topic_admin import TopicAdmin
from benchmarks._broker import embedded_broker
from benchmarks._records import records_of
from benchmarks._verdict import Bar, conclude
from producer.marks import ReplayMark
from producer.ordering import OrderedRow
from producer.outgoing import Outgoing
from producer.sending import RecordSender
from streamscore.headers import CONTROL, ROW
from streamscore.settings import Kafka
from streamscore.sources import Codec, load_source
from streamscore.sources.rows import JsonRows
from streamscore.topics import TopicPlan

_SOURCE = "accidents"
_ROWS = 80_000
_KILLS = 10
_PARTITIONS = 3
_INJECT = 0.02
_SECONDS_OF_SENDING = 20.0
_COST_ROWS = 60_000
_COST_ROUNDS = 5
_SEED = 7
_LIMIT_SECONDS = 30.0

BARS = (
    Bar("rows_missing", 0.0, is_most=True),
    Bar("messages_repeated", 0.0, is_most=True),
    Bar("differences_from_undisturbed", 0.0, is_most=True),
    Bar("kills", _KILLS),
    Bar("cpu_without_header_over_with", 0.9),
)

Lanes = list[list[str]]
"""The ids of the messages of each partition, in their order."""


def replay_command(servers: str, prefix: str, file: Path, *options: str) -> list[str]:
    """Return the command of one start of the replay, into topics with a prefix."""
    settings = [f"kafka.bootstrap_servers={servers}", f"topics.prefix={prefix}."]
    command = [sys.executable, "-m", "cli.app"]
    for setting in settings:
        command += ["--set", setting]
    command += ["replay", _SOURCE, str(file), "--inject", str(_INJECT), "--seed", str(_SEED)]
    return [*command, "--rejects", str(file.with_name("rejects.jsonl")), *options]


def run_to_its_end(command: list[str]) -> None:
    """Run a replay that nobody disturbs."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_after(command: list[str], seconds: float) -> bool:
    """Start a replay, kill it so long after its first row, and say whether it still ran."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while b"sending" not in (line := process.stderr.readline()) and line:
            pass
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
    return False


def lanes_of(servers: str, topic: str) -> Lanes:
    """Return the ids of all messages on a topic that are records."""
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "resume", "enable.auto.commit": False}
    )
    lanes: Lanes = [[] for _ in range(_PARTITIONS)]
    for number, lane in enumerate(lanes):
        partition = TopicPartition(topic, number, 0)
        end = consumer.get_watermark_offsets(partition, _LIMIT_SECONDS)[1]
        consumer.assign([partition])
        offset = 0
        while offset < end:
            message = consumer.poll(_LIMIT_SECONDS)
            if message is None:
                raise TimeoutError(f"{topic} ends at {end}, and nothing came after {offset}")
            offset = (message.offset() or 0) + 1
            own = dict(headers_of(message))
            if CONTROL not in own:
                lane.append((own[ROW] or b"").decode())
    consumer.close()
    return lanes


def tormented(servers: str, file: Path, rows: int, kills: int) -> tuple[int, Lanes]:
    """Kill a replay again and again; return how often it was hit, and what its topic holds."""
    rng = np.random.default_rng(_SEED)
    rate = str(rows / _SECONDS_OF_SENDING)
    hits = 0
    for number in range(kills):
        first = ["--partitions", str(_PARTITIONS)] if number == 0 else []
        command = replay_command(servers, "killed", file, "--resume", "--rate", rate, *first)
        hits += kill_after(command, rng.uniform(0.05, 0.8 * _SECONDS_OF_SENDING / kills))
    run_to_its_end(replay_command(servers, "killed", file, "--resume"))
    return hits, lanes_of(servers, f"killed.records.{_SOURCE}")


class Cost(NamedTuple):
    """What sending took: rows a second, and microseconds of the processor for each row."""

    rate: float
    cpu_us: float


def cost_of(servers: str, topic: str, rows: list[OrderedRow], *, marked: bool) -> Cost:
    """Send rows as a replay does, or with nothing but their ids."""
    kafka = Kafka(bootstrap_servers=servers)
    with TopicAdmin(kafka) as admin:
        admin.create([TopicPlan(topic, "records", _PARTITIONS, 1, {})])
    codec = Codec(load_source(_SOURCE))
    mark = ReplayMark("0f3a5b7c9d11", "77e0c4a1b2d3", time.time_ns() // 1_000_000, _PARTITIONS)
    with RecordSender(kafka, topic) as sender:
        outgoing = Outgoing(sender, codec, mark)
        start, cpu_start = time.perf_counter(), time.process_time()
        for number, ordered in enumerate(rows):
            if marked:
                outgoing.send(ordered, lambda _index, _utc_ms: True)
            else:
                row_id, row = ordered
                sender.send(row.value, row.key, number % _PARTITIONS, [(ROW, row_id)])
        sender.flush()
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return Cost(len(rows) / seconds, 1e6 * cpu_seconds / len(rows))


def header_cost(servers: str, values: list[bytes]) -> dict[str, float]:
    """Return the medians with the header and without, sent in turn after one round to warm up."""
    read = JsonRows(load_source(_SOURCE)).read
    rows = [OrderedRow(f"a.csv:{number}", read(value)) for number, value in enumerate(values)]
    costs: dict[bool, list[Cost]] = {True: [], False: []}
    for number in range(_COST_ROUNDS + 1):
        for marked, found in costs.items():
            topic = f"cost.{number}.{marked}".lower()
            found.append(cost_of(servers, topic, rows, marked=marked))
    rate, cpu_us = np.median(costs[True][1:], axis=0)
    plain_rate, plain_cpu_us = np.median(costs[False][1:], axis=0)
    return {
        "rate_with_header": float(rate),
        "rate_without_header": float(plain_rate),
        "cpu_us_with_header": float(cpu_us),
        "cpu_us_without_header": float(plain_cpu_us),
        "cpu_without_header_over_with": float(plain_cpu_us / cpu_us),
    }


def compared(killed: Lanes, quiet: Lanes, rows: int) -> dict[str, float]:
    """Return what is missing, repeated or elsewhere on the topic of a killed replay."""
    counts = Counter(message_id for lane in killed for message_id in lane)
    row_ids = {message_id for message_id in counts if "#" not in message_id}
    differing = sum(
        1 for one, other in zip(killed, quiet, strict=True) for a, b in _pairs(one, other) if a != b
    )
    return {
        "rows_missing": float(rows - len(row_ids)),
        "messages_repeated": float(sum(counts.values()) - len(counts)),
        "differences_from_undisturbed": float(differing),
    }


def _pairs(one: list[str], other: list[str]) -> list[tuple[str, str]]:
    length = max(len(one), len(other))
    return list(
        zip(
            one + [""] * (length - len(one)),
            other + [""] * (length - len(other)),
            strict=True,
        )
    )


def main(arguments: list[str]) -> int:
    """Run the benchmark; 0 where nothing is missing or repeated, and the header is cheap."""
    options = _parsed(arguments)
    found = records_of(load_source(_SOURCE), max(options.rows, options.cost_rows))
    values = found.values[: options.rows]
    with tempfile.TemporaryDirectory() as folder, embedded_broker() as servers:
        file = Path(folder) / "a.jsonl"
        file.write_bytes(b"\n".join(values))
        partitions = ["--partitions", str(_PARTITIONS)]
        run_to_its_end(replay_command(servers, "quiet", file, *partitions))
        quiet = lanes_of(servers, f"quiet.records.{_SOURCE}")
        hits, killed = tormented(servers, file, len(values), options.kills)
        figures = {"kills": float(hits), "rows": float(len(values))}
        figures |= compared(killed, quiet, len(values))
        figures |= header_cost(servers, found.values[: options.cost_rows])
    table = Table(title=f"resume, {found.origin}, seed {_SEED}")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.6g}")
    Console(width=100).print(table)
    bars = [bar if bar.figure != "kills" else Bar("kills", options.kills) for bar in BARS]
    return conclude("resume", figures, bars)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.resume")
    parser.add_argument("--rows", type=int, default=_ROWS)
    parser.add_argument("--kills", type=int, default=_KILLS)
    parser.add_argument("--cost-rows", type=int, default=_COST_ROWS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.exit(main(sys.argv[1:]))
