"""Transactions: outputs, states and offsets become visible together, or not at all."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaException, Producer, TopicPartition

from scorer.client_log import client_log
from scorer.patience import Patience
from scorer.step import Output

log = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 30.0

Point = Callable[[str, Producer], None]
"""Called at named points of each transaction, for tests that crash there."""


def pass_by(_name: str, _producer: Producer) -> None:
    """Do nothing at a named point."""


class Transactions:
    """One transactional producer.

    Parameters
    ----------
    config : dict
        Configuration of librdkafka.
    patience : Patience
        How long a broker that does not answer is borne with.
    at_point : callable
        Called at named points of each transaction.
    """

    def __init__(self, config: dict[str, Any], patience: Patience, at_point: Point) -> None:
        self._producer = Producer(config, logger=client_log("producer"))
        self._patience = patience
        self._at_point = at_point

    def start(self) -> None:
        """End what a predecessor of the same id left open, and fence it."""
        self._patience.ask(
            "let transactions begin", lambda: self._producer.init_transactions(_TIMEOUT_SECONDS)
        )

    def poll(self) -> None:
        """Pass on what librdkafka has to say."""
        self._producer.poll(0)

    def run(
        self,
        outputs: Sequence[Output],
        states: Sequence[Output],
        offsets: Sequence[TopicPartition],
        membership: object,
    ) -> None:
        """Commit one transaction.

        Parameters
        ----------
        outputs, states : sequence of Output
            What is written.
        offsets : sequence of TopicPartition
            What is read, for every partition that is written for: a worker that lost one of them
            is found out by it.
        membership : object
            The group metadata of the assignment under which the partitions were read.

        Raises
        ------
        KafkaException
            When it failed; unless the error is fatal, `abort` must follow.
        """
        producer, at_point = self._producer, self._at_point
        producer.begin_transaction()
        self._produce(outputs)
        at_point("after_produce", producer)
        self._produce(states)
        at_point("after_state", producer)
        producer.send_offsets_to_transaction(list(offsets), membership, _TIMEOUT_SECONDS)
        at_point("after_offsets", producer)
        at_point("before_commit", producer)
        self._commit()
        at_point("after_commit", producer)

    def abort(self) -> None:
        """End a failed transaction."""
        self._patience.ask(
            "abort a transaction", lambda: self._producer.abort_transaction(_TIMEOUT_SECONDS)
        )

    def _produce(self, outputs: Sequence[Output]) -> None:
        produce = self._producer.produce
        for output in outputs:
            while True:
                try:
                    produce(
                        output.topic,
                        output.value,
                        output.key,
                        output.partition,
                        headers=list(output.headers),
                    )
                    break
                except BufferError:
                    self._producer.poll(0.01)

    def _commit(self) -> None:
        """Commit; a commit that timed out may have happened, so it is asked for again."""
        while True:
            try:
                self._producer.commit_transaction(_TIMEOUT_SECONDS)
                return
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
                log.warning("a commit is tried again: %s", error)
