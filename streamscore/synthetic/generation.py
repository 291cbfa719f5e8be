"""Generating the records of a built-in source."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from typing import Any

import numpy as np

from streamscore.errors import UsageError
from streamscore.synthetic.accidents import accidents
from streamscore.synthetic.reviews import reviews

_Generator = Callable[[date, float, np.random.Generator], Iterator[dict[str, Any]]]
_GENERATORS: dict[str, _Generator] = {"accidents": accidents, "reviews": reviews}
_LAST_YEAR = 2099

GENERATED = tuple(_GENERATORS)
"""The sources that records can be generated for."""

DEFAULT_START = date(2024, 1, 1)
"""The first day of what is generated."""

DEFAULT_PER_DAY = 150.0
"""Records a day: the public crash record has 76 in the years before 2020 and 300 in all."""


def generate(
    source_name: str,
    n: int,
    rng: np.random.Generator,
    *,
    start: date = DEFAULT_START,
    per_day: float = DEFAULT_PER_DAY,
) -> Iterator[dict[str, Any]]:
    """Yield records like the real ones, in the order of their event time.

    Equal generators give equal records, and fewer of them are the beginning of more. Only some
    20,000 records are in memory at once.

    Parameters
    ----------
    source_name : str
        One of `GENERATED`.
    n : int
        How many, at least 0.
    rng : numpy.random.Generator
        The source of chance.
    start : date
        The first day, in the source's zone.
    per_day : float
        Mean number of records a day, above 0.

    Yields
    ------
    dict
        A record of JSON values, in the order of the source's fields.

    Raises
    ------
    UsageError
        When the source cannot be generated, or the records would reach beyond the year 2099.

    Examples
    --------
    >>> records = generate("accidents", 2, np.random.default_rng(7))
    >>> [record["crash_date"] for record in records]
    ['01/01/2024 12:03:00 AM', '01/01/2024 12:50:00 AM']
    """
    if source_name not in _GENERATORS:
        raise UsageError(
            f"records can be generated for {' and '.join(GENERATED)}, got {source_name!r}"
        )
    if not 0 < per_day <= 1e6:
        raise UsageError(f"records a day must lie in (0, 1,000,000], got {per_day}")
    if n / per_day > (date(_LAST_YEAR, 12, 31) - start).days:
        raise UsageError(
            f"{n} records from {start} at {per_day:g} a day reach beyond {_LAST_YEAR}; "
            "ask for more a day, or an earlier start"
        )
    return islice(_GENERATORS[source_name](start, per_day, rng), n)
