"""Bounds of numbers and lengths of texts: beyond what was seen, but not without limit."""

from collections.abc import Iterable
from math import ceil, floor, log10

from streamscore.sources.source import INTEGER_LIMIT, FieldType

_HEADROOM = 10
"""A bound lies so many times further than anything seen: beyond it a record is no record."""

_NEAR_ZERO = 0.05
_LENGTHS = (32, 64, 120, 250, 500, 1_000, 2_000, 5_000)


def bounds_of(numbers: Iterable[float], kind: FieldType) -> tuple[float, float]:
    """Return bounds with room for extremes that a model should still see and score.

    Parameters
    ----------
    numbers : iterable of float
        The numbers seen, at least one.
    kind : {"integer", "float"}
        Bounds of integers are whole.

    Returns
    -------
    (float, float)
        The least and the most, both inclusive. The least is 0 where the numbers come near it and
        never fall below.

    Examples
    --------
    >>> bounds_of([1, 4, 11], "integer"), bounds_of([-3.5, 99.0], "float")
    ((0, 1000), (-1000.0, 1000.0))
    """
    seen = sorted(numbers)
    low, high = seen[0], seen[-1]
    reach = _power_above(max(abs(low), abs(high)))
    is_whole = all(number == floor(number) for number in seen)
    if low >= 0 and (low <= _NEAR_ZERO * high or (is_whole and low <= 1)):
        low_bound, high_bound = 0.0, reach
    else:
        low_bound, high_bound = -reach, reach
    if kind == "integer":
        limit = float(INTEGER_LIMIT)
        return floor(max(low_bound, -limit)), ceil(min(high_bound, limit))
    return low_bound, high_bound


def longest_of(texts: Iterable[str]) -> int:
    """Return the longest length of a text that is to be accepted: four times what was seen.

    Examples
    --------
    >>> longest_of(["DRY", "WET"]), longest_of(["x" * 3_000])
    (32, 100000)
    """
    wanted = 4 * max(map(len, texts), default=0)
    fitting = (length for length in _LENGTHS if length >= wanted)
    return next(fitting, 0) or int(10 ** ceil(log10(wanted)))


def _power_above(size: float) -> float:
    """Return the power of ten that is at least `_HEADROOM` times a size; 100 for small ones."""
    if size <= 1:
        return 100.0
    return float(10 ** ceil(log10(size * _HEADROOM)))
