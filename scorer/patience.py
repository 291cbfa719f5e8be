"""Patience with a broker that restarts: what fails in passing is asked again."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException

log = logging.getLogger(__name__)

_LIMIT_SECONDS = 120.0
_PAUSE_SECONDS = 0.2

_FORBIDDEN = {
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}

_NEVER_PASSES = {
    KafkaError._AUTHENTICATION,
    KafkaError._FENCED,
    KafkaError._INVALID_ARG,
    KafkaError._STATE,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    *_FORBIDDEN,
}

Answer = TypeVar("Answer")


_NEVER_FITS = {KafkaError.INVALID_RECORD, KafkaError.MSG_SIZE_TOO_LARGE}


def will_fail_again(error: KafkaError) -> bool:
    """Tell whether a transaction that failed so would fail again however often it is tried."""
    return is_fatal(error) or error.code() in _NEVER_FITS or error.code() in _FORBIDDEN


def is_fatal(error: KafkaError) -> bool:
    """Tell whether a client is of no use any more, as when another took its place."""
    # A consumer's fatal error comes as a message whose error does not say of itself that it is.
    return error.fatal() or error.code() == KafkaError._FATAL


class Patience:
    """Asks the broker until it answers, for at most two minutes or until the worker is to stop.

    Parameters
    ----------
    name : str
        Who asks.
    stopping : threading.Event
        Set when nothing is worth waiting for any more.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    """

    def __init__(
        self,
        name: str,
        stopping: threading.Event,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._stopping = stopping
        self._monotonic = monotonic

    def ask(self, wish: str, question: Callable[[], Answer]) -> Answer:
        """Return the answer to a question.

        Parameters
        ----------
        wish : str
            What Kafka must do, for people.
        question : callable
            Asks once; raises `KafkaException` where there is no answer.

        Raises
        ------
        KafkaException
            When the failure is one that does not pass, or did not in time.
        """
        began_seconds = self._monotonic()
        is_told = False
        while True:
            try:
                return question()
            except KafkaException as error:
                cause: KafkaError = error.args[0]
                if is_fatal(cause) or cause.code() in _NEVER_PASSES:
                    raise
                if self._monotonic() - began_seconds > _LIMIT_SECONDS:
                    raise
                if not is_told:
                    log.warning("%s: Kafka must %s; asked again: %s", self._name, wish, cause.str())
                is_told = True
                if self._stopping.wait(_PAUSE_SECONDS):
                    raise
