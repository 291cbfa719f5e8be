"""Anomalies put into records on purpose, each with the name of its kind."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from streamscore.sources.nesting import Nesting
from streamscore.sources.source import Source
from streamscore.synthetic.accident_anomalies import ACCIDENT_KINDS
from streamscore.synthetic.generation import DEFAULT_PER_DAY, DEFAULT_START, GENERATED, generate
from streamscore.synthetic.kinds import Change, Kinds, Pool, Record, blamed_fields, one_of
from streamscore.synthetic.review_anomalies import REVIEW_KINDS
from streamscore.synthetic.role_anomalies import role_kinds

_TYPICAL_RECORDS = 1000


def kinds_of(source: Source, history: Sequence[Record] = ()) -> dict[str, tuple[Change, ...]]:
    """Return the kinds of anomaly that a source's records can be given.

    The built-in sources have their own; others have those that follow from the roles of fields.

    Parameters
    ----------
    source : Source
        The source.
    history : sequence of dict
        Values by field name, from which sums and copies are read.
    """
    named: dict[str, Kinds] = {"accidents": ACCIDENT_KINDS, "reviews": REVIEW_KINDS}
    return dict(named.get(source.name) or role_kinds(source, history))


class Injection(NamedTuple):
    """A record made anomalous.

    Attributes
    ----------
    record : dict
        The anomalous copy.
    kind : str or None
        Its kind; None where none fits, and then the copy is as the record.
    fields : tuple of str
        The fields that were changed, and those that they contradict.
    """

    record: dict[str, Any]
    kind: str | None
    fields: tuple[str, ...]


class Injector:
    """Turns copies of records into anomalies.

    Parameters
    ----------
    source : Source
        The source of the records.
    rng : numpy.random.Generator
        The source of chance: equal generators and records give equal anomalies.
    history : sequence of dict
        Records to draw values from; without it those of a built-in source are generated, and for
        another source the records that are given stand in.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> injector = Injector(load_source("reviews"), np.random.default_rng(7))
    >>> found = injector.inject({"rating": 5.0, "text": "Soft and warm", "helpful_vote": 0})
    >>> found.kind, found.fields
    ('shouting', ('text',))
    >>> found.record["text"]
    'SOFT AND WARM!!!'
    """

    def __init__(
        self, source: Source, rng: np.random.Generator, history: Sequence[dict[str, Any]] = ()
    ) -> None:
        self._nesting = Nesting(source)
        values = [self._nesting.values(record) for record in history]
        self._kinds = kinds_of(source, values)
        self._pool = Pool(values or _typical_records(source.name))
        self._rng = rng

    def inject(self, record: dict[str, Any]) -> Injection:
        """Return an anomalous copy of a record, its kind, and the fields that were changed.

        Parameters
        ----------
        record : dict
            A record; it is not changed. Each kind that fits it is as likely.
        """
        names = list(self._kinds)
        values = self._nesting.values(record)
        for place in self._rng.permutation(len(names)):
            changed = dict(values)
            change = one_of(self._kinds[names[place]], self._rng)
            if change(changed, self._rng, self._pool) and changed != values:
                self._pool.take(values)
                replaced = self._nesting.replaced(record, changed)
                return Injection(replaced, names[place], blamed_fields(change, values, changed))
        self._pool.take(values)
        return Injection(dict(record), None, ())


@cache
def _typical_records(source_name: str) -> tuple[Record, ...]:
    """Generate records to draw values from; none for a source that cannot be generated."""
    if source_name not in GENERATED:
        return ()
    rng = np.random.default_rng(0)
    made = generate(
        source_name, _TYPICAL_RECORDS, rng, start=DEFAULT_START, per_day=DEFAULT_PER_DAY
    )
    return tuple(made)
