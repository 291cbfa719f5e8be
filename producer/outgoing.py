"""The messages that rows become: each row, or an anomaly in its place, to its partition."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from kafka.partitioner.default import murmur2

from producer.marks import ReplayMark
from producer.ordering import OrderedRow
from producer.resuming import Resumption
from producer.sending import BY_KEY, Headers
from streamscore.errors import StreamscoreError
from streamscore.headers import INJECTED, INJECTED_FIELDS, REPLAY, ROW
from streamscore.sources import Codec, RecordFault
from streamscore.synthetic import Injector

_ENDED = "-"
"""As the last id of a partition that holds everything: no row is called so."""


class Sender(Protocol):
    """What takes messages."""

    def send(
        self, value: bytes, key: bytes | None, partition: int, headers: Headers | None
    ) -> None:
        """Take one message."""


def partition_of_key(key: bytes, partitions: int) -> int:
    """Return the partition that a key's murmur2 hash names, as in every Java producer.

    Examples
    --------
    >>> partition_of_key(b"u1", 3)
    1
    """
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


class Tally:
    """Counts what a replay sends.

    Attributes
    ----------
    rows : int
        Rows sent, each a message.
    already : int
        Rows that the topic already held.
    injected : Counter of str
        Rows sent with an anomaly put into them, by kind.
    first_ms, last_ms : int or None
        Event times of the first and the last row sent.
    """

    def __init__(self) -> None:
        self.rows = self.already = 0
        self.injected: Counter[str] = Counter()
        self.first_ms: int | None = None
        self.last_ms: int | None = None

    def count(self, utc_ms: int, kind: str | None = None) -> None:
        """Count one row sent, and the kind of anomaly that was put into it if one was."""
        self.rows += 1
        if kind is not None:
            self.injected[kind] += 1
        if self.first_ms is None:
            self.first_ms = utc_ms
        self.last_ms = utc_ms


class _Anomaly(NamedTuple):
    """What stands in the place of a row: a record, its kind, and the fields to blame."""

    value: bytes
    kind: str
    fields: tuple[str, ...]


class Outgoing:
    """Makes messages of ordered rows, and passes over those that the topic already holds.

    Equal rows, seeds and rates make equal messages, in the same order, whatever is passed over.
    An anomaly stands in the place of its row, with the row's id, key and partition: beside the
    row it would be found as its copy, whatever is wrong with it.

    Parameters
    ----------
    sender : Sender
        Takes the messages.
    codec : Codec
        Of the source.
    mark : ReplayMark
        What they carry; its `partitions` is what the rows are spread over.
    resumption : Resumption or None
        Where a replay that was broken off goes on.
    inject_rate : float
        The share of rows that an anomaly is put into.
    seed : int
        Seed of the injection.
    is_spread : bool
        Whether the topic has partitions beyond those of the mark, added meanwhile.

    tally : Tally, optional
        Counts what is sent.
    """

    def __init__(
        self,
        sender: Sender,
        codec: Codec,
        mark: ReplayMark,
        resumption: Resumption | None = None,
        *,
        inject_rate: float = 0.0,
        seed: int = 0,
        is_spread: bool = False,
        tally: Tally | None = None,
    ) -> None:
        self._sender = sender
        self._codec = codec
        self._partitions = mark.partitions
        self._replay = (REPLAY, mark.text().encode())
        self._inject_rate = inject_rate
        self._rng = np.random.default_rng(seed)
        self._injector = Injector(codec.source, self._rng)
        self._last_ids = _last_ids(resumption)
        self._is_spread = is_spread
        self._seen = 0
        self._tally = tally or Tally()

    def send(self, ordered: OrderedRow, wait: Callable[[int, int], bool]) -> bool:
        """Send a row, or the anomaly in its place.

        Parameters
        ----------
        ordered : OrderedRow
            The row.
        wait : callable
            Told the number of the message and the row's event time before it is sent; returns when
            it is due. False ends the replay, and the row is not sent.

        Returns
        -------
        bool
            Whether the replay goes on.
        """
        row_id, (value, key, utc_ms) = ordered
        partition = self._seen % self._partitions if key is None else self._home(key)
        self._seen += 1
        # Drawn of rows that are passed over too, so that those behind them get the same anomalies.
        anomaly = self._anomaly(value)
        if self._last_ids and self._is_there(partition, row_id):
            self._tally.already += 1
            return True
        if not wait(self._tally.rows, utc_ms):
            return False
        headers: Headers = [(ROW, row_id), self._replay]
        if anomaly is None:
            self._sender.send(value, key, partition, headers)
            self._tally.count(utc_ms)
        else:
            fields = msgspec.json.encode(anomaly.fields)
            headers += [(INJECTED, anomaly.kind), (INJECTED_FIELDS, fields)]
            self._sender.send(anomaly.value, key, partition, headers)
            self._tally.count(utc_ms, anomaly.kind)
        return True

    def check_end(self) -> None:
        """Check that every row that the topic holds came up again.

        Raises
        ------
        StreamscoreError
            When one did not: the rows are not those that the replay began with.
        """
        left = {n: last_id for n, last_id in self._last_ids.items() if last_id != _ENDED}
        for number, last_id in left.items():
            raise StreamscoreError(
                f"a replay that is taken up again makes the same rows; {last_id}, the last one in "
                f"partition {number}, did not come up, so rows behind it were not sent. Was it "
                "begun with another version of streamscore? Replay what is missing with --from."
            )

    def _home(self, key: bytes) -> int:
        # The client hashes far faster than Python does, but over all partitions that it finds.
        if self._last_ids or self._is_spread:
            return partition_of_key(key, self._partitions)
        return BY_KEY

    def _is_there(self, partition: int, message_id: str) -> bool:
        last_id = self._last_ids.get(partition)
        if last_id is None:
            return False
        if last_id == message_id:
            del self._last_ids[partition]
        return True

    def _anomaly(self, value: bytes) -> _Anomaly | None:
        """Return what stands in the place of a row; None where it is sent as it is."""
        if not self._inject_rate or self._rng.random() >= self._inject_rate:
            return None
        try:
            self._codec.decode(value)
            record, kind, fields = self._injector.inject(msgspec.json.decode(value))
            changed = msgspec.json.encode(record)
            self._codec.decode(changed)
        except RecordFault:
            return None  # what is no record is no example of an anomaly either
        return None if kind is None else _Anomaly(changed, kind, fields)


def _last_ids(resumption: Resumption | None) -> dict[int, str]:
    if resumption is None:
        return {}
    found: Mapping[int, str] = resumption.last_ids
    ended = dict.fromkeys(resumption.ended, _ENDED)
    return {**{number: last_id for number, last_id in found.items() if last_id}, **ended}
