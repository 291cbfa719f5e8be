"""Dead letters go back in one transaction: once each, whatever ends or overtakes a redrive."""

import multiprocessing
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from adapters.dead_letters import DeadLetters
from adapters.message_headers import headers_of
from adapters.redrive import Redrive
from adapters.runs_topic import change_runs
from adapters.topic_admin import TopicAdmin, ensure_topics
from benchmarks._faults.outcome import read_topic
from cli.app import main
from scorer.outputs import Outlets, OutputWriter
from streamscore import headers
from streamscore.dead_letters import Selection
from streamscore.errors import BrokerError, UsageError
from streamscore.runs import Run
from streamscore.settings import Kafka, Scorer, Settings, Topics
from streamscore.sources import RecordFault
from tests.scoring_parts import Consumed
from tests.sensors import SENSORS, SENSORS_TOML

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

NOT_JSON = RecordFault("not_json", "JSON is malformed")
NO_FIELD = RecordFault("missing_field", "Object missing required field `at`")
OWN: list[tuple[str, bytes | None]] = [("x", None), ("traceparent", b"00-ab")]


class Letters:
    """The topics of one test, and dead letters on them as a scorer writes them."""

    def __init__(self, servers: str, name: str, run: str | None = None) -> None:
        self.servers = servers
        self.run = run
        self.settings = Settings(
            kafka=Kafka(bootstrap_servers=servers),
            topics=Topics(prefix=f"{name}.", records_partitions=2),
            scorer=Scorer(group=name),
        )
        with TopicAdmin(self.settings.kafka) as admin:
            found = ensure_topics(admin, self.settings, SENSORS, run=run)
        self.names = {kind: topic.name for kind, topic in found.items()}
        self.outlets = Outlets(
            anomalies=self.names["anomalies"],
            dead_letters=self.names["deadletters"],
            scores=None,
            cluster_id="cluster",
            records_topic_id="topic",
            partitions=2,
            largest_body=1000,
        )

    def write(self, *letters: tuple[Consumed, RecordFault]) -> None:
        writer = OutputWriter(SENSORS, self.outlets, lambda: 0.0)
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 2})
        for message, fault in letters:
            one = writer.dead_letter(message, fault)
            producer.produce(one.topic, one.value, one.key, headers=list(one.headers))
        assert producer.flush(30) == 0

    def redrive(self, **options: Any) -> Redrive:
        selection = options.pop("selection", Selection())
        return Redrive(self.settings, SENSORS, selection, run=self.run, **options)

    def records(self) -> list[tuple[int, bytes | None, bytes | None, Any]]:
        found = read_topic(self.servers, self.names["records"], 2)
        return sorted(
            ((m.partition() or 0, m.key(), m.value(), headers_of(m)) for m in found), key=repr
        )

    def deadletters(self) -> DeadLetters:
        return DeadLetters(self.settings, SENSORS, self.run)


@pytest.fixture
def letters(kafka: str, request: pytest.FixtureRequest) -> Letters:
    return Letters(kafka, f"redrive.{request.node.name[:60]}")


def bad(offset: int, value: bytes | None = b"{", partition: int = 0) -> Consumed:
    return Consumed(offset, value, partition=partition, key=b"k", headers=OWN)


def test_records_go_back_as_they_came_and_a_second_redrive_repeats_nothing(
    letters: Letters,
) -> None:
    letters.write((bad(0), NOT_JSON), (bad(1, b"[1]", partition=1), NO_FIELD))
    dry = letters.redrive().plan()
    assert (dry.records, dry.is_dry, letters.records()) == (2, True, [])
    result = letters.redrive().run()
    assert (result.records, result.by_reason) == (2, {"not_json": 1, "missing_field": 1})
    assert {p: (s.records, s.first_offset) for p, s in result.partitions.items()} == {
        0: (1, 0),
        1: (1, 0),
    }
    assert letters.records() == [
        (0, b"k", b"{", [*OWN, (headers.ORIGINAL, b"cluster/topic/0/0")]),
        (1, b"k", b"[1]", [*OWN, (headers.ORIGINAL, b"cluster/topic/1/1")]),
    ]
    again = letters.redrive().run()
    assert (again.records, again.left) == (0, {"redriven": 2})
    assert len(letters.records()) == 2


def test_what_must_not_go_back_is_left_and_told(letters: Letters) -> None:
    producer = Producer({"bootstrap.servers": letters.servers, "log_level": 2})
    producer.produce(letters.names["deadletters"], b"not ours", headers=[("reason", b"?")])
    producer.produce(letters.names["deadletters"], b"{", headers=[(headers.FORMAT, b"2")])
    assert producer.flush(30) == 0
    came_back = [*OWN, (headers.ORIGINAL, b"cluster/topic/0/0")]
    letters.write(
        (bad(1, None), NOT_JSON),
        (bad(2, b"x" * 1001), NOT_JSON),
        (Consumed(3, b"{", headers=came_back), NOT_JSON),
        (bad(4), NO_FIELD),
        (bad(4), NO_FIELD),
        (bad(5), NO_FIELD),
    )
    result = letters.redrive(limit=1).run()
    assert result.left == {
        "tombstone": 1,
        "incomplete": 1,
        "returned": 1,
        "redriven": 1,
        "beyond_limit": 1,
        "later_format": 1,
    }
    assert "received format 2" in result.why_later
    assert (result.records, result.foreign) == (1, 1)
    counts = letters.deadletters().counts(Selection(), latest=0)
    assert {status: sum(found.values()) for status, found in counts.by_status.items()} == {
        "pending": 1,
        "redriven": 2,
        "tombstone": 1,
        "incomplete": 1,
        "returned": 1,
    }
    assert (counts.later, counts.why_later, counts.foreign) == (1, result.why_later, 1)
    with pytest.raises(UsageError, match="received format 2"):
        letters.deadletters().one("1")
    result = letters.redrive(again=True, selection=Selection(reasons=("not_json",))).run()
    assert result.records == 1
    assert (0, None, b"{", came_back) in letters.records()


