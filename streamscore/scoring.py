"""Scoring: the function from records and a partition's state to scores.

The stream and `score-file` run this same code.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.bundle import Bundle
from streamscore.calibration import Judged, RollingWindow
from streamscore.detectors import Reason, Terms, Wording
from streamscore.detectors.detector import Memory
from streamscore.errors import BundleError
from streamscore.formats import refusal, version_of
from streamscore.sources import Codec, RecordFault, Source
from streamscore.sources.codec import Batch, Record


class ModelVersion(Struct, frozen=True, kw_only=True):
    """Which model scored: name and version in the registry, and the digest of its bundle."""

    name: str
    version: str
    digest: str


class Model:
    """A bundle made ready to score the records of its source.

    Parameters
    ----------
    codec : Codec
        The running source's codec.
    bundle : Bundle
        What was learned.
    name, version : str
        The model's name and version in the registry.
    stateless : bool
        Whether detectors that remember earlier records are left out, so that a record's score
        depends on that record alone.

    Raises
    ------
    BundleError
        When the bundle does not fit the source.
    UsageError
        When nothing is left of a model that is to be stateless.
    """

    def __init__(
        self, codec: Codec, bundle: Bundle, name: str, version: str, *, stateless: bool = False
    ) -> None:
        self.codec = codec
        self.version = ModelVersion(name=name, version=version, digest=bundle.manifest.digest)
        self._encoder = bundle.encoder(codec)
        self._detectors = bundle.detectors()
        vocabularies = self._encoder.learned.vocabularies
        self._terms = Terms(
            self._encoder.columns,
            lambda name, code: vocabularies[name][code],
            self._encoder.number_of,
        )
        self._private = {name for name, field in codec.source.fields.items() if field.private}
        self._calibration_scores = bundle.calibration_scores
        if stateless:
            self._detectors = self._detectors.stateless()
            self._calibration_scores = bundle.stateless_scores

    @property
    def source(self) -> Source:
        """The running source."""
        return self.codec.source

    def begin(self) -> Memory:
        """Return what the detectors remember of a partition before its first record."""
        return self._detectors.begin()

    def score(
        self,
        records: Sequence[Record],
        utc_ms: NDArray[np.int64],
        local_ms: NDArray[np.int64],
        memory: Memory,
    ) -> "RawScores":
        """Encode and score records in their order, and take them into the memory; n at least 1."""
        matrix = self._encoder.encode(records, utc_ms, local_ms)
        channels = self._detectors.fold(matrix, memory)
        scores = self._detectors.score(channels)
        return RawScores(matrix=matrix, channels=channels, scores=scores)

    def new_window(self, partitions: int) -> RollingWindow:
        """Return a partition's first window, filled with the bundle's out-of-sample scores.

        The source's window is divided by its partitions, so that the stream as a whole is
        compared with as many records whatever their number.
        """
        capacity = max(1, self.source.calibration.window_records // partitions)
        return RollingWindow(self._calibration_scores, capacity, self.source.nominal_rate)

    def attribute(
        self,
        records: Sequence[Record],
        matrix: NDArray[np.float64],
        channels: NDArray[np.float64],
    ) -> list[list[Reason]]:
        """Say which fields made records abnormal, and in words why.

        Parameters
        ----------
        records : sequence of Record, of length n
            The records.
        matrix : float64 array of shape (n, d)
            The encoded records, as `score` gave them.
        channels : float64 array of shape (n, channels)
            Their scores in every channel, as `score` gave them.

        Returns
        -------
        list of lists of Reason
            For each record its fields by falling share; the shares sum to 1. Words that would quote
            a private field are left out.
        """
        wordings = [
            Wording(self._terms, partial(self.codec.value_of, record)) for record in records
        ]
        found = self._detectors.reasons(matrix, channels, wordings)
        if not self._private:
            return found
        return [[self._without_private(reason) for reason in reasons] for reasons in found]

    def _without_private(self, reason: Reason) -> Reason:
        if self._private.isdisjoint((*reason.fields, *reason.parents)):
            return reason
        return msgspec.structs.replace(reason, words="")

    def warm_up(self, values: Sequence[bytes] = ()) -> None:
        """Run every kernel once, so that no record waits for a compiler.

        Parameters
        ----------
        values : sequence of bytes
            Records to run through the model, where there are some; their scores are thrown away.
        """
        rows = np.zeros((9, len(self._encoder.columns)))
        channels = self._detectors.fold(rows, self.begin())
        nothing = Wording(self._terms, lambda _: None)
        self._detectors.warm_up(rows[:1], channels[:1], [nothing])
        self.new_window(1).fold(self._detectors.score(channels))
        if values:
            PartitionFold(self, self.new_window(1)).fold(values)
        else:
            self._encoder.encode([], np.zeros(0, np.int64), np.zeros(0, np.int64))


class RawScores(Struct, frozen=True):
    """Encoded rows, their scores by channel and weighed: of shapes (n, d), (n, channels), (n,)."""

    matrix: NDArray[np.float64]
    channels: NDArray[np.float64]
    scores: NDArray[np.float64]


class Scored(Struct, frozen=True, kw_only=True):
    """What a fold made of a batch of n values, in their order.

    Attributes
    ----------
    good : list of int
        Places in the batch of the m records that were scored.
    records : list of Record
        Those records, decoded.
    event_time_ms : list of int
        Their event times, milliseconds since the epoch.
    matrix : float64 array of shape (m, d)
        The encoded records.
    channels : float64 array of shape (m, channels)
        Their scores in each channel of the model.
    scores : float64 array of shape (m,)
        Higher is more anomalous.
    judged : Judged
        p-values, thresholds, tails, each of shape (m,).
    faults : list of (int, RecordFault)
        Place and fault of each value that is no record.
    """

    good: list[int]
    records: list[Record]
    event_time_ms: list[int]
    matrix: NDArray[np.float64]
    channels: NDArray[np.float64]
    scores: NDArray[np.float64]
    judged: Judged
    faults: list[tuple[int, RecordFault]]

    def flagged(self, nominal_rate: float) -> list[int]:
        """Indices, within the scored records, of those to be reported."""
        found: list[int] = np.flatnonzero(self.judged.p_value <= nominal_rate).tolist()
        return found


class PartitionFold:
    """The fold over one partition's records since its bundle was taken over. It changes.

    Parameters
    ----------
    model : Model
        What scores.
    window : RollingWindow
        The calibration window as it stands.
    memory : Memory or None
        What the detectors remember; None begins with nothing.
    """

    def __init__(self, model: Model, window: RollingWindow, memory: Memory | None = None) -> None:
        self.model = model
        self.window = window
        self.memory = model.begin() if memory is None else memory

    def fold(self, values: Sequence[bytes | None]) -> Scored:
        """Score a batch of message values in their order."""
        return self.score(self.model.codec.read(values))

    def score(self, batch: Batch) -> Scored:
        """Score what the model's codec read of such a batch."""
        if batch.records:
            raw = self.model.score(batch.records, batch.utc_ms, batch.local_ms, self.memory)
        else:
            raw = RawScores(np.empty((0, 0)), np.empty((0, 0)), np.empty(0))
        return Scored(
            good=batch.places,
            records=batch.records,
            event_time_ms=batch.utc_ms.tolist(),
            matrix=raw.matrix,
            channels=raw.channels,
            scores=raw.scores,
            judged=self.window.fold(raw.scores),
            faults=batch.faults,
        )


