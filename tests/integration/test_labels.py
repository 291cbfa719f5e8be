"""Labels on a real broker: given, found again, refused, and used by training and evaluation."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import OFFSET_END, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from adapters.label_removal import take_back_labels
from adapters.labelling import GivenLabel, give_labels
from adapters.labels_topic import read_labels, write_labels
from adapters.topic_admin import TopicAdmin, ensure_topics
from cli.app import main
from streamscore.errors import BrokerError, UsageError
from streamscore.events import (
    MASK,
    Anomaly,
    AnomalyEvent,
    Attribution,
    Position,
    anomaly_event,
    quoted,
)
from streamscore.headers import CONTROL, CONTROL_END
from streamscore.scoring import ModelVersion
from streamscore.settings import Kafka, Settings, Topics
from streamscore.sources import Codec, Source
from streamscore.topics import topic_name
from tests.sensors import SENSORS, SENSORS_TOML, sensor_values
from trainer.app import TrainingPlan, read_history
from trainer.labels import labelled_anomalies, labelled_records

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

VALUES = sensor_values(40, seed=5)
FLAGGED = (3, 12)
CONTROL_OFFSET = 40
AT_MS = 1_793_000_000_000
OPEN = msgspec.structs.replace(
    SENSORS,
    fields={
        name: msgspec.structs.replace(field, private=False)
        for name, field in SENSORS.fields.items()
    },
)
"""The same source without a private field."""


class Stream:
    """The topics of one test: records with two events among them, and labels."""

    def __init__(self, servers: str, name: str) -> None:
        self.settings = Settings(
            kafka=Kafka(bootstrap_servers=servers), topics=Topics(prefix=f"{name}.")
        )
        self.arguments = ["--set", f"kafka.bootstrap_servers={servers}"]
        self.arguments += ["--set", f"topics.prefix={name}."]

    def fill(self, source: Source = SENSORS, run: str | None = None) -> dict[int, AnomalyEvent]:
        """Write records, a control record behind them, and events; return these by offset."""
        with TopicAdmin(self.settings.kafka) as admin:
            found = ensure_topics(admin, self.settings, source, run=run)
            cluster_id = admin.cluster_id()
        records, anomalies = found["records"], found["anomalies"].name
        events = {
            offset: event_of(
                source,
                Position(
                    cluster_id=cluster_id,
                    topic_id=records.topic_id,
                    topic=records.name,
                    partition=0,
                    offset=offset,
                ),
                run,
            )
            for offset in FLAGGED
        }
        producer = self.producer()
        for value in VALUES:
            producer.produce(records.name, value)
        producer.produce(records.name, b"", headers={CONTROL: CONTROL_END})
        for event in events.values():
            producer.produce(anomalies, msgspec.json.encode(event))
        producer.produce(anomalies, b"somebody else's")
        assert producer.flush(30) == 0
        return events

    def producer(self) -> Producer:
        return Producer({"bootstrap.servers": self.settings.kafka.bootstrap_servers})

    def topic(self, kind: Any, source: Source = SENSORS) -> str:
        return topic_name(kind, source, prefix=self.settings.topics.prefix)

    def label(self, *names: str, verdict: bool = True, **options: Any) -> list[GivenLabel]:
        return give_labels(self.settings, names, verdict, given_at_ms=AT_MS, **options)

    def drop(self, kind: Any, before: int = OFFSET_END) -> None:
        """Let retention take the oldest messages of a topic."""
        admin = AdminClient({"bootstrap.servers": self.settings.kafka.bootstrap_servers})
        place = TopicPartition(self.topic(kind), 0, before)
        admin.delete_records([place])[place].result()


def event_of(source: Source, position: Position, run: str | None) -> AnomalyEvent:
    """The event of a record, as a scorer writes it."""
    anomaly = Anomaly(
        source=source.name,
        position=position,
        event_time="2023-11-14T22:16:20.000Z",
        score=0.7,
        p_value=0.003,
        threshold=0.6,
        nominal_rate=0.02,
        severity=20.6,
        model=ModelVersion(name="streamscore-sensors", version="3", digest="765454c9"),
        attribution=[Attribution("temperature", 0.7, 33.1), Attribution("owner", 0.3, MASK)],
        record=quoted(VALUES[position.offset], source.private_paths()),
        run=run or msgspec.UNSET,
    )
    return anomaly_event(anomaly, AT_MS, None)


@pytest.fixture
def stream(kafka: str, request: pytest.FixtureRequest) -> Stream:
    return Stream(kafka, f"labels.{request.node.name[:60]}")


def test_alerts_are_labelled_by_id_and_by_subject_and_the_newest_label_counts(
    stream: Stream,
) -> None:
    events = stream.fill()
    by_id, by_subject = stream.label(events[3].id, events[12].subject, note="ice", by="ann")
    assert (by_id.label.event, by_subject.label.event) == (events[3].id, events[12].id)
    assert by_id.anomaly is not None
    assert by_id.anomaly.attribution[0].field == "temperature"
    assert (by_id.label.model_version, by_id.label.source, by_id.label.flagged) == (
        "3",
        "sensors",
        True,
    )
    (second,) = stream.label(events[3].subject, events[3].id, verdict=False)
    assert second.previous == by_id.label
    found = read_labels(stream.settings).newest
    assert {one.place[1]: one.verdict for one in found.values()} == {12: True, 3: False}
    assert found[events[12].id].note == "ice"
    stream.drop("anomalies")
    (third,) = stream.label(events[3].subject)
    assert (third.anomaly, third.label.flagged, third.label.model_version) == (None, True, "3")


def test_what_is_no_record_is_refused_and_nothing_is_labelled(stream: Stream) -> None:
    events = stream.fill()
    records = stream.topic("records")
    for name, why in (
        (f"{records}/0/99", r"holds offsets 0 to before 41"),
        (f"{records}/7/0", r"it has 1 partition, 0, and no 7"),
        (f"{records}/0/{CONTROL_OFFSET}", "has no record there"),
        ("somewhere/0/1", rf"none in {stream.topic('anomalies')} at"),
        (f"cluster/{events[3].id.split('/')[1]}/0/3", "its topic is none of theirs"),
    ):
        with pytest.raises(UsageError, match=why):
            stream.label(events[3].id, name)
    assert read_labels(stream.settings).newest == {}


def test_a_record_that_was_not_flagged_is_labelled_as_missed(stream: Stream) -> None:
    stream.fill()
    (given,) = stream.label(f"{stream.topic('records')}/0/7")
    assert (given.anomaly, given.label.flagged) == (None, False)
    assert given.label.model_version is msgspec.UNSET
    assert labelled_anomalies(stream.settings, SENSORS) == {(0, 7)}


def test_a_label_of_a_run_carries_its_name_and_is_not_one_of_the_live_stream(
    stream: Stream,
) -> None:
    live, of_run = stream.fill(), stream.fill(run="june")
    stream.label(live[3].id)
    (given,) = stream.label(of_run[12].subject)
    assert given.label.run == "june"
    assert labelled_anomalies(stream.settings, SENSORS) == {(0, 3)}
    assert labelled_anomalies(stream.settings, SENSORS, "june") == {(0, 12)}


def test_a_stream_under_its_own_name_is_known_by_its_events_or_by_its_source(
    stream: Stream,
) -> None:
    own = f"{stream.settings.topics.prefix}orders.v2"
    foreign = msgspec.structs.replace(SENSORS, topic=own)
    events = stream.fill(foreign)
    (by_event,) = stream.label(events[3].subject)
    assert (by_event.label.source, by_event.label.subject) == ("sensors", f"{own}/0/3")
    with pytest.raises(UsageError, match=r"with --source FILE\.toml"):
        stream.label(f"{own}/0/7")
    (missed,) = stream.label(f"{own}/0/7", source=foreign)
    assert not missed.label.flagged
    assert labelled_anomalies(stream.settings, foreign) == {(0, 3), (0, 7)}


def test_a_label_holds_no_private_value(stream: Stream) -> None:
    events = stream.fill()
    given = stream.label(events[3].id, f"{stream.topic('records')}/0/7")
    owners = [msgspec.json.decode(VALUES[offset])["owner"] for offset in (3, 7)]
    written = msgspec.json.encode([one.label for one in given]).decode()
    assert not any(owner in written for owner in owners)


def test_records_that_are_labelled_as_anomalies_are_not_learned_from(stream: Stream) -> None:
    events = stream.fill()
    stream.label(events[3].id, f"{stream.topic('records')}/0/7")
    stream.label(events[12].id, verdict=False)
    codec, plan = Codec(SENSORS), TrainingPlan(source=SENSORS)
    history = read_history(stream.settings, codec, plan)
    assert history.skipped == {"control": 1, "labelled_anomaly": 2}
    left = [codec.decode(value) for i, value in enumerate(VALUES) if i not in (3, 7)]
    assert history.records == left
    without = msgspec.structs.replace(plan, labels=False)
    assert len(read_history(stream.settings, codec, without)) == len(VALUES)


def test_labelled_records_come_from_their_topic_or_from_their_events(stream: Stream) -> None:
    events = stream.fill(OPEN)
    stream.label(events[3].id, f"{stream.topic('records')}/0/7", verdict=False)
    stream.label(events[12].id, f"{stream.topic('records')}/0/20")
    found = labelled_records(stream.settings, OPEN)
    truth = [(3, False, True), (7, False, False), (12, True, True), (20, True, False)]
    assert [(one.value, one.is_anomaly, one.is_flagged) for one in found.records] == [
        (VALUES[offset], is_anomaly, is_flagged) for offset, is_anomaly, is_flagged in truth
    ]
    assert found.unusable == {}
    stream.drop("records", before=15)
    kept = labelled_records(stream.settings, OPEN)
    assert [one.value for one in kept.records] == [VALUES[3], VALUES[12], VALUES[20]]
    assert kept.unusable == {"gone": 1}
    masked = labelled_records(stream.settings, SENSORS)
    assert [one.value for one in masked.records] == [VALUES[20]]
    assert masked.unusable == {"gone": 1, "masked": 2}


def test_the_label_of_an_event_whose_topic_was_made_anew_is_of_no_record_there(
    stream: Stream,
) -> None:
    events = stream.fill()
    former = f"{events[3].id.split('/')[0]}/made-anew/0/3"
    event = msgspec.structs.replace(events[3], id=former)
    producer = stream.producer()
    producer.produce(stream.topic("anomalies"), msgspec.json.encode(event))
    assert producer.flush(30) == 0
    (given,) = stream.label(former)
    assert given.label.event == former
    assert labelled_anomalies(stream.settings, SENSORS) == frozenset()
    assert labelled_records(stream.settings, SENSORS).unusable == {"masked": 1}


def test_without_a_topic_of_labels_there_are_none_and_it_is_asked_for(stream: Stream) -> None:
    assert read_labels(stream.settings).newest == {}
    assert labelled_records(stream.settings, SENSORS).records == []
    topics = msgspec.structs.replace(stream.settings.topics, create=False)
    forbidden = msgspec.structs.replace(stream.settings, topics=topics)
    with TopicAdmin(stream.settings.kafka) as admin:
        ensure_topics(admin, stream.settings, SENSORS, kinds=["records", "anomalies"])
    producer = stream.producer()
    producer.produce(stream.topic("records"), VALUES[0])
    assert producer.flush(30) == 0
    name = f"{stream.topic('records')}/0/0"
    with pytest.raises(BrokerError, match=r"labels \(partitions=1, .*cleanup\.policy=compact"):
        give_labels(forbidden, [name], True, given_at_ms=AT_MS)
    assert [one.label.event for one in stream.label(name)] == list(
        read_labels(stream.settings).newest
    )


def test_labels_are_taken_back_all_that_are_named_or_none(stream: Stream) -> None:
    events = stream.fill()
    missed = f"{stream.topic('records')}/0/7"
    given = stream.label(events[3].id, events[12].subject, missed)
    with pytest.raises(UsageError, match=r"0/8 has none"):
        take_back_labels(stream.settings, [events[3].id, f"{stream.topic('records')}/0/8"])
    assert len(read_labels(stream.settings).newest) == 3
    taken = take_back_labels(stream.settings, [events[3].subject, events[3].id, missed])
    assert taken == [given[0].label, given[2].label]
    assert read_labels(stream.settings).newest == {events[12].id: given[1].label}
    (again,) = stream.label(missed, verdict=False)
    assert (again.previous, again.label.verdict) == (None, False)


def test_a_label_is_taken_back_where_its_topic_is_gone_or_was_made_anew(stream: Stream) -> None:
    events = stream.fill()
    (given,) = stream.label(events[3].id)
    cluster = events[3].id.split("/")[0]
    former = msgspec.structs.replace(given.label, event=f"{cluster}/made-anew/0/12")
    former = msgspec.structs.replace(former, subject=events[12].subject)
    gone = [
        msgspec.structs.replace(given.label, event=f"{cluster}/{one}/0/3", subject="gone/0/3")
        for one in ("first", "second")
    ]
    with TopicAdmin(stream.settings.kafka) as admin:
        write_labels(stream.settings, admin, [former, *gone])
    with pytest.raises(UsageError, match="has none"):  # the topic's name is another one's now
        take_back_labels(stream.settings, [former.subject])
    assert take_back_labels(stream.settings, [former.event]) == [former]
    with pytest.raises(UsageError, match=r"by its id, .*/first/0/3 or .*/second/0/3"):
        take_back_labels(stream.settings, ["gone/0/3"])
    assert take_back_labels(stream.settings, [gone[0].event]) == gone[:1]
    assert take_back_labels(stream.settings, ["gone/0/3"]) == gone[1:]
    assert list(read_labels(stream.settings).newest) == [events[3].id]


def test_the_command_line_labels_and_looks_back(
    stream: Stream, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = stream.fill()
    toml = tmp_path / "sensors.toml"
    toml.write_bytes(SENSORS_TOML)

    def ask(*words: str) -> str:
        code = main([*stream.arguments, *words])
        said = capsys.readouterr()
        return said.out if code == 0 else said.err

    missed = f"{stream.topic('records')}/0/7"
    said = ask("label", events[3].id, missed, "true", "--by", "ann", "--note", "ice\x1b[2J")
    assert f"{events[3].subject} of sensors is labelled true." in said
    assert "temperature is 33.1 (70% of the score)" in said
    assert "No event tells of it: an anomaly that was missed." in said
    assert "takes the place of the label true, given" in ask("label", events[3].subject, "false")
    assert "by ann" not in ask("label", events[12].id, "true", "--source", str(toml))
    listed = json.loads(ask("labels", "--json"))
    assert [one["event"] for one in listed["latest"]][:2] == [events[12].id, events[3].id]
    of_version, unflagged = listed["verdicts"]
    assert (of_version["model_version"], of_version["precision"]) == ("3", 0.5)
    assert (unflagged["model_version"], unflagged["anomalies"]) == (None, 1)
    table = ask("labels", str(toml), "--limit", "3")
    assert "50%" in table
    assert ask("labels", "sensors", "--limit", "3") == table
    assert "that has labels; 'nonsense' is none of these" in ask("labels", "nonsense")
    assert "ice\\x1b[2J" in table
    assert "--by is kept with a label" in ask("label", missed, "none", "--by", "ann")
    assert "was labelled true, given 20" in ask("label", missed, "none")
    assert f"{missed} has none" in ask("label", missed, "none")
    (taken,) = json.loads(ask("label", events[3].id, "none", "--json"))
    assert (taken["label"], taken["previous"]["event"]) == (None, events[3].id)
    left = json.loads(ask("labels", "--json"))["latest"]
    assert [one["event"] for one in left] == [events[12].id]
    assert "takes one of" not in ask("label", events[3].id, "perhaps")
    assert "received 'x'. Copy either of them" in ask("label", "x", "true")
