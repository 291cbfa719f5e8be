"""What the header costs that a replay is found by: the same rows sent with it and without."""

import time
from typing import NamedTuple

import numpy as np

from adapters.topic_admin import TopicAdmin
from benchmarks._one_replay import SOURCE
from producer.marks import ReplayMark
from producer.ordering import OrderedRow
from producer.outgoing import Outgoing
from producer.sending import RecordSender
from streamscore.headers import ROW
from streamscore.settings import Kafka
from streamscore.sources import Codec
from streamscore.sources.rows import JsonRows
from streamscore.topics import TopicPlan

_PARTITIONS = 3
_ROUNDS = 5


class Cost(NamedTuple):
    """What sending took: rows a second, and microseconds of the processor for each row."""

    rate: float
    cpu_us: float


def cost_of(servers: str, topic: str, rows: list[OrderedRow], *, marked: bool) -> Cost:
    """Send rows as a replay does, or with nothing but their ids."""
    kafka = Kafka(bootstrap_servers=servers)
    with TopicAdmin(kafka) as admin:
        admin.create([TopicPlan(topic, "records", _PARTITIONS, 1, {})])
    codec = Codec(SOURCE)
    mark = ReplayMark("0f3a5b7c9d11", "77e0c4a1b2d3", time.time_ns() // 1_000_000, _PARTITIONS)
    with RecordSender(kafka, topic) as sender:
        outgoing = Outgoing(sender, codec, mark)
        start, cpu_start = time.perf_counter(), time.process_time()
        for number, ordered in enumerate(rows):
            if marked:
                outgoing.send(ordered, lambda _index, _utc_ms: True)
            else:
                row_id, row = ordered
                sender.send(row.value, row.key, number % _PARTITIONS, [(ROW, row_id)])
        sender.flush()
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return Cost(len(rows) / seconds, 1e6 * cpu_seconds / len(rows))


def mark_cost(servers: str, values: list[bytes]) -> dict[str, float]:
    """Return the medians with the header and without, sent in turn after one round to warm up."""
    read = JsonRows(SOURCE).read
    rows = [OrderedRow(f"a.csv:{number}", read(value)) for number, value in enumerate(values)]
    costs: dict[bool, list[Cost]] = {True: [], False: []}
    for number in range(_ROUNDS + 1):
        for marked, found in costs.items():
            topic = f"cost.{number}.{marked}".lower()
            found.append(cost_of(servers, topic, rows, marked=marked))
    rate, cpu_us = np.median(costs[True][1:], axis=0)
    plain_rate, plain_cpu_us = np.median(costs[False][1:], axis=0)
    return {
        "rate_with_mark": float(rate),
        "rate_without_mark": float(plain_rate),
        "cpu_us_with_mark": float(cpu_us),
        "cpu_us_without_mark": float(plain_cpu_us),
        "cpu_without_mark_over_with": float(plain_cpu_us / cpu_us),
    }
