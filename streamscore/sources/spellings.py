"""Spellings: the ways in which files may write the records of a source, its own one first."""

from collections.abc import Collection, Sequence

import msgspec
from msgspec import Struct

from streamscore.errors import SourceError, UsageError
from streamscore.sources.columns import Columns, fields_of_columns
from streamscore.sources.dialects import CANONICAL, FieldSpelling
from streamscore.sources.record_files import Layout
from streamscore.sources.source import Source


class Spelling(Struct, frozen=True, kw_only=True):
    """One way to write the records of a source.

    Attributes
    ----------
    name : str
        The dialect, or `canonical`.
    formats : tuple of str
        How the event time is written.
    fields : dict of str to FieldSpelling
        Every field of the source, with what it is called.
    required : tuple of str
        Fields without which there is no record: required ones that have no default.
    """

    name: str
    formats: tuple[str, ...]
    fields: dict[str, FieldSpelling]
    required: tuple[str, ...]

    @property
    def is_canonical(self) -> bool:
        """Whether it is the source's own spelling."""
        return self.name == CANONICAL

    def written_names(self, field: str) -> tuple[str, ...]:
        """Return what a field is called in this spelling."""
        return self.fields[field].names(field)

    def columns_of(self, columns: Columns) -> dict[str, int]:
        """Return the place of the column of each field that has one."""
        names = {field: self.written_names(field) for field in self.fields}
        places = columns.places({name for several in names.values() for name in several})
        found = {
            field: next((places[name] for name in several if name in places), None)
            for field, several in names.items()
        }
        return {field: place for field, place in found.items() if place is not None}

    def lacks(self, present: Collection[str]) -> tuple[str, ...]:
        """Return what is missing of a record that has the fields `present`, as it is called."""
        missing = (field for field in self.required if field not in present)
        return tuple(dict.fromkeys(" or ".join(self.written_names(one)) for one in missing))


def spellings_of(
    source: Source, layout: Layout, dialect: str | None = None
) -> tuple[Spelling, ...]:
    """Return the spellings that a file of this layout may have.

    Parameters
    ----------
    source : Source
        The source.
    layout : {"csv", "jsonl"}
        The file's.
    dialect : str or None
        The one that the user has named; then there is no other.

    Raises
    ------
    UsageError
        When the source has no such dialect, or not in this layout.

    Examples
    --------
    >>> from streamscore.sources import load_source
    >>> [spelling.name for spelling in spellings_of(load_source("reviews"), "jsonl")]
    ['canonical', 'edition-2018']
    """
    if dialect is not None:
        _check_named(source, layout, dialect)
    names = [CANONICAL, *source.dialects]
    spellings = {name: _spelling(source, layout, name) for name in names}
    return tuple(
        spelling
        for name, spelling in spellings.items()
        if dialect in (None, name) and _layout_of(source, name) in (None, layout)
    )


def spellings_that_fit(
    source: Source, spellings: Sequence[Spelling], columns: Columns
) -> list[Spelling]:
    """Return the spellings for which a header has all that a record needs.

    Raises
    ------
    SourceError
        When there is none, with what the nearest one lacks; or a column occurs twice.
    """
    columns.check()
    found = {spelling.name: spelling.columns_of(columns) for spelling in spellings}
    fitting = [one for one in spellings if not one.lacks(found[one.name])]
    if fitting:
        return fitting
    nearest = max(spellings, key=lambda one: len(found[one.name]))
    lacks = nearest.lacks(found[nearest.name])
    spelled = "" if nearest.is_canonical else f" in the dialect {nearest.name}"
    raise SourceError(
        f"source {source.name}{spelled} needs the columns {', '.join(lacks)}; "
        f"the header has {columns.shown()}"
    )


def _spelling(source: Source, layout: Layout, name: str) -> Spelling:
    dialect = source.dialects.get(name)
    spelled = {} if dialect is None else dialect.fields
    own_format = source.event_time.format
    fields = {}
    for field in source.fields:
        found = spelled.get(field, FieldSpelling())
        own_names = _own_names(source, layout, field)
        fields[field] = msgspec.structs.replace(found, name=found.name or own_names)
    return Spelling(
        name=name,
        formats=(own_format,) if dialect is None else dialect.formats(own_format),
        fields=fields,
        required=tuple(
            field
            for field, rules in source.fields.items()
            if rules.required and fields[field].default is None
        ),
    )


def _own_names(source: Source, layout: Layout, field: str) -> tuple[str, ...]:
    """Return what a field is called where nothing else is said."""
    if layout == "jsonl":
        return (".".join(source.path_of(field)),)
    columns = fields_of_columns(source)
    return tuple(column for column, owner in reversed(columns.items()) if owner == field)


def _layout_of(source: Source, name: str) -> Layout | None:
    return None if name == CANONICAL else source.dialects[name].layout


def _check_named(source: Source, layout: Layout, dialect: str) -> None:
    if dialect != CANONICAL and dialect not in source.dialects:
        known = ", ".join((CANONICAL, *source.dialects))
        raise UsageError(f"--dialect of source {source.name} is one of {known}; got {dialect!r}")
    wanted = _layout_of(source, dialect)
    if wanted not in (None, layout):
        raise UsageError(f"--dialect {dialect} is for files of layout {wanted}; got {layout}")
