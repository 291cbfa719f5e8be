"""What a processor does with records: the contract between the machinery and its steps."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

Headers = Sequence[tuple[str, bytes | None]]


class Message(Protocol):
    """A consumed record, as confluent-kafka gives it: none of these is missing from one."""

    def topic(self) -> str:
        """Return the topic."""
        ...

    def partition(self) -> int:
        """Return the partition."""
        ...

    def offset(self) -> int:
        """Return the offset."""
        ...

    def key(self) -> bytes | None:
        """Return the key."""
        ...

    def value(self) -> bytes | None:
        """Return the value."""
        ...

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Return the headers, none where there are none."""
        ...

    def timestamp(self) -> tuple[int, int]:
        """Return the kind of timestamp, and milliseconds since the epoch."""
        ...


class Output(NamedTuple):
    """One message to produce."""

    topic: str
    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    partition: int = -1


class Folded(NamedTuple):
    """What a step made of messages.

    Attributes
    ----------
    outputs : list of Output
        What to write.
    keep_state : bool
        Whether the state must be kept at once.
    taken : int
        How many messages were folded; those behind them stay unread.
    """

    outputs: list[Output]
    keep_state: bool
    taken: int


class Step(Protocol):
    """What a processor does with the records of each partition. It holds their states."""

    def is_ready(self) -> bool:
        """Whether records can be processed; until then none is read."""
        ...

    def state_offset(self, state: bytes) -> int:
        """Return the first offset that is not in an encoded state."""
        ...

    def open(self, partition: int, state: bytes | None, next_offset: int, note: str = "") -> bool:
        """Take a partition over, with its state where there is one, and the note beside its offset.

        Returns
        -------
        bool
            Whether that state goes on. Where a new one begins, it is kept with the first batch:
            a fold must start at a state that is kept, or nobody could repeat it.
        """
        ...

    def close(self, partition: int) -> None:
        """Give a partition up."""
        ...

    def process(self, partition: int, messages: Sequence[Message], emit_from: int) -> Folded:
        """Fold messages in their order; outputs are those of the offsets from `emit_from` on."""
        ...

    def checkpoint(self, partition: int) -> bytes:
        """Encode a partition's state."""
        ...

    def note(self, partition: int) -> str:
        """Return what is to be kept beside a partition's offset; nothing where it is empty."""
        ...

    def committed(self, began_seconds: float, ended_seconds: float) -> None:
        """Learn that all that was processed since the last call is committed."""
        ...

    def aborted(self) -> None:
        """Learn that all that was processed since the last call counts for nothing."""
        ...

    def lag(self, records_by_partition: Mapping[int, int]) -> None:
        """Learn how many records wait in each partition."""
        ...

    def lost(self, records: int) -> None:
        """Learn that retention removed records before they were read."""
        ...
