"""The list of topics: names, plans, and the rights that services need."""

from typing import get_args

import msgspec
import pytest

from streamscore.acls import Acl, needed_acls, run_acls
from streamscore.settings import Scorer, Settings, Topics
from streamscore.sources import Source, load_source
from streamscore.topics import (
    TOPICS,
    Kind,
    input_max_bytes,
    largest_message_bytes,
    planned_topics,
    topic_name,
)


@pytest.fixture
def source() -> Source:
    return load_source("accidents")


def test_every_kind_is_declared_once_with_a_writer_and_a_reader() -> None:
    assert tuple(topic.kind for topic in TOPICS) == get_args(Kind)
    assert all(topic.writers and topic.readers for topic in TOPICS)


def test_a_prefix_goes_before_and_a_run_behind_a_name(source: Source) -> None:
    assert topic_name("state", source, prefix="team1.") == "team1.state.accidents"
    assert topic_name("records", source, prefix="a.", run="june") == "a.records.accidents.june"
    assert topic_name("models", source, prefix="a.", run="june") == "a.models"


def test_the_stream_of_somebody_else_is_read_under_its_own_name(source: Source) -> None:
    foreign = msgspec.structs.replace(source, topic="CRASHES")
    assert topic_name("records", foreign, prefix="team1.") == "CRASHES"
    assert topic_name("records", foreign, prefix="p.", run="june") == "p.records.accidents.june"
    assert topic_name("anomalies", foreign, prefix="team1.") == "team1.anomalies.accidents"


def test_a_topic_of_a_source_needs_the_source() -> None:
    with pytest.raises(ValueError, match="a source must be given"):
        topic_name("records")


def test_scores_are_planned_only_where_a_source_asks_for_them(source: Source) -> None:
    silent = msgspec.structs.replace(source, scores=False)
    asking = msgspec.structs.replace(source, scores=True)
    assert "scores" not in {plan.kind for plan in planned_topics(Settings(), silent)}
    assert "scores" in {plan.kind for plan in planned_topics(Settings(), asking)}


def test_state_and_scores_have_the_partitions_of_the_records(source: Source) -> None:
    asking = msgspec.structs.replace(source, scores=True)
    settings = Settings(topics=Topics(records_partitions=2, replication_factor=3))
    for there, expected in ((None, 2), (7, 7)):
        plans = planned_topics(settings, asking, records_partitions=there)
        assert {plan.kind for plan in plans if plan.partitions == expected} == {
            "records",
            "scores",
            "state",
        }
        assert {plan.replication_factor for plan in plans} == {3}


@pytest.mark.parametrize("record_max_bytes", [1_000, 1_000_000, 5_000_000])
def test_outputs_may_be_at_least_twice_as_large_as_inputs(
    source: Source, record_max_bytes: int
) -> None:
    settings = Settings(scorer=Scorer(record_max_bytes=record_max_bytes))
    limits = {
        plan.kind: int(plan.configs["max.message.bytes"])
        for plan in planned_topics(settings, source)
    }
    assert limits["records"] == input_max_bytes(record_max_bytes) > record_max_bytes
    assert limits["anomalies"] >= 2 * limits["records"]
    assert limits["deadletters"] >= 2 * limits["records"]
    assert largest_message_bytes(record_max_bytes) >= max(limits.values())


def test_only_state_models_runs_and_labels_are_compacted(source: Source) -> None:
    plans = planned_topics(Settings(), source)
    compacted = {plan.kind for plan in plans if plan.configs["cleanup.policy"] == "compact"}
    assert compacted == {"state", "models", "runs", "labels"}


def test_each_service_is_given_what_it_writes_and_reads_and_no_more(source: Source) -> None:
    plans = planned_topics(Settings(topics=Topics(create=False)), source)
    acls = needed_acls(Settings(topics=Topics(create=False)), plans)
    assert [acl for acl in acls if acl.service == "producer"] == [
        Acl("producer", "group", "streamscore-producer", "literal", "Read"),
        Acl("producer", "topic", "records.accidents", "literal", "Read"),
        Acl("producer", "topic", "records.accidents", "literal", "Write"),
        Acl("producer", "topic", "runs", "literal", "Read"),
        Acl("producer", "topic", "runs", "literal", "Write"),
    ]
    assert {(acl.resource, acl.name, acl.operation) for acl in acls if acl.service == "scorer"} == {
        ("group", "streamscore", "Read"),
        ("group", "streamscore-announcements", "Read"),
        ("group", "streamscore-runs", "Read"),
        ("group", "streamscore-state-reader", "Read"),
        ("transactional-id", "streamscore", "Describe"),
        ("transactional-id", "streamscore", "Write"),
        ("topic", "records.accidents", "Read"),
        ("topic", "state.accidents", "Read"),
        ("topic", "state.accidents", "Write"),
        ("topic", "anomalies.accidents", "Write"),
        ("topic", "deadletters.accidents", "Write"),
        ("topic", "models", "Read"),
        ("topic", "runs", "Read"),
        ("topic", "commands", "Read"),
    }
    assert {
        (acl.resource, acl.name, acl.operation) for acl in acls if acl.service == "operator"
    } == {
        ("group", "streamscore-deadletters", "Read"),
        ("group", "streamscore-labels", "Read"),
        ("transactional-id", "streamscore.redrive", "Describe"),
        ("transactional-id", "streamscore.redrive", "Write"),
        ("topic", "records.accidents", "Read"),
        ("topic", "records.accidents", "Write"),
        ("topic", "anomalies.accidents", "Read"),
        ("topic", "deadletters.accidents", "Read"),
        ("topic", "deadletters.accidents", "Write"),
        ("topic", "commands", "Write"),
        ("topic", "runs", "Read"),
        ("topic", "labels", "Read"),
        ("topic", "labels", "Write"),
    }


def test_creating_is_a_right_only_where_services_create(source: Source) -> None:
    plans = planned_topics(Settings(), source)
    assert any(acl.operation == "Create" for acl in needed_acls(Settings(), plans))
    forbidden = Settings(topics=Topics(create=False))
    assert not any(acl.operation == "Create" for acl in needed_acls(forbidden, plans))


def test_runs_need_rights_on_names_that_begin_as_those_of_their_source() -> None:
    settings = Settings(topics=Topics(prefix="p.", create=False))
    acls = run_acls(settings, ["accidents"])
    begins = {acl.name for acl in acls if acl.resource == "topic"}
    assert begins == {
        f"p.{kind}.accidents."
        for kind in ("records", "anomalies", "scores", "deadletters", "state")
    }
    deleted = {(acl.resource, acl.name) for acl in acls if acl.operation == "Delete"}
    assert deleted == {
        ("topic", "p.state.accidents."),
        ("group", "p.streamscore.scoring.accidents."),
    }
    assert {acl.service for acl in acls if acl.operation == "Delete"} == {"producer"}
    assert not any(acl.operation == "Create" for acl in acls)
    assert any(acl.operation == "Create" for acl in run_acls(Settings(), ["accidents"]))
