"""How far a replay is, told a few times a second."""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from producer.pacing import Clock

_TOLD_EVERY_SECONDS = 0.2

Phase = Literal["reading", "sending"]


class Progress(Struct, frozen=True):
    """How far a replay is.

    Attributes
    ----------
    phase : {"reading", "sending"}
        Files are read whole before the first row is sent: they need not be in order.
    rows : int
        Rows read or sent.
    total : int or None
        Rows to be sent; None while they are read.
    event_ms : int or None
        Event time of the latest row sent, milliseconds since 1970-01-01T00:00Z.
    seconds : float
        Time since the phase began.
    """

    phase: Phase
    rows: int
    total: int | None
    event_ms: int | None
    seconds: float


OnProgress = Callable[[Progress], None]


class Telling:
    """Tells how far the replay is, a few times a second, and notices when it is to stop.

    Parameters
    ----------
    clock : Clock
        Time.
    on_progress : callable
        Is told.
    is_stopped : callable
        Is asked; True once means stopped for good.
    """

    def __init__(
        self, clock: Clock, on_progress: OnProgress, is_stopped: Callable[[], bool]
    ) -> None:
        self.clock = clock
        self._on_progress = on_progress
        self._ask = is_stopped
        self.is_stopped = False
        self.begin("reading", None)

    def begin(self, phase: Phase, total: int | None) -> None:
        """Begin a phase, of so many rows where that is known."""
        self._phase, self._total = phase, total
        self.start = self._told = self.clock.now()

    def seconds(self) -> float:
        """Return how long the phase has taken so far."""
        return self.clock.now() - self.start

    def rows_read(self, rows: int) -> bool:
        """Tell how many rows were read; True when the replay is to stop."""
        return self.tell(rows, None)

    def tell(self, rows: int, event_ms: int | None, *, always: bool = False) -> bool:
        """Tell rows and event time, unless just told; True when the replay is to stop."""
        now = self.clock.now()
        if always or now - self._told >= _TOLD_EVERY_SECONDS:
            self._told = now
            passed = now - self.start
            self._on_progress(Progress(self._phase, rows, self._total, event_ms, passed))
        self.is_stopped = self.is_stopped or self._ask()
        return self.is_stopped
