"""A signal to end leads to an orderly end, once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from embedded.termination import orderly_end

ENDS = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def as_in_a_new_process() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDS}
    for number in ENDS:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def opened(ended: list[str]) -> Iterator[None]:
    """What has to be ended, which takes a while."""
    try:
        yield
    finally:
        for again in ENDS:
            signal.raise_signal(again)  # somebody is impatient
        ended.append("ended")


@pytest.mark.parametrize("number", ENDS)
def test_what_a_block_has_open_is_ended_before_the_process(number: signal.Signals) -> None:
    ended: list[str] = []
    with pytest.raises(SystemExit) as end, orderly_end(), opened(ended):
        signal.raise_signal(number)
    assert ended == ["ended"]
    assert end.value.code == 128 + number
    assert [signal.getsignal(one) for one in ENDS] == [signal.SIG_DFL] * 2


def test_a_signal_that_was_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with orderly_end():
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
