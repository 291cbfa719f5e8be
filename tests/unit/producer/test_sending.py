"""A sender whose brokers confirm nothing gives up, and says how far it came."""

from types import SimpleNamespace
from typing import Any

import pytest

from producer import sending
from producer.sending import RecordSender
from streamscore.errors import BrokerError
from streamscore.headers import CONTROL_BEGIN
from streamscore.settings import Kafka


class SilentClient:
    """A client of brokers that take messages and confirm none."""

    def __init__(self, config: dict[str, Any], logger: Any) -> None:
        self.config = config
        self.queued = 0

    def __len__(self) -> int:
        return self.queued

    def produce(self, *_arguments: Any, **_options: Any) -> None:
        self.queued += 1

    def poll(self, _seconds: float) -> None:
        pass

    def purge(self) -> None:
        self.queued = 0

    def list_topics(self, topic: str, timeout: float) -> Any:
        found = SimpleNamespace(error=None, partitions={0: None, 1: None})
        return SimpleNamespace(topics={topic: found})


def test_brokers_that_confirm_nothing_are_waited_for_no_longer_than_agreed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "Producer", SilentClient)
    sender = RecordSender(Kafka(), "t", timeout_seconds=0.05)
    assert sender.partitions == 2
    with (
        pytest.raises(BrokerError, match=r"within 0\.05 s; 0 are confirmed.*_MSG_TIMED_OUT"),
        sender,
    ):
        sender.control(CONTROL_BEGIN, "mark")
