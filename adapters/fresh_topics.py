"""Asking about topics that were made a moment ago: their leaders may not know of it yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

Answer = TypeVar("Answer")

_LIMIT_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
_NOT_YET = {KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION}


def ask_when_led(
    question: Callable[[], Answer],
    limit_seconds: float = _LIMIT_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answer:
    """Return the answer to a question about partitions, once their leaders know of them.

    Parameters
    ----------
    question : callable
        Asks once; raises `KafkaException` where there is no answer.
    limit_seconds : float
        How long it is asked again.
    sleep, monotonic : callable
        Time.

    Raises
    ------
    KafkaException
        When the failure is another one, or the leaders do not know in time.
    """
    deadline_seconds = monotonic() + limit_seconds
    while True:
        try:
            return question()
        except KafkaException as error:
            if error.args[0].code() not in _NOT_YET or monotonic() >= deadline_seconds:
                raise
        sleep(_PAUSE_SECONDS)
