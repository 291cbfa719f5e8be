"""The producer of the harness: throttled, idempotent, each record with its row id."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from benchmarks._faults.records import Row
from streamscore import headers

_DELIVERY_SECONDS = 120.0
_PACED_EVERY = 20
_SLOWEST_SHARE = 0.02


class Producing(threading.Thread):
    """Produces rows in turn over the partitions, then a control record in each.

    Parameters
    ----------
    bootstrap_servers : str
        The broker.
    topic : str
        Where to.
    partitions : int
        Over how many.
    rows : sequence of Row
        What.
    per_second : float
        How many records a second, until `hurry`; fewer and fewer in the last quarter, so that some
        are left for faults that take their time on a busy machine.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str,
        partitions: int,
        rows: Sequence[Row],
        per_second: float,
    ) -> None:
        super().__init__(name="producing", daemon=True)
        self._topic = topic
        self._partitions = partitions
        self._rows = rows
        self._per_second = per_second
        self._hurry = threading.Event()
        self._ending = threading.Event()
        self.sent = 0
        self.delivered = 0
        self.failed: list[str] = []
        config: dict[str, Any] = {
            "bootstrap.servers": bootstrap_servers,
            "enable.idempotence": True,
            "delivery.timeout.ms": int(_DELIVERY_SECONDS * 1000),
            "linger.ms": 5,
            "log_level": 2,
        }
        self._producer = Producer(config)

    def hurry(self) -> None:
        """Send the rest as fast as it goes."""
        self._hurry.set()

    def stop(self) -> None:
        """Send no more."""
        self._ending.set()
        self._hurry.set()

    @property
    def is_hurried(self) -> bool:
        """Whether the rate was lifted."""
        return self._hurry.is_set()

    def run(self) -> None:
        """Produce everything and wait for the broker's word on each."""
        due = time.monotonic()
        for i, row in enumerate(self._rows):
            if not self._hurry.is_set() and i % _PACED_EVERY == 0:
                self._producer.poll(0)
                self._hurry.wait(max(0.0, due - time.monotonic()))
                due += _PACED_EVERY / self._rate(i)
            if self._ending.is_set():
                break
            self._send(row.value, i % self._partitions, (headers.ROW, row.row_id.encode()))
            self.sent += 1
        for partition in range(self._partitions):
            self._send(None, partition, (headers.CONTROL, headers.CONTROL_END))
        left = self._producer.flush(_DELIVERY_SECONDS)
        if left:
            self.failed.append(f"{left} were not delivered")

    def _rate(self, sent: int) -> float:
        left = 1 - sent / len(self._rows)
        return self._per_second * min(1.0, max(4 * left, _SLOWEST_SHARE))

    def _send(self, value: bytes | None, partition: int, header: tuple[str, bytes]) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    value,
                    partition=partition,
                    headers=[header],
                    on_delivery=self._on_delivery,
                )
                return
            except BufferError:
                self._producer.poll(0.05)

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.delivered += 1
        else:
            self.failed.append(error.str())
