"""What a column is to a model: its role, and why it is taken for that."""

import re
from collections import Counter
from collections.abc import Hashable
from itertools import pairwise
from typing import Any, NamedTuple

from streamscore.sources.inference.naming import words_of
from streamscore.sources.inference.personal_data import personal_data_in
from streamscore.sources.inference.value_types import TypedColumn
from streamscore.sources.inference.vocabulary import (
    CATEGORY_WORDS,
    CODE_WORDS,
    COUNT_WORDS,
    ID_WORDS,
)
from streamscore.sources.source import Role

_MOST_CATEGORIES = 1_000
_FEW_CATEGORIES = 50
_LEAST_REPEATS = 10
"""A text with more than a few values is a category where each occurs so often, on average."""

_TEXT_WORDS = 4.0
_TEXT_CHARACTERS = 60.0
_CONSTANT_ROWS = 20
_LARGE = 10**9
_LOOKED_AT_VALUES = 1_000

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}|[0-9a-f]{24,128}", re.IGNORECASE)


class RoleGuess(NamedTuple):
    """A role and why.

    Attributes
    ----------
    role : Role
        The role.
    why : str
        A phrase for the comment in the draft.
    private : bool
        Whether the field holds personal data.
    """

    role: Role
    why: str
    private: bool = False


def role_of(column: TypedColumn, counts: Counter[Hashable]) -> RoleGuess:
    """Guess the role of a column that is no time.

    Parameters
    ----------
    column : TypedColumn
        The column.
    counts : Counter
        Its values, as `column.counts()`.

    Examples
    --------
    >>> from streamscore.sources.inference.samples import Column
    >>> from streamscore.sources.inference.value_types import typed
    >>> colours = typed(Column(name="colour", values=["red", "blue", "red", "red"]), "csv")
    >>> role_of(colours, colours.counts())
    RoleGuess(role='category', why='2 values, most often red, blue', private=False)
    """
    if not counts and column.type != "any":
        return RoleGuess("ignored", "empty in the sample: give it a type and a role if it fills")
    if column.type == "any":
        return RoleGuess("ignored", _why_any(column))
    few = [value for value, _ in counts.most_common(_LOOKED_AT_VALUES)]
    personal = personal_data_in(column.name, few)
    if personal is not None:
        return RoleGuess("id", f"{personal} by its name or values: masked, not learned from", True)
    if (
        len(counts) == 1
        and column.present >= _CONSTANT_ROWS
        and column.present == len(column.known)
    ):
        return RoleGuess("ignored", f"always {_shown(few[0])} in the sample: nothing to learn")
    return _learned_role(column, counts)


def _learned_role(column: TypedColumn, counts: Counter[Hashable]) -> RoleGuess:
    if column.type == "boolean":
        return RoleGuess("flag", _shares(counts))
    return (_number_role if column.is_number else _text_role)(column, counts)


def _why_any(column: TypedColumn) -> str:
    values = [value for value in column.column.values if value is not None]
    if not values:
        return "null in the sample: give it a type and a role if it fills"
    if all(isinstance(value, list | dict) for value in values):
        return "lists or objects: kept, not looked at"
    kinds = sorted({type(value).__name__ for value in values})
    return f"values of several types ({', '.join(kinds)}), or beyond 2**53: kept, not looked at"


def _number_role(column: TypedColumn, counts: Counter[Hashable]) -> RoleGuess:
    words, distinct, present = set(words_of(column.name)), len(counts), column.present
    if column.type == "integer":
        unique = distinct > 0.9 * present and present >= _CONSTANT_ROWS
        if words & (ID_WORDS | CODE_WORDS):
            return _code_role(counts, present)
        values: list[Any] = column.known
        if unique and _counts_up(values):
            return RoleGuess("id", "counts the rows: no two alike")
        if unique and min(abs(v) for v in values if v is not None) >= _LARGE:
            return RoleGuess("id", "large whole numbers, hardly two alike")
        if words & CATEGORY_WORDS and not words & COUNT_WORDS and distinct <= _FEW_CATEGORIES:
            return RoleGuess("category", f"a code by its name; {_most_often(counts)}")
        if set(counts) == {0, 1} and not words & COUNT_WORDS:
            return RoleGuess("category", f"yes or no as a number; {_shares(counts)}")
    low, high = min(_numbers(counts)), max(_numbers(counts))
    return RoleGuess("number", f"{distinct:,} values from {low:g} to {high:g}")


def _code_role(counts: Counter[Hashable], present: int) -> RoleGuess:
    if len(counts) <= _FEW_CATEGORIES and present >= _LEAST_REPEATS * len(counts):
        return RoleGuess("category", f"an identifier by its name; {_most_often(counts)}")
    return RoleGuess("id", f"an identifier by its name; {len(counts):,} values")


def _text_role(column: TypedColumn, counts: Counter[Hashable]) -> RoleGuess:
    words, present = set(words_of(column.name)), column.present
    texts = [str(text) for text, _ in counts.most_common(_LOOKED_AT_VALUES)]
    if words & (ID_WORDS | CODE_WORDS) or _share_of_uuids(texts) > 0.9:
        return _code_role(counts, present)
    few = len(counts) <= _FEW_CATEGORIES and len(counts) <= max(2, present // 2)
    often = len(counts) <= _MOST_CATEGORIES and present >= _LEAST_REPEATS * len(counts)
    if few or often:
        return RoleGuess("category", _most_often(counts))
    words_each = sum(len(text.split()) for text in texts) / len(texts)
    length = sum(map(len, texts)) / len(texts)
    if words_each >= _TEXT_WORDS or (length >= _TEXT_CHARACTERS and words_each >= 2):
        return RoleGuess("text", f"{words_each:.0f} words on average")
    return RoleGuess(
        "id", f"{len(counts):,} different values in {present:,} rows: not learned from"
    )


def _share_of_uuids(texts: list[str]) -> float:
    return sum(_UUID.fullmatch(text) is not None for text in texts) / len(texts)


def _counts_up(values: list[Any]) -> bool:
    steps = Counter(b - a for a, b in pairwise(v for v in values if v is not None))
    step, often = steps.most_common(1)[0]
    return step in (1, -1) and often > 0.9 * steps.total()


def _numbers(counts: Counter[Hashable]) -> list[float]:
    return [float(value) for value in counts if isinstance(value, int | float)]


def _most_often(counts: Counter[Hashable]) -> str:
    named = ", ".join(_shown(value) for value, _ in counts.most_common(3))
    return f"{len(counts):,} value{'s' * (len(counts) != 1)}, most often {named}"


def _shares(counts: Counter[Hashable]) -> str:
    total = counts.total()
    return ", ".join(f"{_shown(v)} {n / total:.1%}" for v, n in counts.most_common())


def _shown(value: Hashable) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= 30 else f"{text[:27]}..."
