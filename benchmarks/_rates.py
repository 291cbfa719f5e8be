"""The sides of the pipeline benchmark: each reads the same topic and returns records a second."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, Producer

from benchmarks._sklearn_design import SklearnDesign
from benchmarks._worker import CommitClock, make_worker, settings_for
from streamscore.scoring import Model
from streamscore.sources import Codec

_LIMIT_SECONDS = 120.0
_TUTORIAL_BATCH = 1024


class Topic:
    """A records topic that holds a known number of records.

    Parameters
    ----------
    bootstrap_servers : str
        The broker.
    name : str
        The topic; it exists.
    size : int
        How many records it holds.
    """

    def __init__(self, bootstrap_servers: str, name: str, size: int) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.name = name
        self.size = size

    def fill(self, values: Sequence[bytes]) -> None:
        """Write the records."""
        config = {"bootstrap.servers": self.bootstrap_servers, "linger.ms": 20}
        producer = Producer(config | {"compression.type": "lz4", "enable.idempotence": True})
        for value in values:
            while True:
                try:
                    producer.produce(self.name, value, partition=0)
                    break
                except BufferError:
                    producer.poll(0.1)
        if left := producer.flush(_LIMIT_SECONDS):
            raise TimeoutError(f"{left} records of {self.name} were not delivered")

    def reader(self, group: str, **more: Any) -> Consumer:
        """Return a consumer that starts at the first record."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 5,
        }
        consumer = Consumer(config | more)
        consumer.subscribe([self.name])
        return consumer


def tutorial_rate(topic: Topic, design: SklearnDesign, out: str, name: str, records: int) -> float:
    """Score one record at a time, and flush each anomaly, as most examples do."""
    consumer = topic.reader(name)
    producer = Producer({"bootstrap.servers": topic.bootstrap_servers})
    done, began = 0, 0.0
    while done <= records:
        message = consumer.poll(1.0)
        if message is None or message.error() is not None:
            continue
        if design.predict_one(message.value() or b""):
            producer.produce(out, message.value())
            producer.flush()
        if done == 0:
            began = time.perf_counter()
        done += 1
    rate = (done - 1) / (time.perf_counter() - began)
    consumer.close()
    return rate


def batched_rate(topic: Topic, design: SklearnDesign, out: str, name: str, records: int) -> float:
    """Score batches of 1,024, and flush once a batch."""
    consumer = topic.reader(name)
    producer = Producer({"bootstrap.servers": topic.bootstrap_servers})
    done, first, began = 0, 0, 0.0
    while done < first + records:
        messages = consumer.consume(_TUTORIAL_BATCH, 0.1)
        values = [message.value() or b"" for message in messages if message.error() is None]
        if not values:
            continue
        for value, is_anomaly in zip(values, design.predict(values), strict=True):
            if is_anomaly:
                producer.produce(out, value)
        producer.flush()
        if done == 0:
            began, first = time.perf_counter(), len(values)
        done += len(values)
    rate = (done - first) / (time.perf_counter() - began)
    consumer.close()
    return rate


def decoding_rate(topic: Topic, codec: Codec, name: str) -> float:
    """Consume and decode alone: what is left when nothing is done with a record."""
    consumer = topic.reader(name)
    done, first, began = 0, 0, 0.0
    while done < topic.size:
        messages = consumer.consume(4096, 0.003)
        for message in messages:
            if message.error() is None:
                codec.decode(message.value())
                done += 1
        if done and not began:
            began, first = time.perf_counter(), done
    rate = (done - first) / (time.perf_counter() - began)
    consumer.close()
    return rate


def worker_rate(topic: Topic, model: Model, name: str) -> float:
    """Run a scoring worker over the topic: transactions, state, events and metrics included."""
    report = CommitClock(model.source)
    worker = make_worker(settings_for(topic.bootstrap_servers, name), model, report)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            worker.run()
        except BaseException as error:  # noqa: BLE001  # told by the thread that waits
            failures.append(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    end = time.monotonic() + _LIMIT_SECONDS
    while report.processed < topic.size and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.02)
    worker.stop()
    thread.join(_LIMIT_SECONDS)
    if failures:
        raise failures[0]
    if report.processed != topic.size:
        raise TimeoutError(f"{name} scored {report.processed} of {topic.size} records")
    return report.records_per_second()
