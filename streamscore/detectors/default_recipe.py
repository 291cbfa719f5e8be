"""The default: which recipe fits a source, by its fields and what its history holds."""

from collections.abc import Sequence

import numpy as np

from streamscore.sources import Codec
from streamscore.sources.codec import Record

MOST_WHOLE_NUMBERS = 64
"""A field with at most so many different whole numbers is a count or a code, not a quantity."""


def default_recipe(codec: Codec, records: Sequence[Record]) -> str:
    """Name the recipe that a model of a source is made by where nobody names one.

    A source whose history is known to be dirty gets `dirty`; one with texts gets `text`; one in
    which fewer fields are quantities than are not gets `categorical`, and any other `continuous`.
    A quantity is a number of which the history holds fractions, or more than 64 different values.

    Parameters
    ----------
    codec : Codec
        The source's codec.
    records : sequence of Record
        The history to learn from.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> default_recipe(Codec(load_source("reviews")), [])
    'text'
    """
    source = codec.source
    if source.history == "dirty":
        return "dirty"
    if source.with_role("text"):
        return "text"
    numbers = source.with_role("number")
    quantities = sum(is_quantity(codec.values_of(records, name)) for name in numbers)
    others = len(numbers) - quantities + len(source.with_role("category", "flag"))
    return "continuous" if quantities and quantities >= others else "categorical"


def is_quantity(values: Sequence[float | None]) -> bool:
    """Say whether numbers are a quantity, and not counts or codes.

    Examples
    --------
    >>> is_quantity([0.5, 1.0, None]), is_quantity([3, 4, 3]), is_quantity(range(100))
    (True, False, True)
    """
    known = np.array([value for value in values if value is not None], np.float64)
    different = np.unique(known)
    return len(different) > MOST_WHOLE_NUMBERS or bool(np.any(different != np.floor(different)))
