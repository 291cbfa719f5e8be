"""Files arrive in Kafka in order, completely, once, and marked."""

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from cli.app import main
from producer.plan import ReplayPlan, ReplaySummary
from producer.replay import replay
from producer.sending import RecordSender
from streamscore.errors import BrokerError, UsageError
from streamscore.headers import CONTROL, INJECTED, INJECTED_FIELDS, REPLAY, ROW
from streamscore.settings import Kafka, Settings
from streamscore.sources import Codec, Source, load_source
from streamscore.sources.record_files import LocalFile
from streamscore.sources.time_range import time_range
from streamscore.synthetic import generate, kinds_of
from tests.naive.partitioner import java_partition

pytestmark = pytest.mark.integration

Replay = Callable[..., ReplaySummary]


class Received(NamedTuple):
    partition: int
    key: bytes | None
    value: bytes
    headers: dict[str, str | bytes | None]

    @property
    def row_id(self) -> str:
        value = self.headers[ROW]
        return value.decode() if isinstance(value, bytes) else str(value)


def received(bootstrap: str, topic: str) -> list[Received]:
    """Everything on a topic, partition by partition in the order of offsets."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "test",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        }
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
    found, open_partitions = [], set(partitions)
    while open_partitions:
        message = consumer.poll(10)
        assert message is not None, f"no end of {open_partitions}"
        partition, error = message.partition(), message.error()
        assert partition is not None
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF
            open_partitions.discard(partition)
            continue
        key, value = message.key(), message.value()
        assert key is None or isinstance(key, bytes)
        assert isinstance(value, bytes)
        found.append(Received(partition, key, value, dict(message.headers() or ())))
    consumer.close()
    return sorted(found, key=lambda one: one.partition)


def without_marks(found: list[Received]) -> list[Received]:
    """What was received, without what tells one replay from another."""
    return [
        one._replace(headers={name: v for name, v in one.headers.items() if name != REPLAY})
        for one in found
    ]


def records(bootstrap: str, topic: str) -> list[Received]:
    return [one for one in received(bootstrap, topic) if CONTROL not in one.headers]


@pytest.fixture
def source(request: pytest.FixtureRequest) -> Source:
    """Accidents under a name of the test's own, so with topics of its own."""
    name = "a-" + request.node.name.replace("[", "-").replace("]", "").replace("_", "-")[-40:]
    return msgspec.structs.replace(load_source("accidents"), name=name)


@pytest.fixture
def settings(kafka: str) -> Settings:
    return Settings(kafka=Kafka(bootstrap_servers=kafka))


@pytest.fixture
def replayed(source: Source, settings: Settings, tmp_path: Path) -> Replay:
    def run(*files: Path, **options: Any) -> ReplaySummary:
        hooks = {
            name: options.pop(name) for name in ("is_stopped", "on_progress") if name in options
        }
        options.setdefault("rejects", tmp_path / "rejects.jsonl")
        plan = ReplayPlan(files=tuple(map(LocalFile, files)), **options)
        return replay(plan, source, settings, **hooks)

    return run


def written(path: Path, rows: int, seed: int = 1, shuffled: bool = True) -> list[dict[str, Any]]:
    """Write a CSV of accidents and return its records in the order of the file."""
    rng = np.random.default_rng(seed)
    made = list(generate("accidents", rows, rng))
    if shuffled:
        made = [made[place] for place in rng.permutation(rows)]
    lines = [",".join(made[0])]
    lines += [",".join(f'"{value}"' for value in record.values()) for record in made]
    content = "\r\n".join(lines).encode("utf-8-sig")
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return made


def event_times(source: Source, values: list[bytes]) -> list[int]:
    codec = Codec(source)
    return [codec.event_time(codec.decode(value)).utc_ms for value in values]


def sent_times(source: Source, found: list[Received]) -> list[int]:
    return event_times(source, [one.value for one in found])


def test_a_shuffled_file_arrives_in_the_order_of_event_time(
    kafka: str, source: Source, replayed: Replay, tmp_path: Path
) -> None:
    made = written(tmp_path / "a.csv", 2000)
    summary = replayed(tmp_path / "a.csv", partitions=3)
    found = records(kafka, summary.topic)
    assert summary.sent == summary.rows_read == len(found) == 2000
    assert summary.partitions == 3
    assert {one.row_id for one in found} == {f"a.csv:{line}" for line in range(2, 2002)}
    by_line = {f"a.csv:{line}": record for line, record in enumerate(made, 2)}
    assert all(json.loads(one.value) == by_line[one.row_id] for one in found)
    for partition in range(3):
        lane = [one for one in found if one.partition == partition]
        assert len(lane) in {666, 667}
        assert sent_times(source, lane) == sorted(sent_times(source, lane))


def test_every_partition_begins_and_ends_with_one_control_record(
    kafka: str, replayed: Replay, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 50)
    summary = replayed(tmp_path / "a.csv", partitions=2)
    found = received(kafka, summary.topic)
    for partition in range(2):
        lane = [one for one in found if one.partition == partition]
        controls = [one for one in lane if CONTROL in one.headers]
        assert controls == [lane[0], lane[-1]]
        assert [one.headers[CONTROL] for one in controls] == [b"begin", b"end"]
        assert {one.value for one in controls} == {b""}
        assert len({one.headers[REPLAY] for one in lane}) == 1