def test_letters_are_counted_listed_and_shown(letters: Letters) -> None:
    letters.write((bad(0), NOT_JSON), (bad(1), NO_FIELD), (bad(2), NO_FIELD))
    letters.redrive(limit=2).run()
    counts = letters.deadletters().counts(Selection(), latest=2)
    assert counts.by_status == {
        "pending": {"missing_field": 1},
        "redriven": {"not_json": 1, "missing_field": 1},
        "tombstone": {},
        "incomplete": {},
        "returned": {},
    }
    assert [(one.position, status) for one, status in counts.latest] == [
        ("cluster/topic/0/2", "pending"),
        ("cluster/topic/0/1", "redriven"),
    ]
    for name in ("1", "cluster/topic/0/1", "records.accidents/0/1"):
        letter, is_sent = letters.deadletters().one(name)
        assert (letter.reason, letter.value, is_sent) == ("missing_field", b"{", True)
    with pytest.raises(UsageError, match="has no 99"):
        letters.deadletters().one("99")


def test_a_bad_record_cannot_hide_its_letter_or_mark_another_as_sent(letters: Letters) -> None:
    own: list[tuple[str, bytes | None]] = [
        (headers.REDRIVEN, b"cluster/topic/0/5"),
        (headers.REDRIVEN, b"cluster/topic/0/" + b"9" * 5000),
    ]
    letters.write((bad(5), NOT_JSON), (Consumed(6, None, headers=own), NO_FIELD))
    counts = letters.deadletters().counts(Selection(), latest=2)
    assert [(one.position, status) for one, status in counts.latest] == [
        ("cluster/topic/0/6", "tombstone"),
        ("cluster/topic/0/5", "pending"),
    ]


def test_letters_of_a_run_go_back_into_it_while_it_is_open(
    letters: Letters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of_run = Letters(letters.servers, letters.settings.scorer.group, "june")
    of_run.write((bad(0), NOT_JSON), (bad(1), NO_FIELD))
    toml = tmp_path / "sensors.toml"
    toml.write_bytes(SENSORS_TOML)
    prefix = letters.settings.topics.prefix
    group = letters.settings.scorer.group
    given = ["--set", f"kafka.bootstrap_servers={letters.servers}"]
    given += ["--set", f"topics.prefix={prefix}", "--set", f"scorer.group={group}"]

    def ask(*words: str) -> str:
        code = main([*given, "deadletters", words[0], str(toml), *words[1:]])
        said = capsys.readouterr()
        return said.out if code == 0 else said.err

    june = ("--run", "june")
    assert "has no such run" in ask("redrive", *june)
    run = Run(
        source="sensors",
        run="june",
        status="open",
        model="m",
        version="1",
        partitions=2,
        opened_at="2026-10-26T07:30:00.000Z",
    )
    change_runs(letters.settings, lambda _runs: run)
    assert "1 record sent back to " + of_run.names["records"] in ask(
        "redrive", *june, "--reason", "not_json"
    )
    assert [value for _, _, value, _ in of_run.records()] == [b"{"]
    assert letters.records() == []
    listed = msgspec.json.decode(ask("list", *june, "--json"))
    assert (listed["pending"], listed["redriven"]) == ({"missing_field": 1}, {"not_json": 1})
    assert "redriven" in ask("show", "records.accidents/0/0", *june)
    assert "there is no" in ask("list", "--run", "july")
    assert msgspec.json.decode(ask("list", "--json"))["latest"] == []


def _die(redrive: Redrive) -> None:
    def kill(_name: str, producer: Producer) -> None:
        producer.flush(30)
        os.kill(os.getpid(), signal.SIGKILL)

    redrive.run(at_point=kill)


def test_a_redrive_that_is_killed_before_its_commit_leaves_nothing_half_done(
    letters: Letters,
) -> None:
    letters.write(*[(bad(offset), NOT_JSON) for offset in range(50)])
    killed = multiprocessing.get_context("spawn").Process(target=_die, args=(letters.redrive(),))
    killed.start()
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    result = letters.redrive().run()
    assert (result.records, result.left) == (50, {})
    origins = Counter(dict(own)[headers.ORIGINAL] for _, _, _, own in letters.records())
    assert set(origins.values()) == {1}
    assert len(origins) == 50


def test_of_two_redrives_at_once_the_later_one_sends(letters: Letters) -> None:
    letters.write(*[(bad(offset), NOT_JSON) for offset in range(20)])
    later: list[int] = []

    def overtake(_name: str, producer: Producer) -> None:
        producer.flush(30)
        later.append(letters.redrive().run().records)

    with pytest.raises(BrokerError, match="another one took the place of this one"):
        letters.redrive().run(at_point=overtake)
    assert later == [20]
    assert len(letters.records()) == 20
