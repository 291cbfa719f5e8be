"""A file that grows is forwarded as it is written, through rotations, and taken up again."""

import gzip
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from producer.plan import ReplayPlan, ReplaySummary
from producer.replay import replay
from streamscore.errors import UsageError
from streamscore.headers import CONTROL
from streamscore.settings import Kafka, Settings
from streamscore.sources import Source, load_source
from streamscore.sources.record_files import LocalFile
from tests.integration.test_replay import received, records
from tests.processes import eventually

pytestmark = pytest.mark.integration

AT = 1_700_000_000_000
TOML = """
name = "{name}"
[event_time]
field = "at"
format = "epoch_milliseconds"
[fields.at]
type = "integer"
role = "time"
[fields.size]
type = "float"
role = "number"
[dialects.export]
event_time = "iso8601"
"""


def lines(first: int, count: int) -> bytes:
    rows = ({"at": AT + 1000 * n, "size": float(n)} for n in range(first, first + count))
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


@pytest.fixture
def settings(kafka: str) -> Settings:
    return Settings(kafka=Kafka(bootstrap_servers=kafka))


@pytest.fixture
def source_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "source.toml"
    path.write_text(TOML.format(name="f" + re.sub(r"\W|_", "-", request.node.name[-40:]) + "s"))
    return path


@pytest.fixture
def source(source_file: Path) -> Source:
    return load_source(str(source_file))


class Following:
    """A replay that follows, in a thread, as long as its block lasts."""

    def __init__(self, plan: ReplayPlan, source: Source, settings: Settings) -> None:
        self.stopped = threading.Event()
        self.sent = 0
        self.summary: ReplaySummary | None = None
        self._arguments = (plan, source, settings)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.summary = replay(
            *self._arguments, on_progress=self._told, is_stopped=self.stopped.is_set
        )

    def _told(self, progress: Any) -> None:
        self.sent = progress.rows

    def start(self) -> None:
        self._thread.start()

    def ended(self) -> ReplaySummary:
        self._thread.join(30)
        assert self.summary is not None
        return self.summary


Follow = Callable[..., Any]


@pytest.fixture
def following(source: Source, settings: Settings, tmp_path: Path) -> Follow:
    @contextmanager
    def follow(path: Path, **options: Any) -> Iterator[Following]:
        plan = ReplayPlan(
            files=(LocalFile(path),), follow=True, rejects=tmp_path / "r.jsonl", **options
        )
        one = Following(plan, source, settings)
        one.start()
        yield one
        one.stopped.set()
        one.ended()

    return follow


def sizes(kafka: str, topic: str) -> list[float]:
    found = (msgspec.json.decode(one.value) for one in records(kafka, topic))
    return sorted(one["size"] for one in found)


