"""Reading records as a member of a group: joining, rebalances, batches by partition, lag."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from scorer.broker_loss import BrokerLoss
from scorer.client_log import client_log
from scorer.fencing import end_of
from scorer.patience import Patience, is_fatal
from scorer.positions import GO_ON
from scorer.step import Message
from scorer.wiring import Wiring, consumer_config
from streamscore.errors import OffsetError

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 30.0
_LAG_TIMEOUT_SECONDS = 2.0


class Reader:
    """The consumer of records. Rebalances happen within `read` alone.

    Parameters
    ----------
    wiring : Wiring
        Topic, group, slot, settings.
    patience : Patience
        How long a broker that does not answer is borne with.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    assigned : callable
        Called with the partitions that this worker is given; none is read until `seek`.
    revoked : callable
        Called when all partitions are taken away.

    Attributes
    ----------
    membership : object
        Group metadata of the assignment under which records are read. Kept: asked for later, it
        could be that of an assignment that is not yet known here, and would let a worker through
        that lost its partitions.
    was_rebalanced : bool
        Whether partitions were given or taken during the last `read`.
    """

    def __init__(
        self,
        wiring: Wiring,
        patience: Patience,
        monotonic: Callable[[], float],
        assigned: Callable[[list[int]], None],
        revoked: Callable[[], None],
    ) -> None:
        self._wiring = wiring
        self._patience = patience
        self._assigned = assigned
        self._revoked = revoked
        self._broker_loss = BrokerLoss(monotonic)
        self._failure: Exception | None = None
        self._was_fenced = False
        # Where the log was seen to end: behind the last record there may be marks of transactions.
        self._ends_seen: dict[int, int] = {}
        self.membership: object = None
        self.was_rebalanced = False
        self._open()

    @property
    def consumer(self) -> Consumer:
        """The consumer, another one after a fence."""
        return self._consumer

    def join(self) -> None:
        """Join the group."""
        self._consumer.subscribe(
            [self._wiring.input_topic],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_revoke,
        )

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def seek(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions, each from an offset, and no other."""
        topic = self._wiring.input_topic
        self._ends_seen = dict.fromkeys(offsets, 0)
        self._consumer.assign([TopicPartition(topic, p, at) for p, at in offsets.items()])

    def read(self, most: int, wait_seconds: float) -> dict[int, list[Message]]:
        """Return what has come, by partition.

        Raises
        ------
        BrokerError, OffsetError
            When there is nothing to wait for.
        """
        self.was_rebalanced = False
        messages = self._consumer.consume(most, wait_seconds)
        if self._failure is not None:
            raise self._failure
        batches = self._by_partition(messages)
        if self._was_fenced:
            self._join_again()
            return {}
        return batches

    def lag(self, next_offsets: Mapping[int, int]) -> dict[int, int]:
        """Return how many records wait in each partition, by what the last fetches told.

        Raises
        ------
        KafkaException
            When nothing was fetched from a partition yet, and Kafka, asked for it, does not answer.
        """
        lag = {}
        for partition, next_offset in next_offsets.items():
            at = TopicPartition(self._wiring.input_topic, partition)
            _, high = self._consumer.get_watermark_offsets(at, cached=True)
            if high < 0:
                lag.update(self.lag_unread({partition: next_offset}))
                continue
            lag[partition] = max(0, high - max(next_offset, self._ends_seen.get(partition, 0)))
        return lag

    def lag_unread(self, next_offsets: Mapping[int, int]) -> dict[int, int]:
        """Return how many records wait in partitions that are not read yet; Kafka is asked.

        Raises
        ------
        KafkaException
            When it does not answer.
        """
        lag = {}
        for partition, next_offset in next_offsets.items():
            at = TopicPartition(self._wiring.input_topic, partition)
            _, high = self._consumer.get_watermark_offsets(at, _LAG_TIMEOUT_SECONDS)
            lag[partition] = max(0, high - next_offset)
        return lag

    def _open(self) -> None:
        config = {**consumer_config(self._wiring), "error_cb": self._broker_loss.learn}
        self._consumer = Consumer(config, logger=client_log("consumer"))

    def _join_again(self) -> None:
        log.warning("%s: fenced after Kafka was lost; joins once more", self._wiring.name)
        self._was_fenced = False
        self._revoked()
        self._consumer.close()
        self._open()
        self.join()

    def _on_assign(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        self.was_rebalanced = True
        self.membership = consumer.consumer_group_metadata()
        try:
            consumer.assign([])
            self._assigned([at.partition for at in given])
        except Exception as error:  # noqa: BLE001  # `read` raises it, librdkafka would not
            consumer.assign([])
            self._failure = error

    def _on_revoke(self, _consumer: Consumer, _taken: list[TopicPartition]) -> None:
        self.was_rebalanced = True
        self._revoked()

    def _by_partition(
        self, consumed: Sequence[confluent_kafka.Message]
    ) -> dict[int, list[Message]]:
        batches: dict[int, list[Message]] = {}
        for one in consumed:
            error = one.error()
            message = cast(Message, one)
            if error is not None and error.code() == KafkaError._PARTITION_EOF:
                self._ends_seen[message.partition()] = message.offset()
                continue
            if error is not None:
                self._raise_unless_passing(error)
                continue
            partition = message.partition()
            if partition in batches:
                batches[partition].append(message)
            else:
                batches[partition] = [message]
        return batches

    def _raise_unless_passing(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise OffsetError(
                f"the position to go on from must still exist; {error.str()}. Nothing was "
                f"skipped; start once with `{GO_ON}` to go on with the oldest record that is left"
            )
        if is_fatal(error):
            if self._broker_loss.explains_a_fence():
                self._was_fenced = True
                return
            raise end_of(self._wiring, error)
        log.warning("%s: %s", self._wiring.name, error.str())
        if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            self._patience.ask("have the topic", self._raise_unless_there)

    def _raise_unless_there(self) -> None:
        topic = self._wiring.input_topic
        found = self._consumer.list_topics(topic, _TIMEOUT_SECONDS).topics[topic].error
        if found is not None:
            raise KafkaException(found)
