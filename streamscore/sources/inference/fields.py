"""The fields of a draft: for each column its type, role and constraints, and why."""

from collections.abc import Sequence

from msgspec import Struct

from streamscore.quantities import counted
from streamscore.sources.inference.constraints import bounds_of, longest_of
from streamscore.sources.inference.event_times import EventTimeGuess
from streamscore.sources.inference.file_dialect import FileDialect
from streamscore.sources.inference.naming import words_of
from streamscore.sources.inference.roles import RoleGuess, role_of
from streamscore.sources.inference.time_columns import TimeColumn
from streamscore.sources.inference.value_types import TypedColumn, Writing
from streamscore.sources.inference.vocabulary import LABEL_WORDS, OWNER_WORDS
from streamscore.sources.record_files import Layout
from streamscore.sources.source import Field, FieldType

_LEAST_ROWS_OF_A_KEY = 2.0
_LEAST_KEYS = 3
_LEAST_TIME_LENGTH = 64


class FieldGuess(Struct, frozen=True, kw_only=True):
    """A field of the draft.

    Attributes
    ----------
    name : str
        Its name.
    field : Field
        What the draft says of it.
    why : tuple of str
        Lines for the comment before it.
    writing : Writing
        How a CSV writes its numbers.
    distinct, present : int
        How many different values, and how many rows with one, were seen.
    """

    name: str
    field: Field
    why: tuple[str, ...]
    writing: Writing = "plain"
    distinct: int = 0
    present: int = 0


def field_guesses(
    columns: Sequence[TypedColumn],
    time: EventTimeGuess,
    layout: Layout,
    dialect: FileDialect | None,
) -> list[FieldGuess]:
    """Guess a field for each column, in their order.

    Parameters
    ----------
    columns : sequence of TypedColumn
        The columns.
    time : EventTimeGuess
        Which of them hold times, and which of these is the event time.
    layout : {"csv", "jsonl"}
        The file's: an empty text is absent in a CSV and a text in JSON.
    dialect : FileDialect or None
        How the file is written, where that is not as records are.
    """
    others = {other.name: other for other in time.others}
    guesses = []
    for column in columns:
        if column is time.time.typed:
            guesses.append(_event_time(time, dialect))
        elif column.name in others:
            guesses.append(_other_time(others[column.name]))
        else:
            guesses.append(_field(column, layout))
    return guesses


def key_of(fields: Sequence[FieldGuess]) -> str | None:
    """Choose the field that plainly names who or what a record is about; None without one.

    It is there in each record, names one of many, and each of these has several records.
    """
    words = {one.name: set(words_of(one.name)) for one in fields}
    fitting = [
        one
        for one in fields
        if one.field.required
        and not one.field.private
        and one.field.role in ("id", "category")
        and one.field.type in ("string", "integer")
        and "id" in words[one.name]
        and words[one.name] & OWNER_WORDS
        and one.distinct >= _LEAST_KEYS
        and one.present >= _LEAST_ROWS_OF_A_KEY * one.distinct
    ]
    return max(fitting, key=lambda one: one.distinct).name if fitting else None


def _event_time(time: EventTimeGuess, dialect: FileDialect | None) -> FieldGuess:
    column = time.time
    kind: FieldType = "string" if dialect else _time_type(column)
    texts = [str(value) for value in column.typed.column.values if value is not None]
    field = Field(
        type=kind,
        role="time",
        path=column.typed.column.path,
        max_length=max(longest_of(texts), _LEAST_TIME_LENGTH) if kind == "string" else None,
    )
    return FieldGuess(name=column.name, field=field, why=("the event time",))


def _other_time(column: TimeColumn) -> FieldGuess:
    typed = column.typed
    kind = _time_type(column)
    texts = [str(value) for value in typed.column.values if value is not None]
    field = Field(
        type=kind,
        role="time",
        required=len(texts) == len(typed.column.values),
        path=typed.column.path,
        max_length=longest_of(texts) if kind == "string" else None,
    )
    return FieldGuess(
        name=column.name, field=field, why=(f"a time, {column.format}; not the event's own",)
    )


def _time_type(column: TimeColumn) -> FieldType:
    """Return the type that a time is written in: a number may be a text of digits."""
    if not column.format.startswith("epoch"):
        return "string"
    return "float" if column.typed.type == "float" else "integer"


def _field(column: TypedColumn, layout: Layout) -> FieldGuess:
    counts = column.counts()
    guess = role_of(column, counts)
    numbers = [value for value in column.known if value is not None] if column.is_number else []
    low, high = bounds_of(numbers, column.type) if guess.role == "number" else (None, None)
    is_text = column.type == "string"
    field = Field(
        type=column.type,
        role=guess.role,
        required=_is_required(column),
        min=low,
        max=high,
        max_length=longest_of(map(str, counts)) if is_text else None,
        missing=column.missing if guess.role == "category" or not is_text else (),
        private=guess.private,
        path=column.column.path,
    )
    return FieldGuess(
        name=column.name,
        field=field,
        why=tuple(_reasons(column, guess, layout)),
        writing=column.writing,
        distinct=len(counts),
        present=counts.total(),
    )


def _is_required(column: TypedColumn) -> bool:
    values = column.column.values
    absent = () if column.type == "string" else column.missing
    return column.type != "any" and all(v is not None and v not in absent for v in values)


def _reasons(column: TypedColumn, guess: RoleGuess, layout: Layout) -> list[str]:
    found = [guess.why]
    if set(words_of(column.name)) & LABEL_WORDS and guess.role in ("category", "flag", "number"):
        found.append("if it says whether the record is abnormal: role ignored, not to be learned")
    rows = len(column.column.values)
    empty = sum(value is None for value in column.column.values)
    if 0 < empty < rows:
        found.append(
            f"{'empty' if layout == 'csv' else 'absent'} in {empty / rows:.1%} of the rows"
        )
    if column.missing and column.type != "string":
        found.append(f"written as {', '.join(column.missing)} where it is not known")
    if column.writing != "plain":
        found.append(f"a number is written such as {_WRITINGS[column.writing]}: see the dialect")
    if column.unread:
        found.append(
            f"{counted(column.unread, 'value is', 'values are')} no {column.type}, such as "
            f"{column.example!r}: such records are rejected"
        )
    return found


_WRITINGS: dict[Writing, str] = {
    "plain": "1341.5",
    "grouped": "1,341.5",
    "decimal_comma": "1.341,5",
    "percent": "12.5%",
    "money": "$1,341.50",
}
