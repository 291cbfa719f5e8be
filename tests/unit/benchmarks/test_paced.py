"""A paced producer keeps to its rate and tells when it gave each record away."""

import time
from typing import Any, cast

import numpy as np
from confluent_kafka import Producer

from benchmarks._paced import produce_paced


class FakeProducer:
    """Keeps what it is given, with the time."""

    def __init__(self) -> None:
        self.given: list[tuple[bytes, float]] = []

    def produce(self, topic: str, value: bytes, partition: int) -> None:
        self.given.append((value, time.perf_counter()))

    def poll(self, timeout: float) -> int:
        return 0

    def flush(self, timeout: float) -> int:
        return 0


def test_no_record_is_produced_before_its_time_and_all_in_order() -> None:
    producer: Any = FakeProducer()
    values = [str(i).encode() for i in range(50)]
    stamps, late_seconds = produce_paced(cast("Producer", producer), "t", values, 500.0)
    assert [value for value, _ in producer.given] == values
    assert (late_seconds >= -1e-6).all()
    assert stamps[-1] - stamps[0] >= 49 / 500.0 - late_seconds[0] - 1e-6
    assert (np.array([at for _, at in producer.given]) >= stamps).all()
