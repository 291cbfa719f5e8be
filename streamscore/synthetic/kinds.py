"""What a kind of anomaly is: a change of one record."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

Change = Callable[[dict[str, Any], np.random.Generator], bool]
"""Changes a record in place; False, and nothing changed, where the kind does not fit the record."""


def one_of(values: Sequence[T], rng: np.random.Generator) -> T:
    """Draw one of the values, each as likely."""
    return values[int(rng.integers(len(values)))]


def another_of(values: Sequence[T], current: T, rng: np.random.Generator) -> T:
    """Draw one of the values that is not the current one; there must be one."""
    return one_of([value for value in values if value != current], rng)


def some_of(values: Sequence[T], count: int, rng: np.random.Generator) -> list[T]:
    """Draw different values."""
    return [values[int(place)] for place in rng.choice(len(values), count, replace=False)]
