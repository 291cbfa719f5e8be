"""Whether a consumer lost all of Kafka lately, which may end its membership by its own doing."""

import threading
import time
from collections.abc import Callable

from confluent_kafka import KafkaError

_LATELY_SECONDS = 120.0


class BrokerLoss:
    """Remembers when no broker could be reached.

    A join whose answer is lost with the broker is sent again, as a second member of the same slot,
    which fences the first: the consumer is told that another took its place, and it was itself.

    Parameters
    ----------
    monotonic : callable
        Returns seconds of a clock that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._lost_seconds: float | None = None

    def learn(self, error: KafkaError) -> None:
        """Take note of what librdkafka tells, on whatever thread."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            with self._lock:
                self._lost_seconds = self._monotonic()

    def explains_a_fence(self) -> bool:
        """Tell whether to join once more; once for each loss, so that two of a slot do not fight.

        Examples
        --------
        >>> loss = BrokerLoss(lambda: 0.0)
        >>> loss.explains_a_fence()
        False
        >>> loss.learn(KafkaError(KafkaError._ALL_BROKERS_DOWN))
        >>> loss.explains_a_fence(), loss.explains_a_fence()
        (True, False)
        """
        with self._lock:
            lost_seconds, self._lost_seconds = self._lost_seconds, None
        return lost_seconds is not None and self._monotonic() - lost_seconds <= _LATELY_SECONDS
