"""What type a column has: the JSON type of its field, and the values as that type reads them."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Literal, get_args

from msgspec import Struct

from streamscore.sources.converters import converter_of
from streamscore.sources.inference.samples import Column
from streamscore.sources.inference.vocabulary import SENTINELS
from streamscore.sources.record_files import Layout
from streamscore.sources.source import INTEGER_LIMIT, FieldType

Writing = Literal["plain", "grouped", "decimal_comma", "percent", "money"]
"""How the numbers of a CSV are written, as the converters of dialects are called."""

_LEAST_SHARE = 0.97
"""Of the values of a column, so many have its type at least; the others make bad records."""

_LEAST_SHARE_BESIDE_WORDS = 0.6
_MOST_WORDS = 3
"""A column of numbers may have so many words of its own for a number that is not known."""

_OFTEN = 3

_CODE = re.compile(r"\s*[+-]?0\d+\s*", re.ASCII)
_WHOLE: dict[Writing, re.Pattern[str]] = {
    "plain": re.compile(r"\s*[+-]?\d+\s*", re.ASCII),
    "grouped": re.compile(r"[^.]+"),
    "decimal_comma": re.compile(r"[^,]+"),
    "percent": re.compile(r"(?!)"),
    "money": re.compile(r"[^.]+"),
}


class TypedColumn(Struct, frozen=True, kw_only=True):
    """A column read as a type.

    Attributes
    ----------
    column : Column
        The column.
    type : FieldType
        The type of its field.
    writing : Writing
        How its numbers are written in a CSV.
    known : list
        One a row: a text, number or truth value; None where there is none of the type.
    missing : tuple of str
        Texts that stand for a value that is not known, as they are written.
    unread : int
        Values that the type does not take.
    example : str
        One of those.
    """

    column: Column
    type: FieldType
    known: list[Any]
    writing: Writing = "plain"
    missing: tuple[str, ...] = ()
    unread: int = 0
    example: str = ""

    @property
    def name(self) -> str:
        """What the field is called."""
        return self.column.name

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.type in ("integer", "float")

    @property
    def may_have_decimal_commas(self) -> bool:
        """Whether its grouped numbers may as well have decimal commas."""
        if self.writing != "grouped":
            return False
        commas = _READERS["decimal_comma"]
        texts = [text for text in self.column.values if text is not None and "," in text]
        return all(commas(text) is not None for text in texts)

    @property
    def present(self) -> int:
        """How many rows have a value of the type."""
        return sum(value is not None for value in self.known)

    def counts(self) -> Counter[Hashable]:
        """Count the values; empty where they cannot be looked at."""
        if self.type == "any":
            return Counter()
        return Counter(value for value in self.known if value is not None)


def typed_columns(columns: Sequence[Column], layout: Layout) -> list[TypedColumn]:
    """Guess the types of the columns of a file.

    Numbers such as `1,480` have a group or a decimal comma; the other columns of the file tell.

    Examples
    --------
    >>> fee, total = Column(name="fee", values=["1,480"]), Column(name="total", values=["2.162,08"])
    >>> [column.known for column in typed_columns([fee, total], "csv")]
    [[1.48], [2162.08]]
    """
    found = [typed(column, layout) for column in columns]
    if any(one.writing == "decimal_comma" for one in found):
        found = [typed(one.column, layout, "decimal_comma") for one in found]
    return found


def typed(column: Column, layout: Layout, usual: Writing = "plain") -> TypedColumn:
    """Guess the type of a column.

    Parameters
    ----------
    column : Column
        The column.
    layout : {"csv", "jsonl"}
        A CSV holds texts; JSON has types of its own, which are taken at their word.
    usual : Writing
        How other numbers of the file are written; it decides where several read as many.

    Examples
    --------
    >>> sizes = typed(Column(name="size", values=["1,341", "12", "N/A", None]), "csv")
    >>> sizes.type, sizes.writing, sizes.known, sizes.missing
    ('integer', 'grouped', [1341, 12, None, None], ('N/A',))
    """
    return _typed_texts(column, usual) if layout == "csv" else _typed_json(column)


def _typed_texts(column: Column, usual: Writing) -> TypedColumn:
    counts = Counter(value for value in column.values if value is not None)
    absent = [text for text in counts if text.strip().casefold() in SENTINELS]
    rest = Counter({text: count for text, count in counts.items() if text not in absent})
    lower = {text.lower() for text in rest}
    if lower and (lower <= {"true", "false"} or lower == {"0", "1"}):
        return _read(column, "boolean", lambda text: text.lower() in ("true", "1"), absent)
    number = _number_column(column, rest, absent, usual)
    if number is not None:
        return number
    return _read(column, "string", str, absent, keeps=True)


def _number_column(
    column: Column, counts: Counter[str], absent: list[str], usual: Writing
) -> TypedColumn | None:
    """Read a column as numbers; None where too few of its values are any."""
    if not counts or any(_CODE.fullmatch(text) for text in counts):
        return None
    best: tuple[int, Writing] = (0, "plain")
    for writing in dict.fromkeys(("plain", usual, *_READERS)):
        read = sum(n for text, n in counts.items() if _READERS[writing](text) is not None)
        if read > best[0]:
            best = (read, writing)
    total, (read, writing) = counts.total(), best
    convert = _READERS[writing]
    words = [text for text in counts if convert(text) is None]
    if read >= _LEAST_SHARE_BESIDE_WORDS * total and _are_words(words, counts):
        absent = [*absent, *words]
    elif read < _LEAST_SHARE * total:
        return None
    whole = [text for text in counts if _WHOLE[writing].fullmatch(text)]
    if any(abs(convert(text) or 0) > INTEGER_LIMIT for text in whole):
        return None  # an id: no number of JSON holds it exactly
    if len(whole) + len(words) == len(counts):
        return _read(column, "integer", lambda text: _integer(convert(text)), absent, writing)
    return _read(column, "float", convert, absent, writing)


def _are_words(texts: list[str], counts: Counter[str]) -> bool:
    """Tell whether texts beside numbers are a few words, each used often, and no accidents."""
    return 0 < len(texts) <= _MOST_WORDS and all(counts[text] >= _OFTEN for text in texts)


def _integer(number: float | None) -> int | None:
    return None if number is None else int(number)


def _read(
    column: Column,
    kind: FieldType,
    convert: Callable[[str], Any],
    absent: list[str],
    writing: Writing = "plain",
    *,
    keeps: bool = False,
) -> TypedColumn:
    """Read each value once; texts for what is not known are kept where they are values."""
    readings = dict.fromkeys(column.values)
    for text in readings:
        if text is not None and (keeps or text not in absent):
            readings[text] = convert(text)
    known = [readings[text] for text in column.values]
    failed = [
        text
        for text, value in zip(column.values, known, strict=True)
        if text is not None and value is None and text not in absent
    ]
    return TypedColumn(
        column=column,
        type=kind,
        known=known,
        writing=writing,
        missing=tuple(absent),
        unread=len(failed),
        example=failed[0][:40] if failed else "",
    )


def _reader(writing: Writing) -> Callable[[str], float | None]:
    convert = converter_of(writing, "float")

    def read(text: str) -> float | None:
        try:
            number: float = convert(text)
        except ValueError:
            return None
        return number

    return read


_READERS: dict[Writing, Callable[[str], float | None]] = {
    writing: _reader(writing) for writing in get_args(Writing)
}


def _typed_json(column: Column) -> TypedColumn:
    counts = Counter(_json_type(value) for value in column.values if value is not None)
    if counts["integer"] and counts["float"]:
        counts["float"] += counts.pop("integer")
    kind, count = counts.most_common(1)[0] if counts else ("any", 0)
    if count < _LEAST_SHARE * counts.total():
        kind = "any"
    known = [value if _has_type(value, kind) else None for value in column.values]
    if kind == "float":
        known = [None if value is None else float(value) for value in known]
    failed = [
        value
        for value, read in zip(column.values, known, strict=True)
        if value is not None and read is None
    ]
    absent: tuple[str, ...] = ()
    if kind == "string":
        absent = tuple(t for t in dict.fromkeys(known) if t and t.strip().casefold() in SENTINELS)
    return TypedColumn(
        column=column,
        type=kind,
        known=known,
        missing=absent,
        unread=len(failed),
        example=str(failed[0])[:40] if failed else "",
    )


def _json_type(value: Any) -> FieldType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if abs(value) <= INTEGER_LIMIT else "any"
    if isinstance(value, float):
        return "float"
    return "string" if isinstance(value, str) else "any"


def _has_type(value: Any, kind: FieldType) -> bool:
    if value is None:
        return False
    found = _json_type(value)
    return kind in ("any", found) or (kind == "float" and found == "integer")
