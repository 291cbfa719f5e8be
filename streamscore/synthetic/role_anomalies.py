"""Kinds of anomaly that follow from what the fields of any source are to a model."""

from collections.abc import Sequence

from streamscore.sources.source import FLOAT_LIMIT, INTEGER_LIMIT, Field, Source, TimePart
from streamscore.synthetic.kinds import (
    Change,
    Kinds,
    Pool,
    Record,
    Rng,
    another_of,
    one_of,
    shuffle,
    swap,
)
from streamscore.synthetic.relations import copied_fields, products_held, sums_held
from streamscore.synthetic.text_anomalies import text_kinds

_SWAPPED = 3
_CALENDAR: dict[TimePart, range] = {
    "hour": range(24),
    "month": range(1, 13),
    "weekday_sunday_0": range(7),
    "weekday_monday_0": range(7),
    "weekday_sunday_1": range(1, 8),
    "weekday_monday_1": range(1, 8),
}


def role_kinds(source: Source, history: Sequence[Record] = ()) -> Kinds:
    """Return the kinds that fit a source, by the roles of its fields.

    unseen: a category never seen. sentinel: every field that has a word for "not known" has it.
    extreme: a number far beyond any. swap_1, swap: one category, three, drawn from other records;
    shuffle: all of them. calendar: a field that repeats a part of the event time does not. sum,
    product, copy: a sum or a product of numbers, or a copy of one, that the history holds is
    broken. swap_number: one number drawn from other records, where others may depend on it. Those
    of texts are told in `text_kinds`. A changed record keeps the bounds of the source.

    Parameters
    ----------
    source : Source
        The source.
    history : sequence of dict
        Values by field name, from which sums, products and copies are read.
    """
    categories = source.with_role("category", "flag")
    named = [n for n in source.with_role("category") if source.fields[n].type == "string"]
    sentinels = [n for n in named if source.fields[n].missing]
    kinds: dict[str, tuple[Change, ...]] = {}
    if named:
        kinds["unseen"] = (_unseen(source, named),)
    if sentinels:
        kinds["sentinel"] = (_sentinel(source, sentinels),)
    kinds |= _number_kinds(source, history)
    kinds |= text_kinds(source, history)
    if len(categories) > 1:
        kinds["swap_1"] = (swap(categories, 1),)
        kinds["swap"] = (swap(categories, min(_SWAPPED, len(categories))),)
        kinds["shuffle"] = (shuffle(categories),)
    return kinds


def _number_kinds(source: Source, history: Sequence[Record]) -> Kinds:
    repeats = source.event_time.repeats
    numbers = [name for name in source.with_role("number") if name not in repeats]
    calendar = {name: _CALENDAR[part] for name, part in repeats.items() if part in _CALENDAR}
    sums = sums_held(numbers, history)
    products = products_held(numbers, history)
    copies = copied_fields(numbers, history)
    kinds: dict[str, tuple[Change, ...]] = {}
    if numbers:
        kinds["extreme"] = tuple(_extreme(source.fields[name], name) for name in numbers)
    if calendar:
        kinds["calendar"] = tuple(_calendar(name, values) for name, values in calendar.items())
    if sums:
        kinds["sum"] = tuple(_moved(source.fields[name], name) for name in sums)
    if products:
        kinds["product"] = tuple(_grown(source.fields[name], name) for name in products)
    if copies:
        kinds["copy"] = tuple(_moved(source.fields[name], name) for name in copies)
    if numbers and len(source.with_role("number", "category", "flag")) > 1:
        kinds["swap_number"] = (swap(numbers, 1),)
    return kinds


def _unseen(source: Source, fields: list[str]) -> Change:
    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        name = one_of(fields, rng)
        record[name] = f"ZZ_{rng.integers(1000)}"[: source.fields[name].max_length]
        return True

    return change


def _sentinel(source: Source, fields: list[str]) -> Change:
    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        before = dict(record)
        for field in fields:
            record[field] = one_of(source.fields[field].missing, rng)
        return record != before

    return change


def _extreme(field: Field, name: str) -> Change:
    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        before = record.get(name)
        factor = float(rng.uniform(30, 300))
        record[name] = _bounded(field, (abs(before or 0) + 1) * factor)
        return bool(record[name] != before)

    return change


def _calendar(name: str, values: Sequence[int]) -> Change:
    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        if record.get(name) is None:
            return False
        record[name] = another_of(values, record[name], rng)
        return True

    return change


def _moved(field: Field, name: str) -> Change:
    """Return the change of a number by a little, as a slip of the hand would."""

    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        before = record.get(name)
        if before is None:
            return False
        record[name] = _bounded(field, before + one_of((1, 2, 3), rng))
        return bool(record[name] != before)

    return change


def _grown(field: Field, name: str) -> Change:
    """Return the change of a number by a part of it, as a wrong factor would."""

    def change(record: Record, rng: Rng, _pool: Pool) -> bool:
        before = record.get(name)
        if not before:
            return False
        record[name] = _bounded(field, round(before * float(rng.uniform(1.1, 2.0)), 2))
        return bool(record[name] != before)

    return change


def _bounded(field: Field, value: float) -> float | int:
    limit = INTEGER_LIMIT if field.type == "integer" else FLOAT_LIMIT
    value = min(value, limit if field.max is None else field.max)
    return int(value) if field.type == "integer" else value
