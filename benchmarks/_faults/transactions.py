"""Transactions as the broker sees them: which are open, and how long one holds readers up."""

import threading
import time
from typing import Any, NamedTuple

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from kafka.admin import KafkaAdminClient

from scorer.patience import Patience

_LIMIT_SECONDS = 90.0
_EVERY_SECONDS = 0.05


class Abandoned(NamedTuple):
    """A transaction that its worker left open, and where it holds readers up.

    Attributes
    ----------
    ends : dict of TopicPartition to int
        For each partition of its outputs the end of the log when it was found.
    since_seconds : float
        When the worker died, on the monotonic clock.
    """

    ends: dict[TopicPartition, int]
    since_seconds: float


class Broker:
    """Asks the broker about transactions and ends of logs; one for each thread.

    Parameters
    ----------
    bootstrap_servers : str
        The broker.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._kafka_python = KafkaAdminClient(bootstrap_servers=bootstrap_servers)

    def close(self) -> None:
        """Close the connections."""
        self._kafka_python.close()

    def abandoned(self, transactional_id: str, since_seconds: float) -> Abandoned | None:
        """Return what a dead worker left open, or none where it left nothing."""
        described = self._kafka_python.describe_transactions([transactional_id])
        found = described[transactional_id]
        if found.state != "Ongoing":
            return None
        partitions = [
            TopicPartition(at.topic, at.partition)
            for at in found.topic_partitions
            if not at.topic.startswith("__")
        ]
        patience = Patience("the benchmark", threading.Event())
        ends = patience.ask(
            "tell the ends of logs", lambda: self.ends(partitions, is_committed=False)
        )
        return Abandoned(ends, since_seconds)

    def ends(self, partitions: list[TopicPartition], *, is_committed: bool) -> dict[Any, int]:
        """Return ends of logs: of what is committed, or of all."""
        # A client of its own each time: after a restart of the broker one keeps to the leader's
        # epoch that it knows, which is refused.
        client = AdminClient({"bootstrap.servers": self._bootstrap_servers, "log_level": 2})
        level = IsolationLevel.READ_COMMITTED if is_committed else IsolationLevel.READ_UNCOMMITTED
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = client.list_offsets(dict.fromkeys(partitions, latest), isolation_level=level)
        return {at: future.result().offset for at, future in asked.items()}

    def held_up_seconds(self, abandoned: Abandoned) -> float:
        """Wait until readers have passed an abandoned transaction; return how long that took.

        Raises
        ------
        TimeoutError
            When they do not.
        """
        while True:
            now_seconds = time.monotonic()
            if now_seconds - abandoned.since_seconds > _LIMIT_SECONDS:
                raise TimeoutError(f"readers must pass {abandoned} in {_LIMIT_SECONDS:.0f} s")
            if self._is_passed(abandoned):
                return now_seconds - abandoned.since_seconds
            time.sleep(_EVERY_SECONDS)

    def _is_passed(self, abandoned: Abandoned) -> bool:
        try:
            committed = self.ends(list(abandoned.ends), is_committed=True)
        except KafkaException:  # the broker restarts
            return False
        return all(committed[at] >= end for at, end in abandoned.ends.items())


class HoldUps:
    """Measures, each in a thread of its own, how long abandoned transactions hold readers up.

    Parameters
    ----------
    bootstrap_servers : str
        The broker.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._threads: list[threading.Thread] = []
        self.seconds: list[float] = []

    def watch(self, abandoned: Abandoned) -> None:
        """Measure one."""
        thread = threading.Thread(target=self._measure, args=(abandoned,), daemon=True)
        thread.start()
        self._threads.append(thread)

    def finish(self) -> list[float]:
        """Wait for all and return their durations, in seconds.

        Raises
        ------
        TimeoutError
            When one was never passed.
        """
        for thread in self._threads:
            thread.join(_LIMIT_SECONDS + 10)
        if len(self.seconds) < len(self._threads):
            raise TimeoutError("readers must pass every abandoned transaction; some they did not")
        return sorted(self.seconds)

    def _measure(self, abandoned: Abandoned) -> None:
        broker = Broker(self._bootstrap_servers)
        try:
            self.seconds.append(broker.held_up_seconds(abandoned))
        finally:
            broker.close()
