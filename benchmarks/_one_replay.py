"""One way of replaying a file, in a process of its own, whose memory can be told.

`python -m benchmarks._one_replay SIDE FILE SERVERS PREFIX` prints one line of JSON.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from adapters.topic_admin import TopicAdmin, ensure_topics
from producer.ordering import OrderedRow
from producer.plan import ReplayPlan
from producer.reading import FileReader, RejectFile
from producer.replay import replay
from producer.sending import RecordSender
from streamscore.headers import ROW
from streamscore.settings import Kafka, Settings, Topics
from streamscore.sources import load_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.rows import Row
from streamscore.sources.time_range import TimeRange

Side = Literal["ordered", "alone"]

SOURCE = load_source("accidents")


class Outcome(Struct, frozen=True):
    """What a replay did, and what it took.

    Attributes
    ----------
    topic : str
        Where to.
    rows : int
        Rows that Kafka has confirmed.
    seconds : float
        From the first look at the file to the last confirmation.
    peak_bytes : int
        The most that was resident of the process.
    """

    topic: str
    rows: int
    seconds: float
    peak_bytes: int


class Straight:
    """An ordering that orders nothing: each row is sent as soon as it was read."""

    def __init__(self, name: str, sender: RecordSender) -> None:
        self._name = name
        self._sender = sender
        self._rows = 0

    def add(self, file: int, line: int, row: Row) -> None:
        """Send one row."""
        partition = self._rows % self._sender.partitions
        self._sender.send(row.value, row.key, partition, [(ROW, f"{self._name}:{line}")])
        self._rows += 1

    def rows(self, limit: int | None = None) -> Iterator[OrderedRow]:
        """Yield nothing: all is sent."""
        return iter(())

    def __len__(self) -> int:
        return self._rows


def ordered(path: Path, settings: Settings) -> tuple[str, int]:
    """Replay a file as the command does; return topic and rows."""
    rejects = path.with_suffix(".rejects")
    # The topic is new: the other side does not look at its end either.
    plan = ReplayPlan(files=(LocalFile(path),), rejects=rejects, allow_behind=True)
    summary = replay(plan, SOURCE, settings)
    return summary.topic, summary.sent


def alone(path: Path, settings: Settings) -> tuple[str, int]:
    """Read and send in the order of the file; return topic and rows."""
    with TopicAdmin(settings.kafka) as admin:
        topic = ensure_topics(admin, settings, SOURCE)["records"].name
    max_bytes = settings.scorer.record_max_bytes
    rejects = RejectFile(path.with_suffix(".rejects"))
    with RecordSender(settings.kafka, topic, max_bytes) as sender, rejects:
        straight = Straight(path.name, sender)
        reader = FileReader(SOURCE, TimeRange(), max_bytes)
        reader.read([LocalFile(path)], straight, rejects, lambda _rows: False)
        sender.flush()
        return topic, len(straight)


def peak_bytes() -> int:
    """Return the most that was resident of this process."""
    # Elsewhere than on Linux, and there for a process that was forked, the largest ancestor counts.
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def main(arguments: list[str]) -> None:
    """Replay and tell."""
    side, path, servers, prefix = arguments
    settings = Settings(kafka=Kafka(bootstrap_servers=servers), topics=Topics(prefix=prefix))
    start = time.perf_counter()
    topic, rows = (ordered if side == "ordered" else alone)(Path(path), settings)
    outcome = Outcome(topic, rows, time.perf_counter() - start, peak_bytes())
    print(msgspec.json.encode(outcome).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
