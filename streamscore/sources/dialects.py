"""Dialects: other spellings of a source's records, as its TOML declares them."""

from typing import Literal

from msgspec import Struct

from streamscore.sources.record_files import Layout

Converter = Literal[
    "plain", "trim", "upper", "lower", "grouped", "decimal_comma", "percent", "money", "yes_no"
]
"""How the text of a value is read; `docs/sources.md` describes each."""

CANONICAL = "canonical"
"""The name of the source's own spelling, which needs no table in its TOML."""


class FieldSpelling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a dialect writes one field.

    Attributes
    ----------
    name : str or tuple of str
        What the field is called there, or several names of which the first that is there counts;
        none is the field's own name.
    convert : Converter
        How text is read: `plain` by the type of the field.
    default : str, int, float, bool or None
        The value where there is none: absent, null or empty.
    """

    name: str | tuple[str, ...] = ()
    convert: Converter = "plain"
    default: str | int | float | bool | None = None

    def names(self, field: str) -> tuple[str, ...]:
        """Return what a field is called here.

        Examples
        --------
        >>> FieldSpelling(name="overall").names("rating"), FieldSpelling().names("rating")
        (('overall',), ('rating',))
        """
        if isinstance(self.name, str):
            return (self.name,)
        return self.name or (field,)


class Dialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another spelling of a source's records.

    Attributes
    ----------
    title : str
        For people.
    layout : {"csv", "jsonl"} or None
        The layout of files in this dialect; None is either.
    event_time : str or tuple of str
        How the event time is written: the source's formats, or `serial_days`. Of several the first
        that reads it counts; none is the source's own format.
    fields : dict of str to FieldSpelling
        Fields of the source that are written otherwise than there.
    """

    title: str = ""
    layout: Layout | None = None
    event_time: str | tuple[str, ...] = ()
    fields: dict[str, FieldSpelling] = {}

    def formats(self, own: str) -> tuple[str, ...]:
        """Return how the event time is written, where the source's own format is `own`.

        Examples
        --------
        >>> Dialect(event_time="serial_days").formats("iso8601"), Dialect().formats("iso8601")
        (('serial_days',), ('iso8601',))
        """
        if isinstance(self.event_time, str):
            return (self.event_time,)
        return self.event_time or (own,)
