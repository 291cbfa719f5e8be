"""A replay that is killed and taken up again leaves the topic of an undisturbed one."""

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from confluent_kafka import OFFSET_END, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from embedded.kafka import Kafka as EmbeddedKafka
from producer.plan import ReplayPlan, ReplaySummary
from producer.replay import replay
from producer.sending import BY_KEY, RecordSender
from streamscore.errors import BrokerError, UsageError
from streamscore.headers import CONTROL, INJECTED
from streamscore.settings import Kafka, Settings
from streamscore.sources import Source, load_source
from streamscore.sources.dialects import Converter, Dialect, FieldSpelling
from streamscore.sources.record_files import LocalFile
from streamscore.sources.time_range import TimeRange
from streamscore.synthetic import generate
from tests.integration.test_replay import Received, received, records, without_marks
from tests.naive.partitioner import java_partition

pytestmark = pytest.mark.integration

COMMAND = [sys.executable, "-m", "cli.app"]
TOML = """
name = "{name}"
key = "user"
[event_time]
field = "at"
format = "epoch_milliseconds"
[fields.at]
type = "integer"
role = "time"
[fields.user]
type = "string"
role = "id"
[fields.size]
type = "float"
role = "number"
"""

AFTER_ALL_MS = 1_700_000_000_000 + 10**7
"""The event time of the last row of each file."""

Run = Callable[..., ReplaySummary]


def rows_file(path: Path, rows: int, seed: int = 1) -> Path:
    rng = np.random.default_rng(seed)
    made = [
        {"at": 1_700_000_000_000 + int(rng.integers(10**7)), "user": f"u{i % 97}", "size": 1.5 * i}
        for i in range(rows - 1)
    ]
    made.append({"at": AFTER_ALL_MS, "user": "u0", "size": 0.0})
    path.write_bytes(b"\n".join(map(msgspec.json.encode, made)) + b"\n")
    return path


@pytest.fixture
def settings(kafka: str) -> Settings:
    return Settings(kafka=Kafka(bootstrap_servers=kafka))


@pytest.fixture
def source_file(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Path]:
    """A keyed source under the test's own name, as often as wanted."""

    def made(suffix: str) -> Path:
        name = f"r-{request.node.name[-36:].replace('_', '-')}-{suffix}"
        path = tmp_path / f"{suffix}.toml"
        path.write_text(TOML.format(name=name))
        return path

    return made


@pytest.fixture
def run(settings: Settings, source_file: Callable[[str], Path], tmp_path: Path) -> Run:
    def run_one(*files: Path, suffix: str = "x", **options: Any) -> ReplaySummary:
        source = load_source(str(source_file(suffix)))
        hooks = {n: options.pop(n) for n in ("is_stopped", "on_progress") if n in options}
        options.setdefault("rejects", tmp_path / "rejects.jsonl")
        return replay(
            ReplayPlan(files=tuple(LocalFile(file) for file in files), **options),
            source,
            settings,
            **hooks,
        )

    return run_one


def rows_of(bootstrap: str, topic: str) -> list[list[Received]]:
    """The records, partition by partition, without what tells one replay from another."""
    found = without_marks(records(bootstrap, topic))
    partitions = range(1 + max(one.partition for one in found))
    return [[one for one in found if one.partition == number] for number in partitions]


def widen(bootstrap: str, topic: str) -> None:
    """Give a topic four partitions."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_partitions([NewPartitions(topic, 4)])[topic].result(20)


def delete_all(bootstrap: str, topic: str) -> None:
    """Remove what the one partition of a topic holds, as retention does."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.delete_records([TopicPartition(topic, 0, OFFSET_END)]).values():
        done.result(20)


def stopped_after(rows: int) -> dict[str, Any]:
    """Hooks that stop a replay when so many rows were sent."""
    sent = [0]

    def on_progress(progress: Any) -> None:
        sent[0] = progress.rows if progress.phase == "sending" else 0

    return {"on_progress": on_progress, "is_stopped": lambda: sent[0] >= rows, "rate": 4000.0}


