"""Producing at a fixed rate, and reading what becomes of it, on one clock."""

import threading
import time
from collections.abc import Sequence

import msgspec
import numpy as np
from confluent_kafka import Consumer, Producer
from numpy.typing import NDArray

from streamscore.events import ScoreLine

_LIMIT_SECONDS = 60.0


def produce_paced(
    producer: Producer, topic: str, values: Sequence[bytes], per_second: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Produce values to partition 0, each at its time.

    Parameters
    ----------
    producer : Producer
        Where to.
    topic : str
        The topic.
    values : sequence of bytes
        The records.
    per_second : float
        The rate.

    Returns
    -------
    stamps : float64 array of shape (n,)
        When each record was given to the producer: seconds of `time.perf_counter`.
    late_seconds : float64 array of shape (n,)
        How far behind its time each was.
    """
    stamps = np.empty(len(values))
    start = time.perf_counter()
    done = 0
    while done < len(values):
        now = time.perf_counter()
        due = min(len(values), int((now - start) * per_second) + 1)
        for i in range(done, due):
            stamps[i] = time.perf_counter()
            producer.produce(topic, values[i], partition=0)
        done = due
        producer.poll(0)
        ahead = start + done / per_second - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)
    producer.flush(_LIMIT_SECONDS)
    return stamps, stamps - (start + np.arange(len(values)) / per_second)


class ScoreReader:
    """Reads score lines in a thread and notes when each came. It changes as they come.

    Parameters
    ----------
    consumer : Consumer
        Subscribed to the topic of the scores, reading what is committed.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._stopping = threading.Event()
        self._came: list[tuple[float, bytes]] = []
        self._thread = threading.Thread(target=self._run, name="scores", daemon=True)
        self._thread.start()

    def wait_for(self, count: int) -> bool:
        """Wait until that many came, for a minute at most, and say whether they did."""
        end = time.monotonic() + _LIMIT_SECONDS
        while len(self._came) < count and time.monotonic() < end:
            time.sleep(0.02)
        return len(self._came) >= count

    def stop(self) -> dict[int, float]:
        """End reading; return the time at which each offset's first line came."""
        self._stopping.set()
        self._thread.join(_LIMIT_SECONDS)
        self._consumer.close()
        came: dict[int, float] = {}
        for at_seconds, value in self._came:
            line = msgspec.json.decode(value, type=ScoreLine)
            came.setdefault(line.offset, at_seconds)
        return came

    def _run(self) -> None:
        while not self._stopping.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                self._came.append((time.perf_counter(), message.value() or b""))
