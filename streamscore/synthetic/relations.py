"""What numbers of a history have to do with each other: what nearly always holds between them."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

_HELD = 0.99
_LATEST = 5000
_CLOSE = 1e-9
_LARGEST = 1e12
_CENT = 0.01
_HALF_A_CENT = 0.5001 * _CENT
_TRIED, _HELD_FIRST = 50, 0.9
"""A product is looked for in as many records first, and must hold in that share of them."""

_BY_CHANCE = 0.9
"""What holds in more records with the factor of another one, as among zeros, is no product."""

_MOST_FACTORS = 24


def sums_held(fields: Sequence[str], history: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Find fields that are the sum of two others or more.

    Least squares gives the weight of every other field; those near 1 are the parts, and the sum
    must hold in 99% of the records that have all of them. Copies of other fields are left out.

    Parameters
    ----------
    fields : sequence of str
        The number fields.
    history : sequence of dict
        Values by field name; the latest 5,000 are looked at.

    Returns
    -------
    dict of str to list of str
        Field -> its parts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> drawn = rng.integers(0, 9, (50, 3)).tolist()
    >>> rows = [{"a": a, "b": b, "c": c, "all": a + b} for a, b, c in drawn]
    >>> sums_held(["a", "b", "c", "all"], rows)
    {'all': ['a', 'b']}
    """
    table = _table(fields, history)
    found = {}
    copies = set(copied_fields(fields, history))
    moving = [place for place in _moving(table) if fields[place] not in copies]
    for place in moving:
        others = [i for i in moving if i != place]
        if len(others) < 2:
            continue
        weights = np.linalg.lstsq(table[:, others], table[:, place], rcond=None)[0]
        parts = [i for i, weight in zip(others, weights, strict=True) if weight > 0.5]
        if len(parts) >= 2 and _agrees(table[:, place], table[:, parts].sum(axis=1)):
            found[fields[place]] = [fields[i] for i in parts]
    return found


def products_held(fields: Sequence[str], history: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Find fields that are the product of two others, to the cent, or a hundredth of it.

    It must hold in 99% of the records that have all of the fields, and not with the factors of
    other records. The first 24 fields that change are looked at.

    Parameters
    ----------
    fields : sequence of str
        The number fields.
    history : sequence of dict
        Values by field name; the latest 5,000 are looked at.

    Returns
    -------
    dict of str to list of str
        Field -> its factors; a copy of another field is no product.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> drawn = [(int(n), round(float(p), 2)) for n, p in rng.uniform(1, 9, (50, 2))]
    >>> rows = [{"items": n, "price": p, "paid": round(n * p, 2)} for n, p in drawn]
    >>> products_held(["items", "price", "paid"], rows)
    {'paid': ['items', 'price']}
    """
    table = _table(fields, history)
    copies = set(copied_fields(fields, history))
    moving = [i for i in _moving(table) if fields[i] not in copies][:_MOST_FACTORS]
    found: dict[str, list[str]] = {}
    for place in moving:
        for pair in combinations([i for i in moving if i != place], 2):
            if any(_is_product(table, place, pair, scale) for scale in (1.0, _CENT)):
                found.setdefault(fields[place], [fields[i] for i in pair])
    return found


def copied_fields(fields: Sequence[str], history: Sequence[dict[str, Any]]) -> list[str]:
    """Find fields that have the value of an earlier one in nearly every record.

    Examples
    --------
    >>> copied_fields(["a", "b"], [{"a": 1, "b": 1}, {"a": 4, "b": 4}])
    ['b']
    """
    table = _table(fields, history)
    moving = _moving(table)
    return [
        fields[later]
        for at, later in enumerate(moving)
        if any(_agrees(table[:, later], table[:, earlier]) for earlier in moving[:at])
    ]


def _table(fields: Sequence[str], history: Sequence[dict[str, Any]]) -> Any:
    rows = [[record.get(name) for name in fields] for record in list(history)[-_LATEST:]]
    whole = [row for row in rows if None not in row]
    table = np.array(whole, np.float64).reshape(len(whole), len(fields))
    # Beyond it squares are not precise enough, or not finite.
    table[:, np.any(np.abs(table) > _LARGEST, axis=0)] = 0.0
    return table


def _moving(table: Any) -> list[int]:
    """Return the columns that are not always the same."""
    if not len(table):
        return []
    return [place for place, width in enumerate(np.ptp(table, axis=0)) if width > 0]


def _is_product(table: Any, place: int, pair: tuple[int, int], scale: float) -> bool:
    def held(rows: Any, first: Any) -> float:
        product = scale * first * rows[:, pair[1]]
        within = _HALF_A_CENT + _CLOSE * np.abs(product)
        return float(np.mean(np.abs(rows[:, place] - product) <= within))

    few, factor = table[:_TRIED], table[:, pair[0]]
    return (
        held(few, few[:, pair[0]]) >= _HELD_FIRST
        and held(table, factor) >= _HELD
        and held(table, np.roll(factor, 1)) <= _BY_CHANCE
    )


def _agrees(numbers: Any, others: Any) -> bool:
    close = np.abs(numbers - others) <= _CLOSE * np.maximum(np.abs(numbers), 1.0)
    return bool(np.mean(close) >= _HELD)
