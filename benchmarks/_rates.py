"""The sides of the pipeline benchmark: each reads the same topic and returns records a second."""

import time

from confluent_kafka import Producer

from benchmarks._broker import Topic
from benchmarks._sklearn_design import SklearnDesign
from benchmarks._worker import CommitClock, make_worker, run_worker, settings_for
from streamscore.scoring import Model
from streamscore.sources import Codec

_TUTORIAL_BATCH = 1024


def tutorial_rate(topic: Topic, design: SklearnDesign, name: str, records: int) -> float:
    """Score one record at a time, and flush each anomaly, as most examples do."""
    consumer = topic.reader(name)
    producer = Producer({"bootstrap.servers": topic.bootstrap_servers})
    done, began = 0, 0.0
    while done <= records:
        message = consumer.poll(1.0)
        if message is None or message.error() is not None:
            continue
        if design.predict_one(message.value() or b""):
            producer.produce(topic.anomalies, message.value())
            producer.flush()
        if done == 0:
            began = time.perf_counter()
        done += 1
    rate = (done - 1) / (time.perf_counter() - began)
    consumer.close()
    return rate


def batched_rate(topic: Topic, design: SklearnDesign, name: str, records: int) -> float:
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
                producer.produce(topic.anomalies, value)
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
    report = CommitClock(topic.source)
    worker = make_worker(settings_for(topic.bootstrap_servers, name), topic.source, model, report)
    run_worker(worker, lambda: report.processed >= topic.size)
    if report.processed != topic.size:
        raise TimeoutError(f"{name} scored {report.processed} of {topic.size} records")
    return report.records_per_second()
