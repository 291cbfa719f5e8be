"""The default: which recipe fits a source, by its fields and what its history holds."""

from collections.abc import Sequence

import numpy as np

from streamscore.sources import Codec
from streamscore.sources.codec import Record

FEWEST_RECORDS = 1000
"""Dependencies between categories are learned from at least so many records."""

MANY_QUANTITIES = 3
"""Beside texts, fewer quantities are judged by their own tails alone."""

MOST_WHOLE_NUMBERS = 64
"""A field with at most so many different whole numbers is a count or a code, not a quantity."""


def default_recipe(codec: Codec, records: Sequence[Record]) -> str:
    """Name the recipe that a model of a source is made by where nobody names one.

    A source whose history is known to be dirty gets `dirty`. Of the others those get `continuous`
    that have a quantity and at least as many quantities as categories and flags, or fewer records
    than it takes to learn which values go with which; the rest gets `categorical`. A quantity is a
    number of which the history holds fractions, or more than 64 different values; other numbers are
    counts or codes, which both are made for. A source with texts gets `text`, joined to what it
    would get without them where there are a category, or three quantities, to look at besides.

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
    numbers = source.with_role("number")
    quantities = sum(is_quantity(codec.values_of(records, name)) for name in numbers)
    has_many = bool(quantities) and quantities >= len(source.with_role("category", "flag"))
    is_continuous = has_many or len(records) < FEWEST_RECORDS
    of_fields = "continuous" if is_continuous else "categorical"
    if not source.with_role("text"):
        return of_fields
    has_others = source.with_role("category") or quantities >= MANY_QUANTITIES
    return f"{of_fields}+text" if has_others else "text"


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
