"""Taking partitions over: committed offset, ends of the log and state, and so where to go on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaException, TopicPartition

from scorer.patience import Patience
from scorer.positions import Found, Start, start_at
from scorer.reader import Reader
from scorer.state_log import StateLog
from scorer.step import Step
from scorer.wiring import Wiring

_TIMEOUT_SECONDS = 30.0
_PINNED = "first position"


class Committed(NamedTuple):
    """What the group committed for a partition.

    Attributes
    ----------
    offset : int or None
        The next offset to process, None where there is none.
    is_pinned : bool
        Only the beginning was written down; nothing was processed yet.
    note : str
        What the step had kept beside the offset.
    """

    offset: int | None
    is_pinned: bool
    note: str = ""


class Takeover:
    """Reads where partitions stand.

    Parameters
    ----------
    wiring : Wiring
        Topics, group, settings.
    reader : Reader
        Its consumer asks.
    states : StateLog
        The states.
    step : Step
        Knows how far a state reaches.
    patience : Patience
        How long a broker that does not answer is borne with.
    """

    def __init__(
        self,
        wiring: Wiring,
        reader: Reader,
        states: StateLog,
        step: Step,
        patience: Patience,
    ) -> None:
        self._wiring = wiring
        self._reader = reader
        self._states = states
        self._step = step
        self._patience = patience

    def committed(self, partitions: Sequence[int]) -> dict[int, Committed]:
        """Return what the group committed for each partition."""
        if not partitions:
            return {}
        return self._patience.ask("tell committed offsets", lambda: self._committed(partitions))

    def start(self, partition: int, committed: Committed) -> tuple[bytes | None, Start]:
        """Return a partition's state, where there is one, and where to go on.

        Raises
        ------
        OffsetError
            When the position to go on from is gone.
        BrokerError
            When the state topic cannot be read.
        """
        offset = committed.offset
        state = self._patience.ask(
            "let the state be read",
            lambda: self._states.newest(
                partition, lambda s: offset is None or self._step.state_offset(s) <= offset
            ),
        )
        low, high = self._ends(partition)
        state_at = None if state is None else self._step.state_offset(state)
        settings = self._wiring.settings
        found = Found(partition, low, high, offset, state_at, committed.is_pinned)
        return state, start_at(
            found, self._wiring.input_topic, settings.start, settings.expired_offsets
        )

    def pin(self, committed: Mapping[int, Committed]) -> None:
        """Write down where partitions begin that nobody has begun.

        From there they will be scored, however long the wait for a model, whatever arrives.
        """
        fresh = [p for p, at in committed.items() if at.offset is None and not self._is_begun(p)]
        if not fresh:
            return
        is_earliest = self._wiring.settings.start == "earliest"
        topic = self._wiring.input_topic
        at = [
            TopicPartition(topic, p, self._ends(p)[0 if is_earliest else 1], metadata=_PINNED)
            for p in fresh
        ]
        self._patience.ask(
            "keep the first position",
            lambda: self._reader.consumer.commit(offsets=at, asynchronous=False),
        )

    def _committed(self, partitions: Sequence[int]) -> dict[int, Committed]:
        topic = self._wiring.input_topic
        wanted = [TopicPartition(topic, partition) for partition in partitions]
        found = self._reader.consumer.committed(wanted, _TIMEOUT_SECONDS)
        for at in found:
            # As while a dead worker's transaction has still to end: its offset may yet move.
            if at.error is not None:
                raise KafkaException(at.error)
        return {
            at.partition: Committed(
                at.offset if at.offset >= 0 else None, at.metadata == _PINNED, at.metadata or ""
            )
            for at in found
        }

    def _ends(self, partition: int) -> tuple[int, int]:
        at = TopicPartition(self._wiring.input_topic, partition)
        return self._patience.ask(
            "tell the ends of a partition",
            lambda: self._reader.consumer.get_watermark_offsets(at, _TIMEOUT_SECONDS),
        )

    def _is_begun(self, partition: int) -> bool:
        newest = self._patience.ask(
            "let the state be read", lambda: self._states.newest(partition, lambda _: True)
        )
        return newest is not None
