"""A replay that is killed at random moments and taken up again, and what its topic holds then."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition

from streamscore.headers import CONTROL, ROW

_LIMIT_SECONDS = 600.0
_POLL_SECONDS = 0.02
_ANSWER_SECONDS = 30.0
_SENDING_SECONDS = 20.0
_BATCH = 10_000


class Kept(NamedTuple):
    """What a topic holds of the rows that it should hold.

    Attributes
    ----------
    missing, repeated, foreign : int
        Rows that are not there, those there again, and those of no line of the file.
    """

    missing: int
    repeated: int
    foreign: int


class KilledReplay:
    """A replay of a file that is resumed as often as it is killed.

    Parameters
    ----------
    path : Path
        The file.
    rows : int
        How many it has.
    servers, prefix : str
        The broker, and what goes before the topic's name.
    rng : random.Random
        Draws the moments.
    """

    def __init__(
        self, path: Path, rows: int, servers: str, prefix: str, rng: random.Random
    ) -> None:
        self._log = path.with_suffix(".log")
        self._rng = rng
        rate = f"{rows / _SENDING_SECONDS:.0f}"
        rejects = path.with_suffix(".rejects")
        self._command = [sys.executable, "-m", "cli.app"]
        self._command += ["--set", f"kafka.bootstrap_servers={servers}"]
        self._command += ["--set", f"topics.prefix={prefix}", "replay", "accidents", str(path)]
        self._command += ["--resume", "--rate", rate, "--rejects", str(rejects)]

    def run(self, kills: int) -> int:
        """Kill it so often, then let it end; return how often it was killed.

        Every other time it is killed at any moment since its start, otherwise since it sends.

        Raises
        ------
        RuntimeError
            When it ends by itself otherwise than well.
        """
        reading_seconds, sending_seconds = 0.0, 2 * _SENDING_SECONDS / kills
        for killed in range(kills):
            with self._started() as process:
                if killed % 2 == 0:
                    reading_seconds = self._sends_after(process)
                seconds = reading_seconds if killed % 2 else sending_seconds
                if self._ends_within(process, self._rng.uniform(0, seconds)):
                    return killed
        with self._started() as process:
            if not self._ends_within(process, _LIMIT_SECONDS):
                raise RuntimeError(f"a resumed replay did not end within {_LIMIT_SECONDS} s")
        return kills

    @contextmanager
    def _started(self) -> Iterator["subprocess.Popen[bytes]"]:
        with (
            self._log.open("wb") as log,
            subprocess.Popen(self._command, stdout=log, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def _sends_after(self, process: "subprocess.Popen[bytes]") -> float:
        """Wait until it sends; return how many seconds that took."""
        start = time.monotonic()
        while b"sending" not in self._log.read_bytes():
            if process.poll() is not None or time.monotonic() - start > _LIMIT_SECONDS:
                raise RuntimeError(f"a replay did not begin to send: {self._said()}")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - start

    def _ends_within(self, process: "subprocess.Popen[bytes]", seconds: float) -> bool:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return False
        if code:
            raise RuntimeError(f"a resumed replay ended with {code}: {self._said()}")
        return True

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-500:]


def kept(found: Iterable[str], name: str, rows: int) -> Kept:
    """Compare row ids with those of the lines of a CSV of so many rows.

    Examples
    --------
    >>> kept(["a.csv:2", "a.csv:4", "a.csv:4", "b.csv:2"], "a.csv", 3)
    Kept(missing=1, repeated=1, foreign=1)
    """
    counts = Counter(found)
    expected = {f"{name}:{line}" for line in range(2, rows + 2)}
    times = [counts[row_id] for row_id in expected]
    return Kept(
        missing=times.count(0),
        repeated=sum(count - 1 for count in times if count),
        foreign=sum(count for row_id, count in counts.items() if row_id not in expected),
    )


def row_ids(servers: str, topic: str) -> list[str]:
    """Read the row ids of a topic of one partition, control records left out."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "benchmark",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[str] = []
    try:
        while True:
            messages = consumer.consume(_BATCH, _ANSWER_SECONDS)
            if not messages:
                raise TimeoutError(f"{topic} has no end after {len(found)} rows")
            for message in messages:
                error = message.error()
                if error is not None and error.code() == KafkaError._PARTITION_EOF:
                    return found
                headers = dict(message.headers() or ())
                if CONTROL not in headers:
                    row_id = headers.get(ROW)
                    found.append(row_id.decode() if isinstance(row_id, bytes) else str(row_id))
    finally:
        consumer.close()
