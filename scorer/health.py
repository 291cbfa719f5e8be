"""Health: alive while the processors run, ready while they own partitions and make progress."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from streamscore.quantities import counted


class Watched(Protocol):
    """What is asked of a processor."""

    progress_seconds: float
    waiting_records: int

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions owned at this moment."""
        ...

    @property
    def why_paused(self) -> str:
        """Why it reads nothing for now; empty where it does."""
        ...


class ProcessorHealth(Struct, frozen=True, kw_only=True):
    """How one processor is.

    Attributes
    ----------
    processor : str
        Its name.
    ready : bool
        Whether it does its work.
    why : str
        What is missing, where it is not ready; else empty.
    partitions : list of int
        What it owns.
    model_version : str or None
        The model it scores with.
    waiting_records : int
        Records that wait in its partitions.
    paused : bool
        Whether it reads nothing for now, because too many records are bad.
    """

    processor: str
    ready: bool
    why: str
    partitions: list[int]
    model_version: str | None
    waiting_records: int
    paused: bool = False


class Watch:
    """Judges one processor.

    Parameters
    ----------
    name : str
        The processor's name.
    processor : Watched
        The processor.
    model_version : callable
        Returns the version of the model at hand, or none.
    waiting_for : callable
        Returns what the model source waits for.
    stall_seconds : float
        Time without progress, while records wait, after which it is not ready.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    """

    def __init__(
        self,
        name: str,
        processor: Watched,
        model_version: Callable[[], str | None],
        waiting_for: Callable[[], str],
        stall_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._processor = processor
        self._model_version = model_version
        self._waiting_for = waiting_for
        self._stall_seconds = stall_seconds
        self._monotonic = monotonic

    def health(self) -> ProcessorHealth:
        """Judge the processor now."""
        version = self._model_version()
        partitions = list(self._processor.partitions)
        why_paused = self._processor.why_paused
        why = why_paused or self._missing(version, partitions)
        return ProcessorHealth(
            processor=self._name,
            ready=not why,
            why=why,
            partitions=partitions,
            model_version=version,
            waiting_records=self._processor.waiting_records,
            paused=bool(why_paused),
        )

    def _missing(self, version: str | None, partitions: Sequence[int]) -> str:
        if version is None:
            return f"waiting for {self._waiting_for()}"
        if not partitions:
            return "no partition is assigned; with more workers than partitions that is normal"
        stalled_seconds = self._monotonic() - self._processor.progress_seconds
        if self._processor.waiting_records and stalled_seconds > self._stall_seconds:
            return (
                f"no progress for {stalled_seconds:.0f} s while "
                f"{counted(self._processor.waiting_records, 'record waits', 'records wait')}"
            )
        return ""
