"""A topic that was just made is waited for, for a while, and nothing else is."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from adapters.fresh_topics import ask_when_led


class Leader:
    """Answers after some failures; time passes only in its sleep."""

    def __init__(self, failures: int, code: int = KafkaError.NOT_LEADER_FOR_PARTITION) -> None:
        self.failures = failures
        self.code = code
        self.seconds = 0.0

    def answer(self) -> str:
        """Answer, or not yet."""
        if self.failures:
            self.failures -= 1
            raise KafkaException(KafkaError(self.code))
        return "here"

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds

    def ask(self) -> str:
        """Ask until it knows."""
        return ask_when_led(self.answer, 2.0, self.sleep, lambda: self.seconds)


def test_a_leader_that_does_not_know_yet_is_asked_again() -> None:
    leader = Leader(3)
    assert leader.ask() == "here"
    assert leader.seconds > 0


@pytest.mark.parametrize("code", [KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError._TIMED_OUT])
def test_another_failure_is_told_at_once(code: int) -> None:
    leader = Leader(1, code)
    with pytest.raises(KafkaException):
        leader.ask()
    assert leader.seconds == 0


def test_a_leader_that_never_knows_is_not_asked_for_ever() -> None:
    leader = Leader(10**9)
    with pytest.raises(KafkaException):
        leader.ask()
    assert 2.0 <= leader.seconds < 3.0
