"""One worker scores two streams at once: a built-in one, and one of a user's own TOML file."""

import http.client
import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from benchmarks._faults.models import FolderRegistry, add_version
from benchmarks._faults.outcome import read_topic
from cli.app import main
from embedded.ports import free_ports
from streamscore.sources import Source, load_source
from streamscore.synthetic import generate
from tests.nested_orders import ORDERS, ORDERS_TOML
from tests.processes import eventually
from tests.source_tree import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PREFIX = "two-sources."
ROWS = 1200


def orders(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(3)
    return [
        {
            "op": str(rng.choice(["c", "u"])),
            "payload": {
                "ts_ms": 1_700_000_000_000 + at * 1000,
                "before": None if rng.random() < 0.5 else {"amount": float(rng.normal(100, 9))},
                "after": {
                    "amount": float(rng.normal(100, 9)),
                    "state": "open",
                    "customer": {"name": f"ann {at}"},
                },
            },
        }
        for at in range(count)
    ]


PROGRAM = """
import functools, sys
from pathlib import Path
import scorer.app
from benchmarks._faults.models import FolderRegistry
from cli.app import main

class Folders:
    def production(self, source):
        return FolderRegistry(Path(sys.argv[1], source)).production(source)

    def fetch(self, named):
        return FolderRegistry(Path(sys.argv[1], named.name)).fetch(named)

scorer.app.run_scorer = functools.partial(
    scorer.app.run_scorer, make_registry=lambda *_: Folders()
)
sys.exit(main(sys.argv[2:]))
"""


class Worker:
    """`streamscore score` as a process whose models lie in folders, and what its metrics say."""

    def __init__(self, arguments: list[str], port: int, folder: Path) -> None:
        self.port = port
        self.log = folder / "score.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(folder), *arguments],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def scored(self, source: str) -> float:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as page:
                page.request("GET", "/metrics")
                text = page.getresponse().read().decode()
        except OSError:
            return 0.0
        wanted = f'streamscore_records_total{{source="{source}"}} '
        found = [line for line in text.splitlines() if line.startswith(wanted)]
        return sum(float(line.removeprefix(wanted)) for line in found)


@contextmanager
def worker_of(arguments: list[str], folder: Path) -> Iterator[Worker]:
    (port,) = free_ports(1, random.SystemRandom())
    worker = Worker([*arguments, "--port", str(port)], port, folder)
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.wait(20)


def add_model(folder: Path, source: Source, records: list[dict[str, Any]]) -> None:
    registry = FolderRegistry(folder / source.name)
    add_version(registry, source, [msgspec.json.encode(record) for record in records], "1", 1)
    registry.promote("1")


def test_a_built_in_stream_and_one_of_a_users_own_are_scored_by_one_worker(
    kafka: str, tmp_path: Path
) -> None:
    own = tmp_path / "orders.toml"
    own.write_bytes(b"scores = true\nnominal_rate = 0.02\n" + ORDERS_TOML)
    accidents = list(generate("accidents", 2 * ROWS, np.random.default_rng(1)))
    streams = {"accidents": accidents, str(own): orders(2 * ROWS)}
    values = {"kafka.bootstrap_servers": kafka, "topics.prefix": PREFIX, "scorer.group": "two"}
    flags = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    for source, records in streams.items():
        add_model(tmp_path, load_source(source), records[:ROWS])
        later = tmp_path / "later.jsonl"
        later.write_bytes(b"\n".join(msgspec.json.encode(record) for record in records[ROWS:]))
        assert main([*flags, "replay", source, str(later)]) == 0
    with worker_of([*flags, "score", *streams], tmp_path) as worker:
        for name in ("accidents", "orders"):
            assert eventually(lambda: worker.scored(name) >= ROWS, 90), worker.log.read_text()  # noqa: B023
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 0
    lines = list(read_topic(kafka, f"{PREFIX}scores.orders", 1))
    assert len(lines) == ROWS
    events = [
        json.loads(message.value() or b"")["data"]
        for message in read_topic(kafka, f"{PREFIX}anomalies.orders", 1)
    ]
    assert 1 <= len(events) <= ROWS / 10
    for event in events:
        assert {share["field"] for share in event["attribution"]} <= {*ORDERS.fields} - {"customer"}
        assert event["record"]["payload"]["after"]["customer"] == {"name": "****"}
