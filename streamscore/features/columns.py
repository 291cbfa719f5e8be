"""Columns: which numbers are made of which field."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import msgspec
from msgspec import Struct

from streamscore.features.minilm import DIMENSIONS
from streamscore.sources.source import Source

ColumnKind = Literal[
    "code",
    "number",
    "flag",
    "cycle",
    "calendar",
    "event_time",
    "text_statistic",
    "text_hash",
    "text_learned",
    "text_fingerprint",
    "text_embedding",
]

TEXT_STATISTICS = ("length", "words", "upper", "digits", "punctuation", "links")
"""Plain statistics of a text: log lengths, shares of characters, count of links."""

TEXT_LEARNED = ("surprise", "rarity", "unseen", "number", "repeats", "addresses")
"""What is learned of a text beside numbers: mean bits a byte and a word, share of unseen words,
digits of the longest number, longest run of one word, 3 for a web address, 2 for a bare
domain with a new word, 1 for another."""

Predicted = Mapping[str, Sequence[str]]
"""Text field -> number fields that it predicts."""

_NONE: Predicted = MappingProxyType({})


class Column(Struct, frozen=True, kw_only=True):
    """One column of the encoded matrix.

    Attributes
    ----------
    name : str
        Unique, for people: `crash_date.hour.sin`.
    field : str
        The field it is made of; attribution is summed by field.
    kind : ColumnKind
        How it is made.
    also : tuple of str
        Further fields that it is made of: a number less what a text predicts of it.
    missing_codes : tuple of int
        Codes of the values that stand for a missing one, `UNKNOWN` and its like.
    values : int
        How many known values a code has; the code of an unseen value is this, of a missing one this
        plus 1.
    """

    name: str
    field: str
    kind: ColumnKind
    also: tuple[str, ...] = ()
    missing_codes: tuple[int, ...] = ()
    values: int = 0


class ColumnPlan(Struct, frozen=True, kw_only=True):
    """What a detector wants of the fields.

    Attributes
    ----------
    cycles : bool
        Whether the calendar parts of the event time are wanted, each as sine and cosine.
    text_dimensions : int
        Width of the hashed embedding of each text field; 0 for none.
    scaled : bool
        Whether numbers are centred and scaled; else they are as they came.
    scalars : bool
        Whether categories, numbers and flags are wanted.
    calendar : bool
        Whether the calendar parts of the event time are wanted as integers.
    event_time : bool
        Whether the event time is wanted, milliseconds since the epoch.
    text_statistics : bool
        Whether the plain statistics of texts are wanted.
    text_learned : bool
        Whether what is learned of texts is wanted: surprise, unknown words, residuals.
    text_fingerprints : bool
        Whether a number that names the normalised text is wanted.
    text_embeddings : bool
        Whether the vectors that a language model makes of texts are wanted; none where the source's
        `embedding` is `hash`.
    """

    cycles: bool = True
    text_dimensions: int = 32
    scaled: bool = True
    scalars: bool = True
    calendar: bool = False
    event_time: bool = False
    text_statistics: bool = True
    text_learned: bool = False
    text_fingerprints: bool = False
    text_embeddings: bool = False

    def __or__(self, other: "ColumnPlan") -> "ColumnPlan":
        """Return the plan of whatever either wants; scaled only where both are."""
        names = [name for name in self.__struct_fields__ if name != "scaled"]
        wanted = {name: max(getattr(self, name), getattr(other, name)) for name in names}
        return ColumnPlan(**wanted, scaled=self.scaled and other.scaled)

    def wants(self, column: Column) -> bool:
        """Tell whether a column is of a kind that the plan asks for."""
        asked: dict[ColumnKind, bool] = {
            "code": self.scalars,
            "number": self.scalars,
            "flag": self.scalars,
            "cycle": self.cycles,
            "calendar": self.calendar,
            "event_time": self.event_time,
            "text_statistic": self.text_statistics or self.text_dimensions > 0,
            "text_hash": self.text_dimensions > 0,
            "text_learned": self.text_learned,
            "text_fingerprint": self.text_fingerprints,
            "text_embedding": self.text_embeddings,
        }
        return asked[column.kind]

    def is_met_by(self, columns: Sequence[Column]) -> bool:
        """Tell whether there are columns that the plan is for.

        What reads vectors of texts has no use for the other columns alone.
        """
        if self.text_embeddings:
            return any(column.kind == "text_embedding" for column in columns)
        return any(self.wants(column) for column in columns)


NOTHING = ColumnPlan(cycles=False, text_dimensions=0, scalars=False, text_statistics=False)
"""The plan that wants no column; others add to it."""


def planned(**wanted: bool | int) -> ColumnPlan:
    """Return the plan of what is named and nothing else, numbers as they came.

    Examples
    --------
    >>> planned(calendar=True).cycles
    False
    """
    return msgspec.structs.replace(NOTHING, scaled=False, **wanted)


def plan_columns(
    source: Source, plan: ColumnPlan, predicted: Predicted = _NONE
) -> tuple[Column, ...]:
    """List the columns of a source: scalars, the time's, then the texts', each in field order.

    Parameters
    ----------
    source : Source
        The source.
    plan : ColumnPlan
        Which columns are wanted.
    predicted : mapping of str to sequence of str
        Text field -> number fields that it was found to predict.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> [c.name for c in plan_columns(load_source("reviews"), ColumnPlan(text_dimensions=0))][:4]
    ['rating', 'helpful_vote', 'verified_purchase', 'timestamp.hour.sin']
    """
    every = [*_scalars(source), *_of_the_time(source)]
    for name in source.with_role("text"):
        every += _of_a_text(name, plan, predicted.get(name, ()))
    every += _meanings(source)
    return tuple(column for column in every if plan.wants(column))


def _scalars(source: Source) -> list[Column]:
    kinds: dict[str, ColumnKind] = {"category": "code", "number": "number", "flag": "flag"}
    return [
        Column(name=name, field=name, kind=kinds[field.role])
        for name, field in source.fields.items()
        if field.role in kinds
    ]


def _of_the_time(source: Source) -> list[Column]:
    field, cycles = source.event_time.field, source.event_time.cycles
    points = [
        Column(name=f"{field}.{cycle}.{part}", field=field, kind="cycle")
        for cycle in cycles
        for part in ("sin", "cos")
    ]
    parts = [Column(name=f"{field}.{cycle}", field=field, kind="calendar") for cycle in cycles]
    return [*points, *parts, Column(name=field, field=field, kind="event_time")]


def _of_a_text(name: str, plan: ColumnPlan, predicted: Sequence[str]) -> list[Column]:
    statistics = [
        Column(name=f"{name}.{statistic}", field=name, kind="text_statistic")
        for statistic in TEXT_STATISTICS
    ]
    hashed = [
        Column(name=f"{name}.hash{i}", field=name, kind="text_hash")
        for i in range(plan.text_dimensions)
    ]
    learned = [
        Column(name=f"{name}.{statistic}", field=name, kind="text_learned")
        for statistic in TEXT_LEARNED
    ]
    residuals = [
        Column(name=f"{number} less {name}", field=number, also=(name,), kind="text_learned")
        for number in predicted
    ]
    fingerprint = Column(name=f"{name}.fingerprint", field=name, kind="text_fingerprint")
    return [*statistics, *hashed, *learned, *residuals, fingerprint]


def _meanings(source: Source) -> list[Column]:
    if source.embedding != "minilm":
        return []
    return [
        Column(name=f"{name}.meaning{i}", field=name, kind="text_embedding")
        for name in source.with_role("text")
        for i in range(DIMENSIONS)
    ]