def test_a_replay_killed_several_times_is_complete_and_without_repeats(
    embedded_kafka: EmbeddedKafka, source_file: Callable[[str], Path], run: Run, tmp_path: Path
) -> None:
    """Also by way of a restart of the broker."""
    kafka = embedded_kafka.bootstrap_servers
    file = rows_file(tmp_path / "a.jsonl", 6000)
    options = {"inject_rate": 0.05, "seed": 3, "partitions": 3}
    expected = rows_of(kafka, run(file, suffix="quiet", **options).topic)
    path, rng = source_file("killed"), random.Random(11)
    command = [*COMMAND, "--set", f"kafka.bootstrap_servers={kafka}", "replay", str(path)]
    command += [str(file), "--inject", "0.05", "--seed", "3", "--rate", "2500", "--resume"]
    for number in range(3):
        first = ["--partitions", "3"] if number == 0 else []
        with subprocess.Popen([*command, *first], stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            while b"sending" not in (line := process.stderr.readline()):
                assert line, "it ended before it sent"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(rng.uniform(0.05, 0.5))
            process.send_signal(signal.SIGKILL)
        if number == 0:
            embedded_kafka.stop()
            embedded_kafka.start()
    summary = run(file, suffix="killed", resume=True, inject_rate=0.05, seed=3)
    assert summary.resumed == "went on"
    assert 0 < summary.already < 6000
    assert summary.sent + summary.already == 6000
    assert rows_of(kafka, summary.topic) == expected
    again = run(file, suffix="killed", resume=True, inject_rate=0.05, seed=3)
    assert (again.resumed, again.sent, again.already) == ("complete", 0, 6000)
    controls = [one for one in received(kafka, summary.topic) if CONTROL in one.headers]
    assert sum(one.headers[CONTROL] == b"end" for one in controls) == 3


def test_a_stopped_replay_goes_on_beside_strangers_and_new_partitions(
    kafka: str, run: Run, tmp_path: Path
) -> None:
    file = rows_file(tmp_path / "a.jsonl", 3000)
    expected = rows_of(kafka, run(file, suffix="quiet", partitions=2).topic)
    begun = run(file, partitions=2, **stopped_after(500))
    assert begun.interrupted
    strangers = Producer({"bootstrap.servers": kafka, "transactional.id": begun.topic})
    strangers.init_transactions(20)
    strangers.begin_transaction()
    for partition in (0, 1):
        for _ in range(400):
            strangers.produce(begun.topic, b"stranger", partition=partition)
    strangers.flush(20)
    widen(kafka, begun.topic)
    # The transaction is still open: committed readers see nothing behind it.
    summary = run(file, resume=True)
    strangers.abort_transaction(20)
    assert summary.resumed == "went on"
    assert summary.already >= 500
    assert summary.partitions == 4
    assert rows_of(kafka, summary.topic) == expected


def test_a_resume_that_finds_nothing_begins_at_the_beginning_and_not_behind_others(
    kafka: str, run: Run, tmp_path: Path
) -> None:
    file, other = rows_file(tmp_path / "a.jsonl", 100), rows_file(tmp_path / "b.jsonl", 100, 2)
    assert run(file, resume=True).resumed == "nothing found"
    with pytest.raises(UsageError, match=r"must not go behind.*No replay of these files"):
        run(other, resume=True)
    assert run(other, resume=True, allow_behind=True).sent == 100


def test_where_retention_has_removed_everything_it_is_not_sent_again_unasked(
    kafka: str, run: Run, tmp_path: Path
) -> None:
    file, later = rows_file(tmp_path / "a.jsonl", 50), rows_file(tmp_path / "b.jsonl", 50, 2)
    topic = run(file, partitions=1, suffix="all").topic
    delete_all(kafka, topic)
    with pytest.raises(UsageError, match=r"nothing of it is left.*Without --resume"):
        run(file, suffix="all", resume=True)
    assert run(file, suffix="all").sent == 50
    # Others have gone on since: then the usual rule tells.
    assert run(later, suffix="all", resume=True, times=TimeRange(AFTER_ALL_MS)).sent == 1


def test_a_file_that_has_changed_is_not_gone_on_with(run: Run, tmp_path: Path) -> None:
    file = rows_file(tmp_path / "a.jsonl", 2000)
    assert run(file, **stopped_after(300)).interrupted
    content = file.read_bytes()
    file.write_bytes(content + b"\n")
    with pytest.raises(UsageError, match="a file has changed since"):
        run(file, resume=True)
    file.write_bytes(content)
    assert run(file, resume=True).resumed == "went on"


def test_a_source_whose_dialect_was_mended_does_not_go_on_past_the_rows_it_takes_now(
    settings: Settings, source_file: Callable[[str], Path], tmp_path: Path
) -> None:
    file, plain = tmp_path / "a.csv", load_source(str(source_file("x")))
    sizes = ('"1,000.5"', "2.5")
    lines = [f"{1_700_000_000_000 + n},u{n % 7},{sizes[n % 2]}\n" for n in range(2000)]
    file.write_text("at,user,size\n" + "".join(lines))

    def replayed(converter: Converter, **options: Any) -> ReplaySummary:
        city = Dialect(fields={"size": FieldSpelling(convert=converter)})
        source = msgspec.structs.replace(plain, dialects={"city": city})
        hooks = {n: options.pop(n) for n in ("is_stopped", "on_progress") if n in options}
        rejects = tmp_path / "rejects.jsonl"
        files = (LocalFile(file),)
        plan = ReplayPlan(files=files, dialect="city", rejects=rejects, **options)
        return replay(plan, source, settings, **hooks)

    begun = replayed("plain", **stopped_after(300))
    assert begun.interrupted
    assert begun.rejected == {"wrong_type": 1000}
    with pytest.raises(UsageError, match="the source as it is now"):
        replayed("grouped", resume=True)
    assert replayed("plain", resume=True).resumed == "went on"


def test_behind_a_message_that_the_broker_refuses_none_gets_in(
    kafka: str, settings: Settings, run: Run, tmp_path: Path
) -> None:
    topic = run(rows_file(tmp_path / "a.jsonl", 5)).topic
    before = len(received(kafka, topic))
    sent = [b"%d" % i for i in range(2000)]
    sent[1000] = random.Random(0).randbytes(3_000_000)

    def send_all() -> None:
        with RecordSender(settings.kafka, topic, max_bytes=4_000_000) as sender:
            for value in sent:
                sender.send(value, None, 0, None)

    with pytest.raises(BrokerError):
        send_all()
    values = [one.value for one in received(kafka, topic)][before:]
    assert values == [b"%d" % i for i in range(len(values))]
    assert len(values) <= 1000


def test_keys_of_any_bytes_go_where_the_client_and_java_put_them(
    kafka: str, settings: Settings, run: Run, tmp_path: Path
) -> None:
    from producer.outgoing import partition_of_key

    topic = run(rows_file(tmp_path / "a.jsonl", 5), partitions=5).topic
    keys = [b"", b"\xff", b"\x00\x80", "schlüssel".encode(), *(b"k" * n for n in range(1, 40))]
    with RecordSender(settings.kafka, topic) as sender:
        for key in keys:
            sender.send(b"{}", key, BY_KEY, None)
    placed = {one.key: one.partition for one in records(kafka, topic) if one.value == b"{}"}
    assert placed == {key: partition_of_key(key, 5) for key in keys}
    assert placed == {key: java_partition(key, 5) for key in keys}


def test_rows_without_a_key_and_anomalies_among_them_go_on_in_turn(
    kafka: str, settings: Settings, tmp_path: Path
) -> None:
    made = list(generate("accidents", 2000, np.random.default_rng(4)))
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"\n".join(map(msgspec.json.encode, made)))

    def named(name: str) -> Source:
        return msgspec.structs.replace(load_source("accidents"), name=name)

    plan = ReplayPlan(files=(LocalFile(file),), partitions=3, inject_rate=0.2, seed=9)
    expected = rows_of(kafka, replay(plan, named("keyless-quiet"), settings).topic)
    hooks = stopped_after(400)
    slow = msgspec.structs.replace(plan, rate=hooks.pop("rate"))
    assert replay(slow, named("keyless-resumed"), settings, **hooks).interrupted
    resumed = msgspec.structs.replace(plan, resume=True)
    summary = replay(resumed, named("keyless-resumed"), settings)
    assert summary.already >= 400
    found = rows_of(kafka, summary.topic)
    assert found == expected
    assert any(INJECTED in one.headers for one in found[0])
