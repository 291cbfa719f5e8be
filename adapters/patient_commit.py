"""A commit that is asked for again while Kafka does not answer, for a while and not in silence."""

from __future__ import annotations

import time
from collections.abc import Callable

from confluent_kafka import KafkaException, Producer

from streamscore.errors import BrokerError

_TRY_SECONDS = 2.0
"""Short, for Ctrl-C is heard between two tries alone."""

_LIMIT_SECONDS = 120.0


def commit(
    producer: Producer,
    uncertain: str,
    tell: Callable[[str], None],
    *,
    limit_seconds: float = _LIMIT_SECONDS,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Commit; one that timed out may have happened, so it is asked for again.

    Parameters
    ----------
    producer : Producer
        In a transaction.
    uncertain : str
        What is true where nobody knows whether it was committed, and what to do.
    tell : callable
        Called once with a line when Kafka makes wait, and with `uncertain` after Ctrl-C.
    limit_seconds : float
        How long is waited.
    monotonic : callable
        Returns seconds of a clock that never goes back.

    Raises
    ------
    KafkaException
        When Kafka refused: nothing was committed.
    BrokerError
        When it may have been committed.
    """
    began_seconds = monotonic()
    is_told = False
    try:
        while True:
            try:
                producer.commit_transaction(_TRY_SECONDS)
                return
            except KafkaException as error:
                cause = error.args[0]
                if not cause.retriable() and (not is_told or cause.txn_requires_abort()):
                    raise
                if not cause.retriable() or monotonic() - began_seconds >= limit_seconds:
                    raise BrokerError(
                        f"Kafka must confirm a commit within {limit_seconds:g} s; received "
                        f"{cause.str()}. {uncertain}"
                    ) from error
                if not is_told:
                    is_told = True
                    tell(
                        f"Kafka does not confirm the commit ({cause.str()}); it is asked again, "
                        f"for up to {limit_seconds:g} s"
                    )
    except KeyboardInterrupt:
        tell(uncertain)
        raise