class PartitionState(Struct, frozen=True, kw_only=True):
    """A partition's state at an offset, as it is kept in the state topic.

    Attributes
    ----------
    format : int
        Version of the layout; 1.
    source : str
        The source.
    model : ModelVersion
        The model since whose takeover the state is a fold.
    next_offset : int
        The first offset that is not folded yet.
    window : dict
        The window's snapshot.
    memory : dict
        What the detectors remember, as `kept_memory` writes it; empty where they have none.
    """

    source: str
    model: ModelVersion
    next_offset: int
    window: dict[str, Any]
    memory: dict[str, "KeptArray"] = {}
    format: Literal[1] = 1

    def encode(self) -> bytes:
        """Encode the state as MessagePack."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, value: bytes) -> "PartitionState":
        """Decode a state.

        Raises
        ------
        BundleError
            When it is of another format.
        """
        try:
            if reason := refusal("state", version_of(value, binary=True)):
                raise BundleError(reason)
            return msgspec.msgpack.decode(value, type=cls)
        except msgspec.DecodeError as error:
            raise BundleError(f"a partition's state cannot be read: {error}") from None

    def resume(self, model: Model) -> PartitionFold:
        """Go on from this state with the model that made it.

        Raises
        ------
        BundleError
            When what it remembers is not what that model does.
        """
        window = RollingWindow.restore(self.window, model.source.nominal_rate)
        memory = {name: array.restored() for name, array in self.memory.items()}
        own, kept = _described(model.begin()), _described(memory)
        if own != kept:
            # Kernels look nothing up twice: other shapes would be read beyond their ends.
            raise BundleError(
                f"a partition's state must hold what its model remembers, {own}; it holds {kept}"
            )
        return PartitionFold(model, window, memory)


def _described(memory: Memory) -> dict[str, str]:
    return {name: f"{array.dtype}{list(array.shape)}" for name, array in sorted(memory.items())}


class KeptArray(Struct, frozen=True, array_like=True):
    """An array as it is kept in a state: numpy's name of its type, its shape, its bytes."""

    dtype: str
    shape: list[int]
    data: bytes

    def restored(self) -> NDArray[Any]:
        """Return the array."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape).copy()


def kept_memory(memory: Memory) -> dict[str, KeptArray]:
    """Return a memory as plain values, to be kept and restored."""
    return {
        name: KeptArray(array.dtype.str, list(array.shape), array.tobytes())
        for name, array in memory.items()
    }
