"""The machinery of processors on a real broker: positions, states, rebalances, errors."""

import re

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from embedded.kafka import Kafka
from scorer.pausing import Pausing
from scorer.wiring import consumer_config
from streamscore.errors import BrokerError, OffsetError
from streamscore.settings import Scorer
from tests.processes import eventually
from tests.running_sums import (
    BAD,
    RunningSums,
    expected_lines,
    lines,
    produce,
    running,
    wait_for_lines,
    wiring_for,
)

pytestmark = pytest.mark.integration

PARTITIONS = 3
NUMBERS = list(range(1, 301))


class Place:
    """Topics of one test: `in`, `state` and `out` behind its name."""

    def __init__(self, servers: str, name: str) -> None:
        self.servers = servers
        self.name = name
        self.admin = AdminClient({"bootstrap.servers": servers, "log_level": 2})

    def create(self, partitions: int) -> None:
        topics = [
            NewTopic(f"{self.name}.in", partitions, 1),
            NewTopic(f"{self.name}.state", partitions, 1, config={"cleanup.policy": "compact"}),
            NewTopic(f"{self.name}.out", 1, 1),
        ]
        for future in self.admin.create_topics(topics).values():
            future.result()

    def step(self, *, is_ready: bool = True, pausing: Pausing | None = None) -> RunningSums:
        return RunningSums(f"{self.name}.out", is_ready=is_ready, pausing=pausing)

    def produce(self, numbers: list[int], partitions: int = 1) -> None:
        produce(self.servers, f"{self.name}.in", numbers, partitions)

    def lines(self) -> list[str]:
        return sorted(lines(self.servers, f"{self.name}.out"))

    def wait_for(self, count: int) -> list[str]:
        return wait_for_lines(self.servers, f"{self.name}.out", count)

    def expire(self, before: int) -> None:
        at = TopicPartition(f"{self.name}.in", 0, before)
        for future in self.admin.delete_records([at]).values():
            future.result()


@pytest.fixture
def place(kafka: str, request: pytest.FixtureRequest) -> Place:
    place = Place(kafka, re.sub(r"[^\w.-]", "-", f"sums.{request.node.name}")[:80])
    place.create(1)
    return place


@pytest.fixture
def wide(kafka: str, request: pytest.FixtureRequest) -> Place:
    place = Place(kafka, re.sub(r"[^\w.-]", "-", f"sums.{request.node.name}")[:80])
    place.create(PARTITIONS)
    return place


def test_a_successor_folds_silently_what_lies_between_state_and_offset(place: Place) -> None:
    place.produce(NUMBERS[:25])
    wiring = wiring_for(place.servers, place.name, checkpoint_records=10, batch_records=10)
    with running(wiring, place.step()):
        place.wait_for(25)
    place.produce(NUMBERS[25:40])
    with running(wiring, place.step()) as successor:
        found = place.wait_for(40)
    assert found == expected_lines(NUMBERS[:40])
    assert successor.step.silent == 5


def test_partitions_move_between_workers_and_every_sum_stays_right(wide: Place) -> None:
    first_wiring = wiring_for(wide.servers, wide.name, 0, checkpoint_records=7, batch_records=5)
    second_wiring = wiring_for(wide.servers, wide.name, 1, checkpoint_records=7, batch_records=5)
    with running(first_wiring, wide.step()) as first:
        wide.produce(NUMBERS[:90], PARTITIONS)
        wide.wait_for(90)
        with running(second_wiring, wide.step()) as second:
            assert eventually(lambda: len(second.processor.partitions) == 1, 30)
            wide.produce(NUMBERS[90:180], PARTITIONS)
            wide.wait_for(180)
        wide.produce(NUMBERS[180:], PARTITIONS)
        # The one that left is a static member: its partitions move when its session is over.
        found = wide.wait_for(300)
        assert len(first.processor.partitions) == PARTITIONS
    assert found == expected_lines(NUMBERS, PARTITIONS)


def test_more_workers_than_partitions_leave_one_idle_and_unharmed(place: Place) -> None:
    place.produce(NUMBERS)
    with (
        running(wiring_for(place.servers, place.name, 0), place.step()) as first,
        running(wiring_for(place.servers, place.name, 1), place.step()) as second,
    ):
        assert place.wait_for(300) == expected_lines(NUMBERS)
        owned = [first.processor.partitions, second.processor.partitions]
        assert sorted(owned) == [(), (0,)]
        assert (first.failure, second.failure) == (None, None)


