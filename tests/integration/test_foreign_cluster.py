"""Somebody else's cluster: each service runs with the rights listed for it, and no others."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from adapters.announcements import announce
from adapters.labelling import give_labels
from adapters.topic_admin import TopicAdmin, ensure_topics, plan_against
from adapters.user_cache import user_cache_dir
from benchmarks._faults.models import FolderRegistry, add_version
from benchmarks._faults.outcome import read_topic
from benchmarks._faults.processes import WorkerProcess
from benchmarks._faults.worker import WorkerPlan
from cli.app import main
from embedded.jars import ensure_jars
from producer.plan import ReplayPlan
from producer.replay import replay
from streamscore.acls import Acl, needed_acls
from streamscore.errors import BrokerError
from streamscore.events import Announcement, AnomalyEvent
from streamscore.settings import Kafka, Scorer, Settings, Topics, Worker
from streamscore.sources import Codec
from streamscore.sources.record_files import LocalFile
from streamscore.sources.time_range import TimeRange
from streamscore.topics import TopicPlan
from tests.guarded_kafka import GuardedKafka
from tests.processes import eventually
from tests.sensors import SENSORS, SENSORS_TOML, sensor_values, write_lines
from trainer.labels import labelled_anomalies, labelled_records
from trainer.topic_history import history_from_topic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

SOURCE = msgspec.structs.replace(SENSORS, scores=True, topic="orders.v2")
VALUES = sensor_values(900, seed=3)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedKafka]:
    """A cluster whose owner made the stream and what is written for it, and granted nothing yet."""
    folder = tmp_path_factory.mktemp("guarded")
    jars = ensure_jars(user_cache_dir(os.environ))
    broker = GuardedKafka(
        folder, folder / "kafka.log", jars, environ=os.environ, rng=random.SystemRandom()
    )
    broker.start()
    with TopicAdmin(owner(broker).kafka) as admin:
        admin.create([TopicPlan("orders.v2", "records", 2, 1, {})])
    yield broker
    broker.stop()


def owner(cluster: GuardedKafka) -> Settings:
    return Settings(
        kafka=Kafka(bootstrap_servers=cluster.bootstrap_servers),
        topics=Topics(prefix="team."),
        worker=Worker(port=0),
        scorer=Scorer(model_poll_seconds=0.2, session_timeout_ms=6000),
    )


def settings_of(cluster: GuardedKafka, user: str, *, create: bool = False) -> Settings:
    own = owner(cluster)
    topics = msgspec.structs.replace(own.topics, create=create)
    return msgspec.structs.replace(own, kafka=cluster.section(user), topics=topics)


def ensure_as(cluster: GuardedKafka, user: str, *, create: bool = False) -> None:
    settings = settings_of(cluster, user, create=create)
    with TopicAdmin(settings.kafka) as admin:
        ensure_topics(admin, settings, SOURCE)


def check_as(cluster: GuardedKafka, user: str, folder: Path) -> list[str]:
    """Arguments of `topics check` as a user."""
    (folder / "sensors.toml").write_bytes(b'scores = true\ntopic = "orders.v2"\n' + SENSORS_TOML)
    section = settings_of(cluster, user).kafka
    named = ("bootstrap_servers", "security_protocol", "sasl_username", "sasl_password")
    values = {f"kafka.{name}": getattr(section, name) for name in named}
    values |= {"kafka.sasl_mechanism": section.sasl_mechanism, "topics.prefix": "team."}
    flags = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    return [*flags, "topics", "check", "--source", str(folder / "sensors.toml"), "--json"]


def test_topics_that_are_not_there_are_asked_of_the_owner_by_name_and_shape(
    cluster: GuardedKafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BrokerError, match="for this user to see") as nothing_granted:
        ensure_as(cluster, "scorer", create=True)
    for asked in (
        "team.anomalies.sensors (partitions=1,",
        "team.state.sensors (",
        "orders.v2 is somebody's stream: check its name, and the right to read it",
    ):
        assert asked in str(nothing_granted.value)
    assert "orders.v2 (" not in str(nothing_granted.value)
    seen = [
        Acl("checker", "topic", name, "prefixed", "Describe")  # type: ignore[arg-type]
        for name in ("team.", "orders.v2")
    ]
    cluster.grant(seen)
    with pytest.raises(BrokerError, match=r"when topics\.create is false; missing: ") as missing:
        ensure_as(cluster, "checker")
    assert "team.state.sensors (partitions=2, " in str(missing.value)
    assert "orders.v2" not in str(missing.value)
    with pytest.raises(BrokerError, match="does not let this user create topics") as refused:
        ensure_as(cluster, "checker", create=True)
    assert "cleanup.policy=compact" in str(refused.value)
    assert main(check_as(cluster, "trainer", tmp_path)) == 1
    hidden = json.loads(capsys.readouterr().out)
    assert {topic["is_hidden"] for topic in hidden["topics"]} == {True}
    assert len(hidden["acls"]) > 15, "the rights are listed all the same"


def test_each_service_does_its_work_with_the_rights_that_are_listed_for_it(
    cluster: GuardedKafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = owner(cluster)
    with TopicAdmin(own.kafka) as admin:
        ensure_topics(admin, own, SOURCE)
        plans = plan_against(admin, own, SOURCE)
    cluster.grant(needed_acls(settings_of(cluster, "scorer"), plans))
    assert main(check_as(cluster, "scorer", tmp_path)) == 0
    checks = {topic["name"]: topic for topic in json.loads(capsys.readouterr().out)["topics"]}
    assert "DescribeConfigs" in checks["team.state.sensors"]["differences"][0]
    # The stream is filled by its owner, and by a replay.
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "log_level": 2})
    for value in VALUES[:300]:
        producer.produce("orders.v2", value)
    assert producer.flush(20) == 0
    later = LocalFile(write_lines(tmp_path / "later.jsonl", VALUES[300:]))
    assert replay(ReplayPlan(files=(later,)), SOURCE, settings_of(cluster, "producer")).sent == 600
    trainer = settings_of(cluster, "trainer")
    history = history_from_topic(Codec(SOURCE), trainer.kafka, "orders.v2", 5000, TimeRange())
    assert len(history) == 900
    announce(trainer, Announcement(source="sensors", model="m", version="1", alias="production"))
    assert scored_by(cluster, tmp_path) == 900
    (event,) = flagged_by(cluster)[:1]
    operator = settings_of(cluster, "operator")
    names = [event.subject, f"orders.v2/{event.data.position.partition}/0"]
    given = give_labels(operator, names, True, given_at_ms=0, source=SOURCE)
    assert given[0].label.event == event.id
    assert len(labelled_anomalies(trainer, SOURCE)) == len(given)
    assert len(labelled_records(trainer, SOURCE).records) == len(given)


def flagged_by(cluster: GuardedKafka) -> list[AnomalyEvent]:
    """The events that the worker wrote."""
    found = read_topic(cluster.bootstrap_servers, "team.anomalies.sensors", 1)
    return [msgspec.json.decode(message.value() or b"", type=AnomalyEvent) for message in found]


def scored_by(cluster: GuardedKafka, folder: Path) -> int:
    """How many records a worker with a scorer's rights scores."""
    registry = FolderRegistry(folder / "models")
    add_version(registry, SOURCE, VALUES, "1", 1)
    registry.promote("1")
    plan = WorkerPlan(
        settings=settings_of(cluster, "scorer"), source=SOURCE, models=str(registry.folder)
    )

    def count() -> int:
        return len(list(read_topic(cluster.bootstrap_servers, "team.scores.sensors", 2)))

    worker = WorkerProcess(plan, folder / "workers", "worker")
    try:
        assert eventually(lambda: count() >= 900, 60), worker.log()
        assert worker.leave() == 0
    finally:
        worker.kill()
    return count()
