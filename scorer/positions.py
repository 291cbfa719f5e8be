"""Where a processor goes on: from committed offset and state, or with a loud stop."""

import logging
from typing import Literal, NamedTuple

from streamscore.errors import OffsetError

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """What Kafka says of a partition when it is taken over; offsets, None where there is none.

    Attributes
    ----------
    partition : int
        The partition.
    low, high : int
        First offset that is still there, and the one after the last.
    committed : int or None
        The group's offset.
    pinned : bool
        The group's offset only marks where to begin: nothing was processed yet.
    state : int or None
        The first offset that is not in the newest usable state.
    """

    partition: int
    low: int
    high: int
    committed: int | None
    state: int | None
    pinned: bool = False


class Start(NamedTuple):
    """Where to go on.

    Attributes
    ----------
    read_from : int
        The first offset to read and fold.
    emit_from : int
        The first offset whose outcome is written; those before are folded silently.
    lost : int
        Records that retention removed before they were read.
    """

    read_from: int
    emit_from: int
    lost: int = 0


GO_ON = "streamscore --set scorer.expired_offsets=continue score ..."
"""The command that goes on past a position that is gone."""


def start_at(
    found: Found,
    topic: str,
    first_start: Literal["earliest", "latest"],
    expired: Literal["stop", "continue"],
) -> Start:
    """Decide where a partition goes on.

    Raises
    ------
    OffsetError
        When the position to go on from is gone and `expired` is `stop`.

    Examples
    --------
    >>> start_at(Found(0, 0, 900, 500, 480), "t", "earliest", "stop")
    Start(read_from=480, emit_from=500, lost=0)
    """
    emit_from = found.committed
    if emit_from is None and found.state is None:
        at = found.low if first_start == "earliest" else found.high
        return Start(at, at)
    where = f"{topic}, partition {found.partition}"
    if emit_from is None:
        _stop_if(
            expired, f"{where}: a state at {found.state} exists and the committed offset is gone"
        )
        emit_from = found.state or found.low
    if found.state is None and not found.pinned:
        # The first transaction of a partition writes its state.
        _stop_if(expired, f"{where}: {emit_from} is committed and its state is gone")
    if emit_from > found.high:
        _stop_if(expired, f"{where}: {emit_from} is committed and the log ends at {found.high}")
        return Start(found.low, found.low)
    lost = max(0, found.low - emit_from)
    read_from = emit_from if found.state is None else found.state
    if read_from < found.low:
        _stop_if(
            expired,
            f"{where}: offset {read_from} is needed and the log now starts at {found.low}",
        )
        emit_from = max(emit_from, found.low)
        read_from = emit_from
    return Start(read_from, emit_from, lost)


def _stop_if(expired: str, what: str) -> None:
    if expired == "stop":
        raise OffsetError(
            f"the position to go on from must still exist; {what}. Nothing was skipped. To go on "
            f"with what is left, and count what was lost, start once with `{GO_ON}`"
        )
    log.warning("going on past an expired position: %s", what)
