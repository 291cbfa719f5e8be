"""What a kind of anomaly is: changes of one record, drawn with the help of others."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from msgspec import Struct

T = TypeVar("T")
Record = dict[str, Any]
Rng = np.random.Generator

_REMEMBERED = 256
_TRIES = 64


class Pool:
    """Records that values are drawn from, so that each comes as often as it does there.

    Parameters
    ----------
    records : sequence of dict
        Values by field name, a history for instance. Where there are none the latest records that
        are taken stand in for it.

    Examples
    --------
    >>> pool = Pool([{"sky": "CLEAR"}, {"sky": "RAIN"}])
    >>> pool.other("sky", "RAIN", np.random.default_rng(1))
    'CLEAR'
    """

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.is_fixed = len(records) > 0
        self.records: Sequence[Record] = records if self.is_fixed else deque(maxlen=_REMEMBERED)
        self._scales: dict[str, list[Any]] = {}

    def take(self, record: Record) -> None:
        """Remember a record, where there is no history."""
        if isinstance(self.records, deque):
            self.records.append(dict(record))

    def any(self, field: str, rng: Rng) -> Any:
        """Draw a value of a field; None where the record drawn has none, or there is no record."""
        return one_of(self.records, rng).get(field) if self.records else None

    def other(self, field: str, current: Any, rng: Rng) -> Any:
        """Draw a value of a field that is not the current one; None where none is found."""
        for _ in range(_TRIES if self.records else 0):
            value = one_of(self.records, rng).get(field)
            if value is not None and value != current:
                return value
        return None

    def scale(self, field: str) -> list[Any]:
        """Return the different values of a field, ascending."""
        if field not in self._scales or not self.is_fixed:
            values = {record.get(field) for record in self.records}
            self._scales[field] = sorted(value for value in values if value is not None)
        return self._scales[field]


Change = Callable[[Record, Rng, Pool], bool]
"""Changes a record in place; False, and nothing changed, where it does not fit the record."""

Values = Mapping[str, Sequence[Any]]
"""Field -> values that it may have, or be given."""


class Contradiction(Struct, frozen=True):
    """The change of a record into one whose fields exclude each other.

    Attributes
    ----------
    changed : mapping of str to sequence
        Fields that are changed, each to one of these values.
    against : mapping of str to sequence
        Fields of which that is untrue, in records that have one of these values there. Which of the
        two is wrong the record does not say.

    Examples
    --------
    >>> night = Contradiction({"light": ("DAY",)}, against={"hour": range(4)})
    >>> record = {"light": "DARK", "hour": 2}
    >>> night(record, np.random.default_rng(0), Pool()), record["light"]
    (True, 'DAY')
    """

    changed: Values
    against: Values

    def __call__(self, record: Record, rng: Rng, _pool: Pool) -> bool:
        """Change a record of which the other fields are so."""
        before = dict(record)
        if all(record[field] in values for field, values in self.against.items()):
            for field, values in self.changed.items():
                if record[field] not in values:
                    record[field] = one_of(values, rng)
        return record != before


def blamed_fields(change: Change, before: Record, after: Record) -> tuple[str, ...]:
    """Return the fields that a reason should name: those changed, and what they contradict.

    Examples
    --------
    >>> blamed_fields(lambda record, rng, pool: True, {"a": 1, "b": 2}, {"a": 1, "b": 3})
    ('b',)
    """
    fields = tuple(name for name in (before | after) if before.get(name) != after.get(name))
    against = change.against if isinstance(change, Contradiction) else ()
    return (*fields, *(name for name in against if name not in fields))


Kinds = Mapping[str, tuple[Change, ...]]
"""Name of a kind -> its variants, each as likely."""


def one_of(values: Sequence[T], rng: Rng) -> T:
    """Draw one of the values, each as likely."""
    return values[int(rng.integers(len(values)))]


def another_of(values: Sequence[T], current: T, rng: Rng) -> T:
    """Draw one of the values that is not the current one; there must be one."""
    return one_of([value for value in values if value != current], rng)


def some_of(values: Sequence[T], count: int, rng: Rng) -> list[T]:
    """Draw different values."""
    return [values[int(place)] for place in rng.choice(len(values), count, replace=False)]


def swap(fields: Sequence[str], count: int) -> Change:
    """Return the change that draws some of the fields anew, without regard to the others."""

    def change(record: Record, rng: Rng, pool: Pool) -> bool:
        drawn: Record = {}
        for name in some_of(fields, len(fields), rng):
            value = pool.other(name, record.get(name), rng) if len(drawn) < count else None
            if value is not None:
                drawn[name] = value
        if len(drawn) == count:
            record.update(drawn)
        return len(drawn) == count

    return change


def shuffle(fields: Sequence[str]) -> Change:
    """Return the change that draws all of the fields, each independently."""

    def change(record: Record, rng: Rng, pool: Pool) -> bool:
        before = dict(record)
        for name in fields:
            value = pool.any(name, rng)
            if value is not None:
                record[name] = value
        return record != before

    return change