def test_lines_are_delivered_as_they_are_written_through_rotation_and_truncation(
    kafka: str, following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    with following(path, partitions=2) as one:
        append(path, lines(0, 3))
        assert eventually(lambda: one.sent == 3)
        append(path, lines(3, 1)[:-9])
        append(path, lines(3, 1)[-9:])
        assert eventually(lambda: one.sent == 4)
        path.rename(tmp_path / "a.jsonl.1")
        append(tmp_path / "a.jsonl.1", lines(4, 1))
        append(path, lines(5, 2))
        assert eventually(lambda: one.sent == 7)
        path.write_bytes(lines(7, 1))
        assert eventually(lambda: one.sent == 8)
    summary = one.ended()
    assert summary.interrupted
    assert [note.partition(" was ")[2].split()[0] for note in summary.notes] == [
        "renamed",
        "emptied:",
    ]
    assert sizes(kafka, summary.topic) == [float(n) for n in range(8)]
    controls = [one.headers[CONTROL] for one in received(kafka, summary.topic) if not one.value]
    assert controls == [b"begin"] * 6


def test_a_line_is_on_its_topic_within_a_second(
    kafka: str, source: Source, following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    append(path, lines(0, 1))
    reader = Consumer({"bootstrap.servers": kafka, "group.id": "latency", "fetch.wait.max.ms": 5})
    with following(path, partitions=1) as one:
        assert eventually(lambda: one.sent == 1)
        partition = TopicPartition(f"records.{source.name}", 0)
        assert eventually(lambda: _end(reader, partition) == 2)
        partition.offset = 2
        reader.assign([partition])
        waits = []
        for n in range(1, 6):
            written = time.monotonic()
            append(path, lines(n, 1))
            message = reader.poll(20)
            assert message is not None
            assert message.value() == lines(n, 1).rstrip()
            waits.append(time.monotonic() - written)
    reader.close()
    assert sorted(waits)[2] < 1.0


def test_rows_of_a_csv_come_at_once_and_one_over_several_lines_when_it_is_whole(
    kafka: str, following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    append(path, b"at,size,note\n")
    with following(path, idle_seconds=2.0) as one:
        append(path, b'%d,1,"one\nnote"\n' % AT)
        assert eventually(lambda: one.sent == 1)
        append(path, b'%d,2,"begun\n' % (AT + 1))
        summary = one.ended()
    assert (summary.sent, summary.rejected) == (1, {})
    append(path, b'and ended"\n')
    with following(path, idle_seconds=0.3, resume=True) as one:
        assert one.ended().sent == 1
    assert sizes(kafka, summary.topic) == [1.0, 2.0]


def test_rows_that_waited_for_their_dialect_are_all_sent_but_one_whose_quote_is_open(
    kafka: str, following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    append(path, b"at;size;note\n")
    append(path, b"".join(b"2023-11-15T00:00:0%dZ;%d;\n" % (n, n) for n in range(5)))
    with following(path, idle_seconds=0.2) as one:
        assert one.ended().sent == 5
    append(path, b'2023-11-15T00:00:05Z;5;"begun\n')
    with following(path, idle_seconds=0.2, resume=True) as one:
        assert one.ended().sent == 0
    append(path, b'and ended"\n')
    with following(path, idle_seconds=0.2, resume=True) as one:
        summary = one.ended()
    assert (summary.resumed, summary.already, summary.sent) == ("went on", 5, 1)
    assert set(summary.dialects.values()) == {"export"}
    assert sizes(kafka, summary.topic) == [float(n) for n in range(6)]


def test_a_file_that_is_rotated_twice_while_the_sender_is_held_up_is_sent_whole(
    kafka: str, following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    append(path, lines(0, 20))
    with following(path, rate=20.0) as one:
        assert eventually(lambda: one.sent > 0)
        path.rename(tmp_path / "a.jsonl.2")
        append(path, lines(20, 2))
        path.rename(tmp_path / "a.jsonl.1")
        append(path, lines(22, 2))
        assert eventually(lambda: one.sent == 24)
    summary = one.ended()
    assert any("rotated more than once" in note for note in summary.notes)
    assert sizes(kafka, summary.topic) == [float(n) for n in range(24)]


def test_a_rejected_row_is_in_the_reject_file_while_more_is_waited_for(
    following: Follow, tmp_path: Path
) -> None:
    path, rejects = tmp_path / "a.jsonl", tmp_path / "r.jsonl"
    append(path, b"nothing\n" + lines(0, 1))
    with following(path) as one:
        assert eventually(lambda: one.sent == 1)
        assert not one.stopped.is_set()
        assert msgspec.json.decode(rejects.read_bytes())["line"] == 1


def test_a_file_without_a_line_has_no_rows_and_is_no_fault(
    following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.touch()
    with following(path, idle_seconds=0.2) as one:
        assert one.ended().sent == 0


def test_it_goes_on_behind_the_last_row_also_where_the_file_was_rotated(
    kafka: str, following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    append(path, lines(0, 50))
    with following(path, idle_seconds=0.3, partitions=3) as one:
        assert one.ended().sent == 50
    append(path, lines(50, 10))
    with following(path, idle_seconds=0.3, resume=True) as one:
        summary = one.ended()
    assert (summary.resumed, summary.already, summary.sent) == ("went on", 50, 10)
    append(path, lines(60, 10))
    path.rename(tmp_path / "a.jsonl.1")
    append(path, lines(70, 10))
    with following(path, idle_seconds=1.5, resume=True) as one:
        summary = one.ended()
    assert summary.sent == 20
    assert "was renamed to" in summary.notes[0]
    assert sizes(kafka, summary.topic) == [float(n) for n in range(80)]


def test_a_file_that_is_not_the_one_begun_with_is_not_gone_on_with(
    source: Source, settings: Settings, following: Follow, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    append(path, lines(0, 5))
    with following(path, idle_seconds=0.2) as one:
        assert one.ended().sent == 5
    path.write_bytes(lines(100, 5))
    plan = ReplayPlan(
        files=(LocalFile(path),), follow=True, resume=True, rejects=tmp_path / "r.jsonl"
    )
    with pytest.raises(UsageError, match=r"begins otherwise now.*without --resume"):
        replay(plan, source, settings)


TABLE = b"at\tsize\n" + b"".join(b"%d\t%d\n" % (AT + n, n) for n in range(20))


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + lines(0, 20), b"\n" + lines(0, 20), TABLE],
    ids=["mark", "blank", "tabs"],
)
def test_standard_input_is_forwarded_until_it_is_closed(
    kafka: str, source_file: Path, tmp_path: Path, content: bytes
) -> None:
    done = subprocess.run(
        forwarding(kafka, source_file),
        input=content,
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=True,
    )
    summary = msgspec.json.decode(done.stdout)
    assert (summary["sent"], summary["interrupted"]) == (20, False)
    found = received(kafka, summary["topic"])
    assert [one.headers[CONTROL] for one in found if not one.value] == [b"begin", b"end"]


def test_gzipped_standard_input_is_not_forwarded(
    kafka: str, source_file: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        forwarding(kafka, source_file),
        input=gzip.compress(lines(0, 20)),
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode
    assert b"zcat ..." in done.stderr


def forwarding(kafka: str, source_file: Path) -> list[str]:
    command = [sys.executable, "-m", "cli.app", "--set", f"kafka.bootstrap_servers={kafka}"]
    return [*command, "replay", str(source_file), "-", "--follow", "--json"]


def test_ctrl_c_ends_it_well_and_a_killed_one_goes_on(
    kafka: str, source_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    append(path, lines(0, 400))
    command = [sys.executable, "-m", "cli.app", "--set", f"kafka.bootstrap_servers={kafka}"]
    command += ["replay", str(source_file), str(path), "--follow", "--resume", "--json"]
    topic = f"records.{load_source(str(source_file)).name}"
    with subprocess.Popen([*command, "--rate", "200"], cwd=tmp_path) as process:
        assert eventually(lambda: _held(kafka, topic) > 50, 60)
        process.send_signal(signal.SIGKILL)
    append(path, lines(400, 5))
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert eventually(lambda: _held(kafka, topic) >= 405, 60)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert msgspec.json.decode(out)["resumed"] == "went on"
    assert sizes(kafka, topic) == [float(n) for n in range(405)]


def _end(reader: Consumer, partition: TopicPartition) -> int:
    _, high = reader.get_watermark_offsets(partition, 10)
    return int(high)


def _held(kafka: str, topic: str) -> int:
    try:
        return len(records(kafka, topic))
    except AssertionError:  # not made yet
        return 0
