"""The task that detectors are compared by: a history cut in time, anomalies put into its end."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.sources import Codec
from streamscore.sources.codec import Record
from streamscore.sources.nesting import Nesting
from streamscore.synthetic.kinds import Kinds, Pool
from streamscore.synthetic.stream_anomalies import (
    NEIGHBOUR_KINDS,
    Placed,
    placed_among_neighbours,
    placed_changes,
)

_FEWEST = 50
_LARGEST_SHARE = 0.1


class Slice(Struct, frozen=True):
    """Decoded records in their order.

    Attributes
    ----------
    records : sequence of Record, of length n
        The records.
    utc_ms, local_ms : int64 arrays of shape (n,)
        Their event times, since the epoch and of the local clock.
    """

    records: Sequence[Record]
    utc_ms: NDArray[np.int64]
    local_ms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.records)

    def part(self, start: int, end: int) -> "Slice":
        """Return the records of a range of places."""
        return Slice(self.records[start:end], self.utc_ms[start:end], self.local_ms[start:end])


class Injected(Struct, frozen=True, kw_only=True):
    """Anomalies of one kind put into the test slice, as one of several trials.

    Attributes
    ----------
    kind : str
        The kind.
    trial : int
        Number of the trial.
    anomalies : Slice
        The m anomalous records.
    places : int64 array of shape (m,)
        Ascending places in the test slice of the records that they stand for, or come behind.
    is_inserted : bool array of shape (m,)
        Whether each comes behind that record, which stays.
    fields : list of tuple of str
        The fields that were changed in each, and those that they contradict; none where it is its
        place that is wrong.
    """

    kind: str
    trial: int
    anomalies: Slice
    places: NDArray[np.int64]
    is_inserted: NDArray[np.bool_]
    fields: list[tuple[str, ...]]


class Labelled(Struct, frozen=True):
    """Records that people judged, in the order of time.

    Attributes
    ----------
    judged : Slice
        The records, of length n.
    is_anomaly : bool array of shape (n,)
        What people said of each.
    """

    judged: Slice
    is_anomaly: NDArray[np.bool_]


class Task(Struct, frozen=True, kw_only=True):
    """What detectors are asked. The three slices follow each other in time.

    Attributes
    ----------
    codec : Codec
        Of the source.
    train : Slice
        To learn from.
    calibrate : Slice
        Later records, by which scores are weighed against each other and thresholds found.
    test : Slice
        The latest records, taken for clean.
    injected : list of Injected
        Anomalies, each list to be scored in a test stream of its own.
    labelled : Labelled or None
        What people judged.
    """

    codec: Codec
    train: Slice
    calibrate: Slice
    test: Slice
    injected: list[Injected]
    labelled: Labelled | None = None


def anomalies_wanted(rows: int, prevalence: float) -> int:
    """Return how many anomalies of a kind are put into that many rows.

    As many as the prevalence asks for, but 50 at least, so that a figure is more than chance, and
    at most a tenth of the rows, so that the stream stays what it is.

    Examples
    --------
    >>> anomalies_wanted(12_000, 0.01), anomalies_wanted(1000, 0.01), anomalies_wanted(200, 0.01)
    (120, 50, 20)
    """
    return max(1, min(max(round(rows * prevalence), _FEWEST), int(rows * _LARGEST_SHARE)))


def record_values(codec: Codec, records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return decoded records as the JSON objects that they were."""
    return [msgspec.json.decode(codec.encode(record)) for record in records]


class Injecting:
    """Puts anomalies of named kinds into a test slice, trial by trial.

    Parameters
    ----------
    codec : Codec
        Of the source.
    train, test : Slice
        Values are drawn from the first, and records changed are those of the second.
    prevalence : float
        The share of anomalies, in (0, 1).
    """

    def __init__(self, codec: Codec, train: Slice, test: Slice, prevalence: float) -> None:
        self._codec = codec
        self._stream = record_values(codec, test.records)
        values_of = Nesting(codec.source).values
        self.history = [values_of(record) for record in record_values(codec, train.records)]
        self._pool = Pool(self.history)
        self._wanted = anomalies_wanted(len(test), prevalence)

    def trial(
        self, kinds: Kinds, seed: int, number: int, *, with_neighbours: bool = True
    ) -> list[Injected]:
        """Make the anomalies of one trial; a kind that fits no record is left out.

        So is one whose records all break a rule of the source, which would never be scored.

        Parameters
        ----------
        kinds : mapping of str to tuple of Change
            Kinds that change a record.
        seed : int
            Decides every random choice; each kind draws on its own.
        number : int
            Number of the trial.
        with_neighbours : bool
            Whether kinds that are anomalies by their place alone are wanted too.
        """
        source, stream, wanted = self._codec.source, self._stream, self._wanted
        made = []
        for kind in kinds:
            rng = _generator(seed, kind)
            found = placed_changes(source, stream, kinds, kind, wanted, rng, self._pool)
            made.append((kind, found))
        for kind in NEIGHBOUR_KINDS if with_neighbours else ():
            rng = _generator(seed, kind)
            made.append((kind, placed_among_neighbours(source, stream, kind, wanted, rng)))
        injected = [self._injected(kind, number, found) for kind, found in made if found]
        return [one for one in injected if len(one.anomalies)]

    def _injected(self, kind: str, number: int, placed: Sequence[Placed]) -> Injected:
        batch = self._codec.read([msgspec.json.encode(one.record) for one in placed])
        good = [placed[place] for place in batch.places]
        return Injected(
            kind=kind,
            trial=number,
            anomalies=Slice(batch.records, batch.utc_ms, batch.local_ms),
            places=np.array([one.place for one in good], np.int64),
            is_inserted=np.array([one.is_inserted for one in good], np.bool_),
            fields=[one.fields for one in good],
        )


def _generator(seed: int, kind: str) -> np.random.Generator:
    return np.random.default_rng([seed, *kind.encode()])
