"""Figures of texts, in words: their columns hold logarithms of counts, and shares of characters."""

from collections.abc import Sequence
from math import expm1
from typing import NamedTuple

from streamscore.detectors.written_numbers import written_alike, written_number

_DIGITS_OF_SHARES = 2
_MOST_LOG = 50.0
"""A logarithm that is higher is none of a count of characters."""


class Figure(NamedTuple):
    """How a figure of a text is spoken of.

    Attributes
    ----------
    some, none : str
        The sentence with the text's name and an amount, and with the name where there is none.
    is_share : bool
        Whether it is a share of the characters; else a count.
    is_log : bool
        Whether the column has log(1 + count).
    """

    some: str
    none: str
    is_share: bool = False
    is_log: bool = False

    def told(self, name: str, value: float, others: Sequence[float]) -> tuple[str, list[str]]:
        """Say what a text has, and write other values to compare it with.

        Parameters
        ----------
        name : str
            Name of the text.
        value : float
            The figure as rows have it.
        others : sequence of float
            Other values of it.

        Examples
        --------
        >>> FIGURES["digits"].told("note", 0.186, [0.0, 0.041])
        ('19% of note are digits', ['none', '4.1%'])
        """
        amounts = [self._amount(one) for one in (value, *others)]
        if not amounts[0] and not others:
            return self.none.format(name), []
        if not self.is_share:
            own, *texts = (written_number(amount) for amount in amounts)
            some = self.some.removesuffix("s") if amounts[0] == 1.0 else self.some
            return some.format(name, own), texts
        own, *texts = (f"{text}%" for text in written_alike(amounts, _DIGITS_OF_SHARES))
        return self.some.format(name, own), ["none" if text == "0%" else text for text in texts]

    def _amount(self, value: float) -> float:
        """Return what is said: per cent, or a count; at least 0."""
        if self.is_share:
            return max(100.0 * value, 0.0)
        count = expm1(min(value, _MOST_LOG)) if self.is_log else value
        return float(max(round(count), 0))


FIGURES = {
    "length": Figure("{} has {} characters", "{} is empty", is_log=True),
    "words": Figure("{} has {} words", "{} has no words", is_log=True),
    "upper": Figure("{1} of {0} are capitals", "{} has no capitals", is_share=True),
    "digits": Figure("{1} of {0} are digits", "{} has no digits", is_share=True),
    "punctuation": Figure("{1} of {0} are punctuation", "{} has no punctuation", is_share=True),
    "links": Figure("{} has {} links", "{} has no links"),
}
"""By the part of a column's name behind that of its field."""
