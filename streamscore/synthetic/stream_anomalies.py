"""Kinds of anomaly that need neighbours: records that come again, or at the wrong time."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from streamscore.sources.faults import RecordFault
from streamscore.sources.nesting import Nesting
from streamscore.sources.shifting import EventShift
from streamscore.sources.source import Source
from streamscore.synthetic.kinds import Kinds, Pool, Record, Rng, blamed_fields

_WITHIN_RECORDS = 30
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


class Placed(NamedTuple):
    """An anomaly and its place in a stream.

    Attributes
    ----------
    record : dict
        The anomalous record.
    kind : str
        Its kind.
    fields : tuple of str
        The fields that were changed, and those that they contradict; none of a record that comes
        again.
    place : int
        The record of the stream that it stands for, or that it comes behind.
    is_inserted : bool
        Whether it comes behind that record, which stays.
    """

    record: dict[str, Any]
    kind: str
    fields: tuple[str, ...]
    place: int
    is_inserted: bool = False


def placed_changes(
    source: Source,
    stream: Sequence[dict[str, Any]],
    kinds: Kinds,
    kind: str,
    count: int,
    rng: Rng,
    pool: Pool,
) -> list[Placed]:
    """Change records of a stream where they stand, the variants of the kind in turn.

    Parameters
    ----------
    source : Source
        The source of the records.
    stream : sequence of dict
        Records in order; they are not changed.
    kinds : mapping of str to tuple of Change
        The kinds.
    kind : str
        Which of them.
    count : int
        How many anomalies are wanted; fewer are made where the kind fits fewer records.
    rng : numpy.random.Generator
        The source of chance.
    pool : Pool
        Where values are drawn from.

    Returns
    -------
    list of Placed
        By ascending place, no place twice.
    """
    nesting, taken = Nesting(source), set[int]()
    order = rng.permutation(len(stream)).tolist()
    # Each variant goes through the same order once, so that a rare fit costs one round in all.
    variants = [(change, iter(order)) for change in kinds[kind]]
    made: list[Placed] = []
    while variants and len(made) < count:
        change, places = variants.pop(0)
        for place in places:
            values = nesting.values(stream[place])
            changed = dict(values)
            if place in taken or not change(changed, rng, pool) or changed == values:
                continue
            taken.add(place)
            record = nesting.replaced(stream[place], changed)
            made.append(Placed(record, kind, blamed_fields(change, values, changed), place))
            variants.append((change, places))
            break
    return sorted(made, key=lambda one: one.place)


NEIGHBOUR_KINDS = ("exact_repeat", "near_repeat", "delayed", "ahead")
"""exact_repeat: a record comes again, as it was, within 30 records. near_repeat: it comes again at
the time of its new neighbours. delayed, ahead: the event time is 6 hours to 30 days before, or
after, that of the neighbours in arrival; what repeats parts of it agrees."""


def placed_among_neighbours(
    source: Source, stream: Sequence[dict[str, Any]], kind: str, count: int, rng: Rng
) -> list[Placed]:
    """Make anomalies that are such by their place in the stream alone.

    Parameters
    ----------
    source : Source
        The source of the records.
    stream : sequence of dict
        Records in order, whose event times are readable; they are not changed.
    kind : str
        One of `NEIGHBOUR_KINDS`.
    count : int
        How many are wanted, at most as many as there are records.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    list of Placed
        By ascending place.
    """
    moving = _Moving(source)
    places = rng.choice(len(stream), min(count, len(stream)), replace=False).tolist()
    made = [_MAKERS[kind](moving, stream, place, rng) for place in sorted(places)]
    found = [one for one in made if one is not None]
    return sorted(found, key=lambda one: one.place)


class _Moving:
    """Gives records other event times."""

    def __init__(self, source: Source) -> None:
        self.field = source.event_time.field
        self._nesting = Nesting(source)
        self._shift = EventShift(source)

    def moved(self, record: Record, shift_ms: int) -> Record | None:
        try:
            row = self._shift.row(msgspec.json.encode(record), shift_ms)
        except RecordFault:
            return None
        found: Record = msgspec.json.decode(row.value)
        return found

    def utc_ms(self, record: Record) -> int:
        return self._shift.row(msgspec.json.encode(record), 0).utc_ms

    def changed(self, before: Record, after: Record) -> tuple[str, ...]:
        old, new = self._nesting.values(before), self._nesting.values(after)
        return tuple(name for name in new if new[name] != old.get(name))


_Maker = Callable[[_Moving, Sequence[Record], int, Rng], Placed | None]


def _exact_repeat(_moving: _Moving, stream: Sequence[Record], place: int, rng: Rng) -> Placed:
    later = min(place + int(rng.integers(1, _WITHIN_RECORDS)), len(stream) - 1)
    return Placed(dict(stream[place]), "exact_repeat", (), later, is_inserted=True)


def _near_repeat(moving: _Moving, stream: Sequence[Record], place: int, rng: Rng) -> Placed | None:
    later = min(place + int(rng.integers(1, _WITHIN_RECORDS)), len(stream) - 1)
    gap_ms = moving.utc_ms(stream[later]) - moving.utc_ms(stream[place])
    record = moving.moved(stream[place], gap_ms)
    if record is None:
        return None
    return Placed(record, "near_repeat", (), later, is_inserted=True)


def _at_another_time(kind: str, direction: int) -> _Maker:
    def make(moving: _Moving, stream: Sequence[Record], place: int, rng: Rng) -> Placed | None:
        away_ms = int(np.exp(rng.uniform(np.log(6 * _HOUR_MS), np.log(30 * _DAY_MS))))
        away_ms -= away_ms % 60_000  # a time that a person would write
        record = moving.moved(stream[place], direction * away_ms)
        if record is None:
            return None
        return Placed(record, kind, moving.changed(stream[place], record), place)

    return make


_MAKERS: dict[str, _Maker] = {
    "exact_repeat": _exact_repeat,
    "near_repeat": _near_repeat,
    "delayed": _at_another_time("delayed", -1),
    "ahead": _at_another_time("ahead", 1),
}
