"""A commit that Kafka does not answer to is asked for again, not for ever, and not in silence."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from adapters.patient_commit import commit
from streamscore.errors import BrokerError

SLOW = KafkaException(KafkaError(KafkaError._TIMED_OUT, "slow", retriable=True))
FENCED = KafkaException(KafkaError(KafkaError._FENCED, "fenced", fatal=True))
UNDELIVERED = KafkaException(KafkaError(KafkaError._TIMED_OUT, "lost", txn_requires_abort=True))


class Unanswered:
    """A producer whose commits go wrong, one after the other; the last one goes on to."""

    def __init__(self, *faults: BaseException | None) -> None:
        self.faults = faults
        self.tries = 0
        self.seconds = 0.0
        self.told: list[str] = []

    def commit_transaction(self, timeout_seconds: float) -> None:
        """Take the time that is given and go wrong."""
        fault = self.faults[min(self.tries, len(self.faults) - 1)]
        self.tries += 1
        self.seconds += timeout_seconds
        if fault is not None:
            raise fault

    def commit(self) -> None:
        """Commit, for ten seconds at most."""
        producer: Any = self
        commit(
            producer,
            "May have been sent.",
            self.told.append,
            limit_seconds=10,
            monotonic=lambda: self.seconds,
        )


def test_a_commit_that_comes_late_is_waited_for_with_one_word() -> None:
    late = Unanswered(SLOW, SLOW, None)
    late.commit()
    assert late.tries == 3
    assert late.told == [
        "Kafka does not confirm the commit (slow); it is asked again, for up to 10 s"
    ]


def test_a_commit_that_never_comes_ends_with_what_to_do() -> None:
    never = Unanswered(SLOW)
    with pytest.raises(BrokerError, match=r"within 10 s; received slow\. May have been sent\."):
        never.commit()
    assert never.tries == 5
    assert len(never.told) == 1


@pytest.mark.parametrize("faults", [(FENCED,), (UNDELIVERED,), (SLOW, UNDELIVERED)])
def test_a_commit_that_was_refused_did_not_happen(faults: tuple[KafkaException, ...]) -> None:
    with pytest.raises(KafkaException):
        Unanswered(*faults).commit()


def test_a_fence_behind_a_commit_without_an_answer_tells_nothing_of_it() -> None:
    with pytest.raises(BrokerError, match="May have been sent"):
        Unanswered(SLOW, FENCED).commit()


def test_ctrl_c_in_a_commit_says_what_may_be_true() -> None:
    broken_off = Unanswered(SLOW, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        broken_off.commit()
    assert broken_off.told[-1] == "May have been sent."
