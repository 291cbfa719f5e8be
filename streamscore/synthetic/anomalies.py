"""Anomalies put into records on purpose, each with the name of its kind."""

from typing import Any

import numpy as np

from streamscore.sources.nesting import Nesting
from streamscore.sources.source import Source
from streamscore.synthetic.accident_anomalies import ACCIDENT_KINDS
from streamscore.synthetic.kinds import Change
from streamscore.synthetic.review_anomalies import REVIEW_KINDS
from streamscore.synthetic.role_anomalies import role_kinds


def kinds_of(source: Source) -> dict[str, Change]:
    """Return the kinds of anomaly that a source's records can be given.

    The built-in sources have their own; others have those that follow from the roles of fields.
    """
    named = {"accidents": ACCIDENT_KINDS, "reviews": REVIEW_KINDS}
    return dict(named.get(source.name) or role_kinds(source))


class Injector:
    """Turns copies of records into anomalies.

    Parameters
    ----------
    source : Source
        The source of the records.
    rng : numpy.random.Generator
        The source of chance: equal generators and records give equal anomalies.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> injector = Injector(load_source("reviews"), np.random.default_rng(7))
    >>> record, kind = injector.inject({"rating": 5.0, "text": "Soft and warm", "helpful_vote": 0})
    >>> kind
    'shouting'
    >>> record["text"]
    'SOFT AND WARM!!!'
    """

    def __init__(self, source: Source, rng: np.random.Generator) -> None:
        self._kinds = kinds_of(source)
        self._nesting = Nesting(source)
        self._rng = rng

    def inject(self, record: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        """Return an anomalous copy of a record and its kind.

        Parameters
        ----------
        record : dict
            A record; it is not changed.

        Returns
        -------
        tuple of dict and str or None
            The copy and its kind, each kind as likely; None where no kind applies, and then the
            copy is as the record.
        """
        names = list(self._kinds)
        values = self._nesting.values(record)
        for place in self._rng.permutation(len(names)):
            changed = dict(values)
            if self._kinds[names[place]](changed, self._rng) and changed != values:
                return self._nesting.replaced(record, changed), names[place]
        return dict(record), None
