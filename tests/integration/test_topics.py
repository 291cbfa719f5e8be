"""Topics on a real broker: created when missing, never altered, compared."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from adapters.announcements import announce
from adapters.topic_admin import TopicAdmin, ensure_topics
from adapters.topic_check import check_topics
from cli.app import main
from streamscore.errors import BrokerError
from streamscore.events import Announcement
from streamscore.settings import Kafka, Settings, Topics
from streamscore.sources import Source, load_source
from streamscore.topics import Kind, TopicPlan, planned_topics

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(kafka: str, request: pytest.FixtureRequest) -> Settings:
    """Settings whose topics belong to one test alone."""
    prefix = f"{request.node.name[:60]}."
    return Settings(kafka=Kafka(bootstrap_servers=kafka), topics=Topics(prefix=prefix))


@pytest.fixture
def admin(settings: Settings) -> Iterator[TopicAdmin]:
    with TopicAdmin(settings.kafka) as admin:
        yield admin


@pytest.fixture
def source() -> Source:
    return msgspec.structs.replace(load_source("accidents"), scores=True)


def with_topics(settings: Settings, topics: Topics) -> Settings:
    return msgspec.structs.replace(settings, topics=topics)


def test_missing_topics_are_created_as_declared(
    admin: TopicAdmin, settings: Settings, source: Source
) -> None:
    found = ensure_topics(admin, settings, source)
    assert set(found) == set(get_args(Kind))
    for check in check_topics(admin, settings, source):
        assert (check.exists, check.faults, check.differences) == (True, (), ())


def test_creating_twice_changes_nothing_and_tells_the_same_ids(
    admin: TopicAdmin, settings: Settings, source: Source
) -> None:
    first = ensure_topics(admin, settings, source)
    assert ensure_topics(admin, settings, source) == first
    assert len({topic.topic_id for topic in first.values()}) == len(first)
    assert all(len(topic.topic_id) == 22 for topic in first.values())


def test_two_services_that_start_together_both_find_every_topic(
    settings: Settings, source: Source
) -> None:
    def start(_: int) -> object:
        with TopicAdmin(settings.kafka) as admin:
            return ensure_topics(admin, settings, source)

    with ThreadPoolExecutor(3) as pool:
        first, second, third = pool.map(start, range(3))
    assert first == second == third


def test_state_and_scores_follow_a_records_topic_that_was_there_before(
    admin: TopicAdmin, settings: Settings, source: Source
) -> None:
    foreign = msgspec.structs.replace(source, topic=f"{settings.topics.prefix}of-somebody-else")
    assert foreign.topic is not None
    admin.create([TopicPlan(foreign.topic, "records", 3, 1, {"retention.ms": "1234567890"})])
    found = ensure_topics(admin, settings, foreign)
    assert found["records"].name == foreign.topic
    assert {kind: topic.partitions for kind, topic in found.items()} == {
        "records": 3,
        "anomalies": 1,
        "scores": 3,
        "deadletters": 1,
        "state": 3,
        "models": 1,
        "runs": 1,
        "commands": 1,
        "labels": 1,
    }
    assert admin.configs([foreign.topic])[foreign.topic]["retention.ms"] == "1234567890"


def test_a_missing_topic_is_an_error_where_none_may_be_created(
    admin: TopicAdmin, settings: Settings, source: Source
) -> None:
    forbidden = with_topics(settings, msgspec.structs.replace(settings.topics, create=False))
    with pytest.raises(BrokerError, match=r"must exist when topics\.create is false; missing: "):
        ensure_topics(admin, forbidden, source)
    assert not any(check.exists for check in check_topics(admin, forbidden, source))


def test_a_source_is_served_without_the_topic_that_runs_alone_need(
    admin: TopicAdmin, settings: Settings, source: Source
) -> None:
    admin.create([plan for plan in planned_topics(settings, source) if plan.kind != "runs"])
    forbidden = with_topics(settings, msgspec.structs.replace(settings.topics, create=False))
    assert "runs" not in ensure_topics(admin, forbidden, source)
    missing = [check for check in check_topics(admin, forbidden, source) if not check.exists]
    assert [(check.kind, check.is_in_the_way) for check in missing] == [("runs", False)]


def test_a_state_topic_with_too_few_partitions_stops_a_service(
    admin: TopicAdmin, settings: Settings, source: Source
) -> None:
    two = with_topics(settings, msgspec.structs.replace(settings.topics, records_partitions=2))
    state = next(plan for plan in planned_topics(two, source) if plan.kind == "state")
    admin.create([msgspec.structs.replace(state, partitions=1)])
    with pytest.raises(BrokerError, match="as many partitions as the records topic, 2; received 1"):
        ensure_topics(admin, two, source)


def test_a_topic_that_breaks_a_promise_is_told_apart_from_one_that_only_differs(
    admin: TopicAdmin, settings: Settings, source: Source
) -> None:
    plans = {plan.kind: plan for plan in planned_topics(settings, source)}
    admin.create(
        [
            msgspec.structs.replace(plans["state"], configs={"cleanup.policy": "delete"}),
            msgspec.structs.replace(
                plans["anomalies"], configs={**plans["anomalies"].configs, "retention.ms": "1000"}
            ),
        ]
    )
    checks = {check.kind: check for check in check_topics(admin, settings, source)}
    assert checks["state"].faults[0].endswith("received delete")
    assert not checks["state"].is_usable
    assert checks["anomalies"].is_usable
    assert checks["anomalies"].differences == ("retention.ms is 1000, created would be 2592000000",)
    assert not checks["records"].exists


def test_the_cluster_and_its_topics_are_told_apart(admin: TopicAdmin, settings: Settings) -> None:
    plan = TopicPlan(f"{settings.topics.prefix}again", "anomalies", 1, 1, {})
    assert admin.create([plan]) == [plan.name]
    assert admin.create([plan]) == []
    assert admin.describe([plan.name, "not-there"]).keys() == {plan.name}
    assert len(admin.cluster_id()) == 22


def test_what_the_broker_refuses_is_told(admin: TopicAdmin) -> None:
    plan = TopicPlan("refused", "records", 1, 7, {})
    with pytest.raises(BrokerError, match="InvalidReplicationFactor"):
        admin.create([plan])


def test_a_kafka_that_does_not_answer_is_told_with_its_address(free_port: int) -> None:
    kafka = Kafka(bootstrap_servers=f"127.0.0.1:{free_port}")
    with pytest.raises(BrokerError, match=f"Kafka at 127.0.0.1:{free_port} must be reachable"):
        TopicAdmin(kafka)


def test_the_command_line_creates_and_checks_topics(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--set", f"kafka.bootstrap_servers={settings.kafka.bootstrap_servers}"]
    at += ["--set", f"topics.prefix={settings.topics.prefix}", "topics"]
    which = ["--source", "accidents", "--source", "reviews"]
    assert main([*at, "check", *which]) == 1
    assert "missing" in capsys.readouterr().out
    assert main([*at, "create", *which]) == 0
    assert "deadletters.reviews" in capsys.readouterr().out
    assert main([*at, "check", *which, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    names = [check["name"].removeprefix(settings.topics.prefix) for check in answer["topics"]]
    assert {"records.accidents", "records.reviews", "models"} <= set(names)
    assert len(names) == len(set(names)), "a shared topic is told once"
    needed = {(acl["service"], acl["operation"], acl["name"]) for acl in answer["acls"]}
    assert ("scorer", "Write", f"{settings.topics.prefix}state.reviews") in needed


def test_an_announcement_is_on_its_topic(admin: TopicAdmin, settings: Settings) -> None:
    sources = [load_source("accidents")]
    name = ensure_topics(admin, settings, sources[0])["models"].name
    told = Announcement(
        source="accidents", model="streamscore-accidents", version="3", alias="production"
    )
    announce(settings, told)
    consumer = Consumer({"bootstrap.servers": settings.kafka.bootstrap_servers, "group.id": name})
    consumer.assign([TopicPartition(name, 0, 0)])
    (message,) = consumer.consume(1, timeout=20)
    consumer.close()
    assert message.key() == b"accidents"
    assert msgspec.json.decode(message.value() or b"", type=Announcement) == told


def test_an_announcement_that_kafka_does_not_take_is_told(settings: Settings) -> None:
    absent = with_topics(settings, Topics(prefix="not-there."))
    told = Announcement(source="a", model="m", version="1", alias="production")
    with pytest.raises(BrokerError, match=r"must take the message on not-there\.models"):
        announce(absent, told, delivery_seconds=1.0)


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
