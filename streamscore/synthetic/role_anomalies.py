"""Kinds of anomaly that follow from what the fields of any source are to a model."""

from typing import Any

import numpy as np

from streamscore.sources.source import FLOAT_LIMIT, INTEGER_LIMIT, Field, Source
from streamscore.synthetic.kinds import Change, one_of, some_of

_REMEMBERED = 256
_SWAPPED = 3
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ#%&"

Record = dict[str, Any]
Rng = np.random.Generator


def role_kinds(source: Source) -> dict[str, Change]:
    """Return the kinds that fit a source: unseen, sentinel, extreme, garbled, swap, shuffle.

    Values swapped come from records that were given before; so the changes remember, and each call
    returns fresh ones. A changed record keeps the bounds of the source.
    """
    categories = source.with_role("category", "flag")
    texts = [n for n in source.with_role("category") if source.fields[n].type == "string"]
    sentinels = [n for n in texts if source.fields[n].missing]
    numbers = source.with_role("number")
    memory = _Memory()
    kinds: dict[str, Change] = {}
    if texts:
        kinds["unseen"] = _unseen(source, texts)
    if sentinels:
        kinds["sentinel"] = _sentinel(source, sentinels)
    if numbers:
        kinds["extreme"] = _extreme(source, numbers)
    if source.with_role("text"):
        kinds["garbled"] = _garbled(source.with_role("text"))
    if len(categories) > 1:
        kinds["swap"] = memory.swap(categories, min(_SWAPPED, len(categories)))
        kinds["shuffle"] = memory.swap(categories, len(categories))
    return kinds


class _Memory:
    """The latest records that were given, to take values from."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def swap(self, fields: tuple[str, ...], count: int) -> Change:
        def change(record: Record, rng: Rng) -> bool:
            others = [r for r in self._records if any(r.get(f) != record.get(f) for f in fields)]
            self._records = [*self._records, dict(record)][-_REMEMBERED:]
            if not others:
                return False
            before = dict(record)
            for field in some_of(fields, count, rng):
                value = one_of(others, rng).get(field)
                if value is not None:
                    record[field] = value
            return record != before

        return change


def _unseen(source: Source, fields: list[str]) -> Change:
    def change(record: Record, rng: Rng) -> bool:
        name = one_of(fields, rng)
        record[name] = f"ZZ_{rng.integers(1000)}"[: source.fields[name].max_length]
        return True

    return change


def _garbled(fields: tuple[str, ...]) -> Change:
    def change(record: Record, rng: Rng) -> bool:
        name = one_of(fields, rng)
        before = record.get(name)
        if not before:
            return False
        letters = rng.choice(list(_LETTERS), size=len(before))
        record[name] = "".join(letters.tolist())
        return bool(record[name] != before)

    return change


def _sentinel(source: Source, fields: list[str]) -> Change:
    def change(record: Record, rng: Rng) -> bool:
        before = dict(record)
        for field in fields:
            record[field] = one_of(source.fields[field].missing, rng)
        return record != before

    return change


def _extreme(source: Source, fields: tuple[str, ...]) -> Change:
    def change(record: Record, rng: Rng) -> bool:
        name = one_of(fields, rng)
        before = record.get(name)
        factor = float(rng.uniform(30, 300))
        record[name] = _bounded(source.fields[name], (abs(before or 0) + 1) * factor)
        return bool(record[name] != before)

    return change


def _bounded(field: Field, value: float) -> float | int:
    limit = INTEGER_LIMIT if field.type == "integer" else FLOAT_LIMIT
    value = min(value, limit if field.max is None else field.max)
    return int(value) if field.type == "integer" else value