@pytest.mark.parametrize(
    ("options", "line", "why"),
    [
        (["--from", "2099-01-01"], None, "50 of 50 lie outside --from and --to"),
        ([], "", "the files hold none"),
        ([], "too,few", "all 1 were rejected; "),
    ],
)
def test_a_replay_that_has_nothing_to_send_fails_with_why_and_ends_no_partition(
    options: list[str],
    line: str | None,
    why: str,
    kafka: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(tmp_path / "a.csv", 50)
    if line is not None:
        header = (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()[0]
        (tmp_path / "a.csv").write_text(f"{header}\n{line}")
    prefix = ["--set", "topics.prefix=nothing.", "--set", f"kafka.bootstrap_servers={kafka}"]
    rejects = ["--rejects", str(tmp_path / "rejects.jsonl"), "--json"]
    arguments = [*prefix, "replay", "accidents", str(tmp_path / "a.csv"), *rejects, *options]
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert why in printed.err.replace("\n", " ")
    assert received(kafka, json.loads(printed.out)["topic"]) == []


def test_the_same_replay_gives_the_same_topic(
    kafka: str, source: Source, settings: Settings, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 500, seed=1)
    written(tmp_path / "b.csv.gz", 500, seed=2)
    contents = []
    for number in range(2):
        named = msgspec.structs.replace(source, name=f"{source.name[:40]}-{number}")
        plan = ReplayPlan(
            files=(LocalFile(tmp_path / "a.csv"), LocalFile(tmp_path / "b.csv.gz")),
            partitions=2,
            inject_rate=0.2,
            seed=7,
            rate=None if number else 20_000.0,
        )
        contents.append(without_marks(received(kafka, replay(plan, named, settings).topic)))
    assert contents[0] == contents[1]


def test_anomalies_stand_in_the_place_of_their_rows_and_say_their_kind_and_fields(
    kafka: str, source: Source, replayed: Replay, tmp_path: Path
) -> None:
    made = written(tmp_path / "a.csv", 1000, shuffled=False)
    summary = replayed(tmp_path / "a.csv", partitions=2, inject_rate=0.1)
    found = records(kafka, summary.topic)
    assert summary.sent == len(found) == 1000
    assert {one.row_id for one in found} == {f"a.csv:{line}" for line in range(2, 1002)}
    assert set(summary.injected) <= set(kinds_of(source))
    kinds: Counter[str] = Counter()
    for one in found:
        original, value = made[int(one.row_id.removeprefix("a.csv:")) - 2], json.loads(one.value)
        kind, fields = one.headers.get(INJECTED), one.headers.get(INJECTED_FIELDS)
        changed = {name for name in original if value[name] != original[name]}
        assert bool(changed) == (kind is not None) == (fields is not None)
        if isinstance(kind, bytes) and isinstance(fields, bytes):
            kinds[kind.decode()] += 1
            assert changed <= set(json.loads(fields))
    assert summary.injected == kinds
    assert 60 <= kinds.total() <= 140


def test_rows_with_a_key_go_where_its_hash_says_and_keep_their_bytes(
    kafka: str, settings: Settings, tmp_path: Path
) -> None:
    source = msgspec.structs.replace(load_source("reviews"), name="keyed-reviews")
    made = generate("reviews", 400, np.random.default_rng(0))
    lines = [msgspec.json.encode(record) for record in made]
    (tmp_path / "r.jsonl").write_bytes(b"\n".join(lines))
    plan = ReplayPlan(files=(LocalFile(tmp_path / "r.jsonl"),), partitions=3)
    found = records(kafka, replay(plan, source, settings).topic)
    assert sorted(one.value for one in found) == sorted(lines)
    homes: dict[bytes | None, set[int]] = {}
    for one in found:
        assert one.key == json.loads(one.value)["user_id"].encode()
        homes.setdefault(one.key, set()).add(one.partition)
        assert one.partition == java_partition(one.key or b"", 3)
    assert {len(places) for places in homes.values()} == {1}


def test_a_range_and_a_limit_take_the_earliest_rows_of_the_range(
    kafka: str, source: Source, replayed: Replay, tmp_path: Path
) -> None:
    made = written(tmp_path / "a.csv", 1000)
    times = time_range(source, "2024-01-03", "2024-01-05")
    summary = replayed(tmp_path / "a.csv", times=times, limit=100)
    found = sent_times(source, records(kafka, summary.topic))
    assert summary.sent == 100
    assert summary.skipped == 900
    in_range = [
        one
        for one in event_times(source, [msgspec.json.encode(one) for one in made])
        if times.holds(one)
    ]
    assert found == sorted(in_range)[:100]


def test_a_replay_behind_the_topic_is_refused_with_advice(
    source: Source, replayed: Replay, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 300)
    last = replayed(tmp_path / "a.csv", partitions=2).last_event_time
    assert last is not None
    later = last.replace(".000Z", ".001Z")
    with pytest.raises(UsageError, match=rf"up to {last};.*--from {later}.*--allow-behind"):
        replayed(tmp_path / "a.csv")
    again = replayed(tmp_path / "a.csv", times=time_range(source, last))
    assert again.sent >= 1
    assert replayed(tmp_path / "a.csv", allow_behind=True).sent == 300


def write_message(bootstrap: str, topic: str, value: bytes, count: int = 1) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for _ in range(count):
        producer.produce(topic, value, partition=0)
    assert producer.flush(20) == 0


def test_one_record_with_an_absurd_date_does_not_keep_later_rows_out(
    kafka: str, source: Source, replayed: Replay, tmp_path: Path
) -> None:
    made = written(tmp_path / "a.csv", 300)
    summary = replayed(tmp_path / "a.csv")
    absurd = {**made[0], source.event_time.field: "12/31/2099 11:00:00 PM"}
    write_message(kafka, summary.topic, msgspec.json.encode(absurd))
    last = summary.last_event_time
    with pytest.raises(UsageError, match=f"up to {last};"):
        replayed(tmp_path / "a.csv")
    assert replayed(tmp_path / "a.csv", times=time_range(source, last)).sent >= 1


def test_bad_records_at_the_end_do_not_hide_how_far_the_stream_is(
    kafka: str, replayed: Replay, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 300)
    summary = replayed(tmp_path / "a.csv")
    write_message(kafka, summary.topic, b"{", count=400)
    with pytest.raises(UsageError, match=f"up to {summary.last_event_time};"):
        replayed(tmp_path / "a.csv")


def test_records_larger_than_the_default_are_looked_at_and_changed_where_they_may_be_sent(
    kafka: str, settings: Settings, source: Source, tmp_path: Path
) -> None:
    made = generate("accidents", 10, np.random.default_rng(1))
    lines = [msgspec.json.encode({**record, "note": "x" * 1_100_000}) for record in made]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    roomy = msgspec.structs.replace(settings.scorer, record_max_bytes=2_000_000)
    settings = msgspec.structs.replace(settings, scorer=roomy)
    plan = ReplayPlan(files=(LocalFile(tmp_path / "a.jsonl"),), inject_rate=1.0)
    summary = replay(plan, source, settings)
    assert summary.sent == 10
    assert sum(summary.injected.values()) == 10
    with pytest.raises(UsageError, match=f"up to {summary.last_event_time}"):
        replay(plan, source, settings)


def test_unreadable_rows_are_counted_and_the_rest_is_sent(
    kafka: str, replayed: Replay, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 20)
    with (tmp_path / "a.csv").open("ab") as file:
        file.write(b'\r\nnot a date,"x"\r\n')
    summary = replayed(tmp_path / "a.csv")
    assert summary.sent == len(records(kafka, summary.topic)) == 20
    assert summary.rejected == {"wrong_type": 1}
    assert summary.reject_file == str(tmp_path / "rejects.jsonl")


def test_a_stopped_replay_delivers_what_it_counts_and_leaves_no_control_record(
    kafka: str, replayed: Replay, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 3000)
    sent: list[int] = []

    def is_stopped() -> bool:
        return bool(sent) and sent[-1] >= 200

    summary = replayed(
        tmp_path / "a.csv",
        rate=2000.0,
        on_progress=lambda progress: sent.append(
            progress.rows if progress.phase == "sending" else 0
        ),
        is_stopped=is_stopped,
    )
    found = received(kafka, summary.topic)
    assert summary.interrupted
    assert 200 <= summary.sent == len(found) - 1 < 3000
    assert [one.headers[CONTROL] for one in found if CONTROL in one.headers] == [b"begin"]


def test_a_rate_is_kept(replayed: Replay, tmp_path: Path) -> None:
    written(tmp_path / "a.csv", 3000)
    summary = replayed(tmp_path / "a.csv", rate=2000.0)
    assert 0.7 * 2000 <= summary.rate <= 1.02 * 2000


def test_partitions_of_a_topic_that_exists_are_not_changed(
    replayed: Replay, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 5)
    replayed(tmp_path / "a.csv", partitions=2)
    with pytest.raises(UsageError, match="exists and has 2, got 3"):
        replayed(tmp_path / "a.csv", partitions=3)


def test_ready_messages_go_to_their_partition_with_their_headers(
    kafka: str, settings: Settings, replayed: Replay, tmp_path: Path
) -> None:
    written(tmp_path / "a.csv", 4)
    topic = replayed(tmp_path / "a.csv", partitions=2).topic
    with RecordSender(settings.kafka, topic) as sender:
        for i in range(5):
            sender.send(b"%d" % i, None, 1, [("n", b"%d" % i)])
        sender.flush()
        assert sender.delivered == 5
    last = records(kafka, topic)[-5:]
    assert [(one.partition, one.value, one.headers["n"]) for one in last] == [
        (1, b"%d" % i, b"%d" % i) for i in range(5)
    ]


def test_a_topic_that_is_not_there_is_an_error(settings: Settings) -> None:
    with pytest.raises(BrokerError, match="no-such-topic"):
        RecordSender(settings.kafka, "no-such-topic")