@pytest.mark.parametrize("start", ["earliest", "latest"])
def test_a_first_start_begins_as_told(place: Place, start: str) -> None:
    place.produce(NUMBERS[:50])
    with running(wiring_for(place.servers, place.name, start=start), place.step()) as one:
        assert eventually(lambda: one.processor.partitions == (0,), 30)
        place.produce(NUMBERS[50:60])
        found = place.wait_for(60 if start == "earliest" else 10)
    assert len(found) == (60 if start == "earliest" else 10)


def test_what_arrives_while_a_worker_waits_for_its_model_is_processed(place: Place) -> None:
    place.produce(NUMBERS[:50])
    wiring = wiring_for(place.servers, place.name, start="latest")
    group = AdminClient({"bootstrap.servers": place.servers, "log_level": 2})

    def is_pinned() -> bool:
        return _committed(group, wiring.group, f"{place.name}.in") == 50

    with running(wiring, place.step(is_ready=False)) as waiting:
        assert eventually(is_pinned, 30)
        place.produce(NUMBERS[50:60])
        assert eventually(lambda: waiting.processor.waiting_records == 10, 30)
    with running(wiring, place.step(is_ready=False)) as patient:
        place.produce(NUMBERS[60:70])
        patient.step.ready.set()
        found = place.wait_for(20)
    assert sorted(int(line.split("/")[1]) for line in found) == list(range(50, 70))


def _committed(admin: AdminClient, group: str, topic: str) -> int | None:
    from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException

    asked = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])]
    try:
        found = admin.list_consumer_group_offsets(asked)[group].result()
    except KafkaException:
        return None
    return int(found.topic_partitions[0].offset)


def test_an_expired_position_stops_the_worker_with_instructions(place: Place) -> None:
    place.produce(NUMBERS[:20])
    wiring = wiring_for(place.servers, place.name, checkpoint_records=1)
    with running(wiring, place.step()):
        place.wait_for(20)
    place.produce(NUMBERS[20:60])
    place.expire(before=50)
    with running(wiring, place.step()) as stopped:
        failure = stopped.wait_for_end()
    assert isinstance(failure, OffsetError)
    assert "offset 20 is needed and the log now starts at 50" in str(failure)
    assert "streamscore --set scorer.expired_offsets=continue score" in str(failure)
    assert len(place.lines()) == 20


def test_told_to_continue_a_worker_goes_on_and_counts_what_was_lost(place: Place) -> None:
    place.produce(NUMBERS[:20])
    with running(wiring_for(place.servers, place.name), place.step()):
        place.wait_for(20)
    place.produce(NUMBERS[20:60])
    place.expire(before=50)
    wiring = wiring_for(place.servers, place.name, expired_offsets="continue")
    with running(wiring, place.step()) as one:
        found = place.wait_for(30)
    assert one.step.lost_records == 30
    assert {int(line.split("/")[1]) for line in found} == {*range(20), *range(50, 60)}


def test_a_second_worker_of_the_same_slot_ends_the_first(place: Place) -> None:
    wiring = wiring_for(place.servers, place.name)
    with running(wiring, place.step()) as first:
        place.produce(NUMBERS[:30])
        place.wait_for(30)
        with running(wiring, place.step()):
            failure = first.wait_for_end()
            assert isinstance(failure, BrokerError)
            assert f"another one uses slot 0 of group {wiring.group}" in str(failure)
            place.produce(NUMBERS[30:60])
            assert place.wait_for(60) == expected_lines(NUMBERS[:60])


def test_a_worker_fenced_by_its_own_lost_request_joins_once_more(place: Place) -> None:
    """The echo of its request is played by a consumer of the same slot."""
    wiring = wiring_for(place.servers, place.name)
    with running(wiring, place.step()) as one:
        place.produce(NUMBERS[:30])
        place.wait_for(30)
        one.processor._reader._broker_loss.learn(KafkaError(KafkaError._ALL_BROKERS_DOWN))
        echo = Consumer(consumer_config(wiring) | {"log_level": 2})
        echo.subscribe([wiring.input_topic])
        assert eventually(lambda: echo.poll(0.1) is None and len(one.step.opened) == 2, 60)
        place.produce(NUMBERS[30:60])
        assert place.wait_for(60) == expected_lines(NUMBERS[:60])
        assert one.failure is None
    echo.close()


