"""Counts of things as a person says them."""

from __future__ import annotations


def counted(count: int, one: str, more: str | None = None) -> str:
    """Return a count with what is counted, in the singular where it is one.

    Parameters
    ----------
    count : int
        How many, at least 0.
    one : str
        What one of them is called, and what is said of it.
    more : str, optional
        The same of any other number; with an `s` more unless given.

    Examples
    --------
    >>> counted(1, "record"), counted(2000, "record"), counted(0, "anomaly", "anomalies")
    ('1 record', '2,000 records', '0 anomalies')
    >>> counted(1, "letter is", "letters are")
    '1 letter is'
    """
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"
