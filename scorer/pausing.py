"""When a processor pauses: too many of the latest records are bad, so something else is wrong.

A producer that was changed, or a source read with the wrong file, would turn a whole topic into
dead letters. What is remembered here decides when records are read, and never what becomes of
them: it is lost with the process, and no score depends on it.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from scorer.step import Message
from streamscore.settings import Scorer
from streamscore.sources import Reason, RecordFault, source_argument

log = logging.getLogger(__name__)

_LEAST_PROBE = 10
_LONGEST_SHOWN = 200

Fault = tuple[int, RecordFault]
"""Place of a bad record in its batch, and what is wrong with it."""


class _Crossing(Struct, frozen=True):
    """Why a pause begins: `bad` of the latest `seen` records, `often` of them for one reason.

    One of them lies at `place`, and `detail` is what is wrong with it.
    """

    bad: int
    seen: int
    reason: Reason
    often: int
    place: str
    detail: str


class _Pause(Struct, frozen=True):
    """A pause that is on, and when it ends by itself, in seconds of the monotonic clock."""

    crossing: _Crossing
    until_seconds: float


class Pausing:
    """The rule of one processor, and its pause. It changes with each record.

    A pause begins when more than `scorer.pause_share` of the latest `scorer.pause_records` records
    are bad, whatever else may come; records not yet seen count as good. It ends after
    `scorer.pause_seconds` or by command. What follows is a probe of a tenth as many records: where
    more than that share of it is bad, the next pause begins at once.

    Parameters
    ----------
    name : str
        Name of the processor.
    source : str
        Name of its source, for the commands that show bad records and end a pause.
    settings : Scorer
        Share, records and seconds.
    run : str or None
        The run whose records they are; none for the live stream.
    hides_event_times : bool
        Whether an example must not quote an event time, because it is private.
    monotonic : callable
        Returns seconds of a clock that never goes back.

    Examples
    --------
    >>> pausing = Pausing("scoring.x", "x", Scorer(pause_share=0.5, pause_records=10))
    >>> pausing.admit([None] * 4, [])
    4
    >>> pausing.is_paused
    False
    """

    def __init__(
        self,
        name: str,
        source: str,
        settings: Scorer,
        *,
        run: str | None = None,
        hides_event_times: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._source = source_argument(source)
        self._letters = f"{self._source} --run {run}" if run else self._source
        self._share = settings.pause_share
        self._records = settings.pause_records
        self._seconds = settings.pause_seconds
        self._hides_event_times = hides_event_times
        self._monotonic = monotonic
        self._asked = threading.Event()
        self._pause: _Pause | None = None
        self._crossing: _Crossing | None = None
        # Numbers of the bad ones among the latest records, with their reasons.
        self._bad: deque[tuple[int, Reason]] = deque()
        self._next = self._first = self._probed = 0

    @property
    def is_paused(self) -> bool:
        """Whether a pause is on."""
        return self._pause is not None

    def why(self) -> str:
        """Say why a pause is on and when it ends; empty where none is. For any thread."""
        pause = self._pause
        if pause is None:
            return ""
        left_seconds = max(0.0, pause.until_seconds - self._monotonic())
        return (
            f"{_told(pause.crossing)}, more than scorer.pause_share = {self._share:g} allows. "
            f"`streamscore deadletters list {self._letters}` shows them. "
            f"Goes on in {left_seconds:.0f} s, or with `streamscore deadletters resume "
            f"{self._source}`"
        )

    def resume(self) -> None:
        """Ask for the pause to end. For any thread; nothing happens where none is on."""
        self._asked.set()

    def admit(self, records: Sequence[Message], faults: Sequence[Fault], silent: int = 0) -> int:
        """Take note of a batch, and tell how many of its records may be processed.

        Parameters
        ----------
        records : sequence of Message
            The records of one partition.
        faults : sequence of (int, RecordFault)
            The bad ones, by ascending place.
        silent : int
            How many of the first ones were processed before: they are always admitted.

        Returns
        -------
        int
            From `silent` to all; the last one admitted is the one that the pause begins with.
        """
        if self._crossing is not None or self._pause is not None:
            return silent
        bad, first = self._bad, self._next
        for place, fault in faults:
            number = first + place
            window = self._window(number)
            bad.append((number, fault.reason))
            while bad[0][0] <= number - window:
                bad.popleft()
            if len(bad) > self._share * window and place >= silent:
                self._crossing = self._crossed(records, faults, place)
                return place + 1
        self._next += len(records)
        return len(records)

    def committed(self) -> bool:
        """Learn that what was admitted is committed; return whether a pause begins."""
        crossing, self._crossing = self._crossing, None
        if crossing is None:
            return False
        self._asked.clear()
        self._pause = _Pause(crossing, self._monotonic() + self._seconds)
        log.warning("%s pauses: %s", self._name, self.why())
        return True

    def aborted(self) -> None:
        """Learn that what was admitted comes again."""
        self._forget(is_careful=self._next < self._probed)

    def ends(self) -> bool:
        """Return whether a pause ends now."""
        pause = self._pause
        if pause is None:
            return False
        is_asked = self._asked.is_set()
        if not is_asked and self._monotonic() < pause.until_seconds:
            return False
        log.info("%s goes on %s", self._name, "as told" if is_asked else "after its pause")
        self._pause = None
        self._forget(is_careful=True)
        return True

    def _forget(self, *, is_careful: bool) -> None:
        self._crossing = None
        self._bad.clear()
        self._first = self._next
        probe = min(self._records, max(_LEAST_PROBE, self._records // 10))
        self._probed = self._next + probe if is_careful else self._next

    def _window(self, number: int) -> int:
        return self._probed - self._first if number < self._probed else self._records

    def _crossed(self, records: Sequence[Message], faults: Sequence[Fault], last: int) -> _Crossing:
        ((reason, often),) = Counter(reason for _, reason in self._bad).most_common(1)
        # The batch in hand may hold none of the most frequent ones.
        alike = [one for one in faults if one[0] <= last and one[1].reason == reason]
        place, fault = alike[-1] if alike else next(one for one in faults if one[0] == last)
        detail, record = fault.detail[:_LONGEST_SHOWN], records[place]
        if self._hides_event_times and fault.reason.startswith("event_time"):
            detail = "an event time, which is private"
        number = self._next + last
        return _Crossing(
            bad=len(self._bad),
            seen=min(self._window(number), number + 1 - self._first),
            reason=reason,
            often=often,
            place=f"{record.topic()}/{record.partition()}/{record.offset()}",
            detail=detail,
        )


def _told(crossing: _Crossing) -> str:
    return (
        f"paused: {crossing.bad} of the latest {crossing.seen} records are bad, mostly "
        f"{crossing.reason} ({crossing.often}), such as {crossing.place}: "
        f"{crossing.detail!r}"
    )
