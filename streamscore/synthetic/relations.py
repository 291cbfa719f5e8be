"""What numbers of a history have to do with each other: sums and copies that nearly always hold."""

from collections.abc import Sequence
from typing import Any

import numpy as np

_HELD = 0.99
_LATEST = 5000
_CLOSE = 1e-9
_LARGEST = 1e12


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
    moving = [
        place
        for place, name in enumerate(fields)
        if len(table) and name not in copies and np.ptp(table[:, place]) > 0
    ]
    for place in moving:
        others = [i for i in moving if i != place]
        if len(others) < 2:
            continue
        weights = np.linalg.lstsq(table[:, others], table[:, place], rcond=None)[0]
        parts = [i for i, weight in zip(others, weights, strict=True) if weight > 0.5]
        if len(parts) >= 2 and _agrees(table[:, place], table[:, parts].sum(axis=1)):
            found[fields[place]] = [fields[i] for i in parts]
    return found


def copied_fields(fields: Sequence[str], history: Sequence[dict[str, Any]]) -> list[str]:
    """Find fields that have the value of an earlier one in nearly every record.

    Examples
    --------
    >>> copied_fields(["a", "b"], [{"a": 1, "b": 1}, {"a": 4, "b": 4}])
    ['b']
    """
    table = _table(fields, history)
    moving = [i for i in range(len(fields)) if len(table) and np.ptp(table[:, i]) > 0]
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


def _agrees(numbers: Any, others: Any) -> bool:
    close = np.abs(numbers - others) <= _CLOSE * np.maximum(np.abs(numbers), 1.0)
    return bool(np.mean(close) >= _HELD)