def test_records_of_aborted_transactions_are_skipped_and_leave_no_lag(place: Place) -> None:
    writer = Producer(
        {
            "bootstrap.servers": place.servers,
            "transactional.id": place.name,
            "log_level": 2,
        }
    )
    writer.init_transactions(30)
    for is_kept in (True, False):
        writer.begin_transaction()
        for number in NUMBERS[:10]:
            writer.produce(f"{place.name}.in", str(number).encode())
        if is_kept:
            writer.commit_transaction(30)
        else:
            writer.flush(30)
            writer.abort_transaction(30)
    with running(wiring_for(place.servers, place.name), place.step()) as one:
        assert place.wait_for(10) == expected_lines(NUMBERS[:10])
        assert eventually(lambda: one.step.waiting == {0: 0}, 10)
    assert len(place.lines()) == 10


def test_a_worker_lives_through_restarts_of_the_broker(embedded_kafka: Kafka, wide: Place) -> None:
    wiring = wiring_for(wide.servers, wide.name, checkpoint_records=20)
    with running(wiring, wide.step()) as one:
        wide.produce(NUMBERS[:90], PARTITIONS)
        wide.wait_for(90)
        embedded_kafka.restart()
        wide.produce(NUMBERS[90:180], PARTITIONS)
        wide.wait_for(180)
        embedded_kafka.kill()
        wide.produce(NUMBERS[180:], PARTITIONS)
        assert wide.wait_for(300) == expected_lines(NUMBERS, PARTITIONS)
        assert one.failure is None


def _soon_pausing() -> Pausing:
    return Pausing("sums", "sums", Scorer(pause_records=10, pause_seconds=3600))


def test_a_pause_leaves_the_rest_unread_and_nothing_differs_after_it(place: Place) -> None:
    numbers = [*NUMBERS[:50], *[BAD] * 40, *NUMBERS[50:100]]
    pausing = _soon_pausing()
    place.produce(numbers)
    with running(wiring_for(place.servers, place.name), place.step(pausing=pausing)) as one:
        assert eventually(lambda: pausing.is_paused, 30)
        assert len(place.wait_for(56)) == 56
        assert one.step.waiting is not None
        assert eventually(lambda: one.step.waiting == {0: 84}, 10)
        for count in (62, 68):
            pausing.resume()
            assert eventually(lambda: bool(one.processor.why_paused), 30)
            assert len(place.wait_for(count)) == count
    assert one.failure is None
    patient = Pausing("sums", "sums", Scorer(pause_share=1))
    with running(wiring_for(place.servers, place.name), place.step(pausing=patient)):
        assert place.wait_for(140) == expected_lines(numbers)


def test_a_worker_that_pauses_stays_a_member_and_takes_part_in_rebalances(wide: Place) -> None:
    pausing = _soon_pausing()
    first_wiring = wiring_for(wide.servers, wide.name, 0, batch_records=5)
    second_wiring = wiring_for(wide.servers, wide.name, 1, batch_records=5)
    numbers = [*NUMBERS[:30], *[BAD] * 30]
    with running(first_wiring, wide.step(pausing=pausing)) as first:
        wide.produce(numbers, PARTITIONS)
        assert eventually(lambda: pausing.is_paused, 30)
        written = wide.lines()

        def partitions_since() -> set[str]:
            return {line.partition("/")[0] for line in set(wide.lines()) - set(written)}

        with running(second_wiring, wide.step(pausing=Pausing("s", "s", Scorer()))) as second:
            assert eventually(lambda: len(second.processor.partitions) == 1, 30)
            assert eventually(lambda: len(first.processor.partitions) == 2, 30)
            assert pausing.is_paused
            (moved,) = second.processor.partitions
            wide.produce(NUMBERS[:30], PARTITIONS)
            assert eventually(lambda: partitions_since() == {str(moved)}, 30)
            assert eventually(lambda: second.step.waiting == {moved: 0}, 30)
        assert partitions_since() == {str(moved)}
    assert (first.failure, second.failure) == (None, None)
