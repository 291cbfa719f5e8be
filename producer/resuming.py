"""Where a replay that was broken off goes on: the topic is the truth, nothing is kept beside it."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from producer.marks import ReplayMark
from producer.traces import Traces
from streamscore.errors import UsageError

_MOST_LOOKS = 5
_LOOK_AGAIN_SECONDS = 1.0


class Resumption(Struct, frozen=True):
    """A replay that was broken off, as its topic shows it.

    Attributes
    ----------
    mark : ReplayMark
        What its messages carry, and will carry.
    last_ids : dict of int to str
        The last record of it in each of its partitions; empty where there is none yet.
    ended : frozenset of int
        The partitions that have the control record at the end, and so all of it.
    """

    mark: ReplayMark
    last_ids: dict[int, str]
    ended: frozenset[int]

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left to send."""
        return self.ended.issuperset(range(self.mark.partitions))


def resumption_of(traces: Traces, topic: str) -> Resumption | None:
    """Tell from what a topic holds of a replay where it goes on.

    What a partition holds of a replay is the beginning of what the replay sends to it, because
    delivery is in order and without gaps; so its last message says all. Of several starts of the
    same plan the newest counts.

    Parameters
    ----------
    traces : Traces
        What the topic holds of it.
    topic : str
        Its name.

    Returns
    -------
    Resumption or None
        None where no record of it was sent.

    Raises
    ------
    UsageError
        When the topic has lost what would tell where to go on.

    Examples
    --------
    >>> from producer.traces import Trace
    >>> mark = ReplayMark("0f3a5b7c9d11", "77e0c4a1b2d3", 1_700_000_000_000, 1)
    >>> found = Traces({0: Trace(mark, "row", "a.csv:7")}, is_shortened=False)
    >>> resumption_of(found, "records.trial").last_ids
    {0: 'a.csv:7'}
    """
    if not any(traces.found()):
        return None
    mark = max((trace.mark for trace in traces.found()), key=lambda mark: mark.started_ms)
    own = {n: trace for n, trace in traces.by_partition.items() if trace and trace.mark == mark}
    if all(trace.kind == "begin" for trace in own.values()):
        return None
    astray = [n for n, trace in own.items() if n >= mark.partitions and trace.kind == "row"]
    if astray:
        raise lost(
            f"{topic} was given more partitions while it was sent, and partition {astray[0]} took "
            "rows that another one would take now"
        )
    absent = [number for number in range(mark.partitions) if number not in own]
    if absent:
        raise lost(f"partition {absent[0]} of {topic} holds nothing of it any more")
    return Resumption(
        mark,
        {number: own[number].message_id for number in range(mark.partitions)},
        frozenset(number for number, trace in own.items() if trace.kind == "end"),
    )


def lost(why: str) -> UsageError:
    """Return the refusal to go on where it cannot be told from where."""
    return UsageError(
        f"--resume goes on after the last row that the topic holds of this replay; {why}. Without "
        "--resume the replay begins at its beginning, and sends again what was sent before."
    )


def check_content(resumption: Resumption, content: str, topic: str) -> None:
    """Refuse to go on with files that are not those that were begun with.

    Raises
    ------
    UsageError
        When they differ.
    """
    if resumption.mark.content != content:
        raise UsageError(
            f"--resume goes on with the files that the replay was begun with; {topic} holds one of "
            f"these names whose content was {resumption.mark.content}, got {content}: a file has "
            "changed since. Bring the former content back, or send the present one beside it with "
            "--run NAME."
        )


class Sleeper(Protocol):
    """What waiting needs of a clock."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def settled(
    found: Resumption,
    look_again: Callable[[], Resumption | None],
    topic: str,
    clock: Sleeper,
) -> Resumption:
    """Return where to go on once that no longer moves.

    The last messages of a killed process may still lie in a socket, or wait for a replica. So a
    control record is sent first: what the brokers have confirmed behind it they show, and what
    still comes after it is seen by looking again.

    Parameters
    ----------
    found : Resumption
        What was found at first.
    look_again : callable
        Marks every partition, then looks once more.
    topic : str
        The topic.
    clock : Sleeper
        Time.

    Raises
    ------
    UsageError
        When more of the replay keeps coming: it is still running.
    """
    for look in range(_MOST_LOOKS):
        if look:
            clock.sleep(_LOOK_AGAIN_SECONDS)
        again = look_again()
        if again == found:
            return found
        found = again or found
    raise UsageError(
        f"a replay is sent by one process at a time; more of this one keeps coming to {topic}. "
        "Stop the process that sends it, or wait for its end."
    )
