"""Columns: which numbers are made of which field."""

from typing import Literal

from msgspec import Struct

from streamscore.sources.source import Source

ColumnKind = Literal["code", "number", "flag", "cycle", "text_statistic", "text_hash"]

TEXT_STATISTICS = ("length", "words", "upper", "digits", "punctuation", "links")
"""Plain statistics of a text: log lengths, shares of characters, count of links."""


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
    """

    name: str
    field: str
    kind: ColumnKind


class ColumnPlan(Struct, frozen=True, kw_only=True):
    """What a detector wants of the fields.

    Attributes
    ----------
    cycles : bool
        Whether the calendar parts of the event time are wanted, each as sine and cosine.
    text_dimensions : int
        Width of the hashed embedding of each text field; 0 for none.
    """

    cycles: bool = True
    text_dimensions: int = 32


def plan_columns(source: Source, plan: ColumnPlan) -> tuple[Column, ...]:
    """List the columns of a source: scalars, then cycles, then texts, each in field order.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> [c.name for c in plan_columns(load_source("reviews"), ColumnPlan(text_dimensions=0))][:4]
    ['rating', 'helpful_vote', 'verified_purchase', 'timestamp.hour.sin']
    """
    columns: list[Column] = []
    kinds: dict[str, ColumnKind] = {"category": "code", "number": "number", "flag": "flag"}
    for name, field in source.fields.items():
        if field.role in kinds:
            columns.append(Column(name=name, field=name, kind=kinds[field.role]))
    if plan.cycles:
        time_field = source.event_time.field
        for cycle in source.event_time.cycles:
            for part in ("sin", "cos"):
                name = f"{time_field}.{cycle}.{part}"
                columns.append(Column(name=name, field=time_field, kind="cycle"))
    for name in source.with_role("text"):
        columns += [
            Column(name=f"{name}.{statistic}", field=name, kind="text_statistic")
            for statistic in TEXT_STATISTICS
        ]
        columns += [
            Column(name=f"{name}.hash{i}", field=name, kind="text_hash")
            for i in range(plan.text_dimensions)
        ]
    return tuple(columns)
