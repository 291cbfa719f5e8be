"""Reading as a member of a group, on the embedded Kafka: how many records wait."""

import threading
import time

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from scorer.patience import Patience
from scorer.reader import Reader
from tests.processes import eventually
from tests.running_sums import produce, wiring_for

pytestmark = pytest.mark.integration


def test_what_waits_is_known_before_anything_is_fetched_and_as_it_is_read(kafka: str) -> None:
    wiring = wiring_for(kafka, "reader")
    admin = AdminClient({"bootstrap.servers": kafka, "log_level": 2})
    for future in admin.create_topics([NewTopic(wiring.input_topic, 1, 1)]).values():
        future.result()
    produce(kafka, wiring.input_topic, list(range(10)))
    patience = Patience(wiring.name, threading.Event(), time.monotonic)
    reader = Reader(wiring, patience, time.monotonic, lambda _: None, lambda: None)
    read: list[int] = []

    def reads_on() -> bool:
        for messages in reader.read(5, 0.1).values():
            read.extend(message.offset() for message in messages)
        return len(read) == 7

    try:
        reader.seek({0: 3})
        assert reader.lag({0: 3}) == {0: 7}
        assert eventually(reads_on, 30)
        assert reader.lag({0: read[-1] + 1}) == {0: 0}
    finally:
        reader.close()
