"""History is read from a real topic."""

import random

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streamscore.errors import BrokerError, HistoryError
from streamscore.headers import CONTROL, CONTROL_END, INJECTED
from streamscore.settings import Kafka
from streamscore.sources import Codec
from streamscore.sources.time_range import TimeRange
from tests.sensors import FIRST_AT_MS, SENSORS, STEP_MS, sensor_values
from trainer.history import History, HistoryBuilder
from trainer.topic_history import history_from_topic

pytestmark = pytest.mark.integration

CODEC = Codec(SENSORS)


@pytest.fixture
def topic(kafka: str, request: pytest.FixtureRequest) -> str:
    name = f"{request.node.name[:60]}.records"
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(name, 3, 1)])[name].result(20)
    return name


def read(kafka: str, topic: str, range_: TimeRange = TimeRange()) -> History:  # noqa: B008
    return history_from_topic(CODEC, Kafka(bootstrap_servers=kafka), topic, 1000, range_)


def builder_over(values: list[bytes]) -> HistoryBuilder:
    builder = HistoryBuilder(CODEC, 1000)
    for place, value in enumerate(values):
        builder.take(value, 0, place)
    return builder


def test_records_of_all_partitions_come_in_the_order_of_event_time(kafka: str, topic: str) -> None:
    """Control records, injected ones and bad ones are counted and left out."""
    values = sensor_values(200)
    producer = Producer({"bootstrap.servers": kafka})
    for place, value in enumerate(random.Random(3).sample(values, 200)):
        producer.produce(topic, value, partition=place % 3)
    producer.produce(topic, values[0], headers={INJECTED: b"extreme"}, partition=1)
    producer.produce(topic, b"{", partition=2)
    for partition in range(3):
        producer.produce(topic, b"", headers={CONTROL: CONTROL_END}, partition=partition)
    assert producer.flush(20) == 0
    history = read(kafka, topic)
    assert history.skipped == {"control": 3, "injected": 1, "not_json": 1}
    assert history.records == builder_over(values).history("").records
    hour = read(kafka, topic, TimeRange(FIRST_AT_MS, FIRST_AT_MS + 60 * STEP_MS))
    assert hour.records == history.records[:60]


def test_what_is_not_committed_is_neither_read_nor_waited_for(kafka: str, topic: str) -> None:
    values = sensor_values(3)
    config = {"bootstrap.servers": kafka, "transactional.id": topic}
    producer = Producer(config)
    producer.init_transactions(20)
    for value, is_kept in zip(values[:2], (False, True), strict=True):
        producer.begin_transaction()
        producer.produce(topic, value, partition=0)
        assert producer.flush(20) == 0
        (producer.commit_transaction if is_kept else producer.abort_transaction)(20)
    producer.begin_transaction()
    producer.produce(topic, values[2], partition=0)
    assert producer.flush(20) == 0
    history = read(kafka, topic)
    producer.abort_transaction(20)
    assert [CODEC.encode(record) for record in history.records] == [
        CODEC.encode(record) for record in builder_over(values[1:2]).history("").records
    ]


def test_an_empty_topic_is_an_empty_history(kafka: str, topic: str) -> None:
    assert len(read(kafka, topic)) == 0


def test_a_topic_that_is_not_there_is_told(kafka: str) -> None:
    with pytest.raises(HistoryError, match=r"has no nowhere.*name files in the place of `topic`"):
        read(kafka, "nowhere")


def test_a_kafka_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.topic_reading._ANSWER_SECONDS", 1.0)
    with pytest.raises(BrokerError, match=r"Kafka at 127\.0\.0\.1:1 must let records be read"):
        read("127.0.0.1:1", "records")
