"""The state topic, read from its end: the newest state of a partition at or before an offset."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from scorer.client_log import client_log
from streamscore.errors import BrokerError

_FIRST_LOOK_BACK = 8
_TIMEOUT_SECONDS = 30.0
_PASSING = {KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT}


class StateLog:
    """Reads states that were committed.

    Parameters
    ----------
    connection : mapping
        How librdkafka connects.
    topic : str
        The state topic.
    """

    def __init__(self, connection: Mapping[str, str], topic: str) -> None:
        self._topic = topic
        config: dict[str, Any] = {
            **connection,
            # An assigned consumer joins no group; librdkafka wants a name all the same.
            "group.id": "streamscore-state-reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 5,
        }
        self._consumer = Consumer(config, logger=client_log("consumer"))
        # Sees what is written and not yet committed: whether there is more to come.
        self._ahead = Consumer(
            {**config, "isolation.level": "read_uncommitted"}, logger=client_log("consumer")
        )

    def newest(self, partition: int, fits: Callable[[bytes], bool]) -> bytes | None:
        """Return the newest committed state that fits, or none.

        Parameters
        ----------
        partition : int
            The partition.
        fits : callable
            Whether a state may be taken; states later than the committed offset may not.

        Raises
        ------
        BrokerError
            When the topic gives nothing.
        KafkaException
            When Kafka refuses, or does not answer, or a transaction has still to end: its state
            may be the one that is looked for, even when its offsets are already committed.
        """
        low, high = self._settled(partition)
        look_back = _FIRST_LOOK_BACK
        while high > low:
            start = max(low, high - look_back)
            found = [state for state in self._read(partition, start) if fits(state)]
            if found:
                return found[-1]
            if start == low:
                return None
            look_back *= 8
        return None

    def close(self) -> None:
        """Close the connection."""
        for consumer in (self._consumer, self._ahead):
            with contextlib.suppress(RuntimeError):
                consumer.close()

    def _settled(self, partition: int) -> tuple[int, int]:
        at = TopicPartition(self._topic, partition)
        _, end = self._ahead.get_watermark_offsets(at, _TIMEOUT_SECONDS)
        low, stable = self._consumer.get_watermark_offsets(at, _TIMEOUT_SECONDS)
        if stable < end:
            # A commit is marked partition by partition, and the state's mark may come last.
            raise KafkaException(
                KafkaError(
                    KafkaError._TIMED_OUT,
                    f"a transaction on {self._topic}, partition {partition}, has still to end",
                )
            )
        return low, stable

    def _read(self, partition: int, start: int) -> list[bytes]:
        self._consumer.assign([TopicPartition(self._topic, partition, start)])
        states: list[bytes] = []
        while True:
            # One at a time: consume() would wait for as many as it is asked for.
            message = self._consumer.poll(_TIMEOUT_SECONDS)
            if message is None:
                raise BrokerError(
                    f"the state topic {self._topic} must answer within {_TIMEOUT_SECONDS:.0f} s; "
                    f"partition {partition} gave nothing"
                )
            error = message.error()
            if error is None:
                value = message.value()
                if value is not None:
                    states.append(value)
            elif error.code() == KafkaError._PARTITION_EOF:
                if message.partition() == partition:
                    return states
            elif error.code() not in _PASSING:
                raise KafkaException(error)
