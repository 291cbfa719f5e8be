"""An orderly end where this process is told to end, so that nothing of it stays behind."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Final

_ENDS: Final = (signal.SIGTERM, signal.SIGHUP)
_SIGNALLED: Final = 128
"""What a shell adds to a signal's number for the exit code of what it ended."""


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does: by an exception, once.

    A signal that was ignored before, as under ``nohup``, stays so. Further ones do not interrupt
    the end that is under way.

    Raises
    ------
    SystemExit
        Within the block, when a signal comes: 128 and its number, as a shell would tell it.
    """
    taken = [number for number in _ENDS if signal.getsignal(number) == signal.SIG_DFL]

    def end(number: int, _frame: object) -> None:
        for one in taken:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(_SIGNALLED + number)

    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
