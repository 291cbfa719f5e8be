"""Names: that of a source from its file's, and the words that a field's name is made of."""

import re
from pathlib import PurePath

from streamscore.errors import UsageError
from streamscore.sources.source import NAME_PATTERN

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_LONGEST = 49
_SUFFIX = re.compile(r"\.(csv|jsonl|ndjson)(\.gz)?$", re.IGNORECASE)


def source_name_of(file_name: str, taken: tuple[str, ...]) -> str:
    """Make a source's name of the name of a file; one that is taken gets `my_` before it.

    Examples
    --------
    >>> source_name_of("data/Orders 2024.csv.gz", ()), source_name_of("reviews.csv", ("reviews",))
    ('orders_2024', 'my_reviews')
    """
    stem = _SUFFIX.sub("", PurePath(file_name).name).lower()
    name = re.sub(r"[^a-z0-9-]+", "_", stem).strip("_-")
    if not name:
        return "stream"
    if not name[0].isalpha():
        name = f"s_{name}"
    return (f"my_{name}" if name in taken else name)[:_LONGEST]


def check_source_name(name: str, taken: tuple[str, ...]) -> None:
    """Check a name that the user gives.

    Raises
    ------
    UsageError
        When it is no name of a source, or is taken.
    """
    if not re.search(NAME_PATTERN, name):
        raise UsageError(
            "a source's name is 1 to 49 lower-case letters, digits, _ and -, and begins with a "
            f"letter; received --name {name!r}"
        )
    if name in taken:
        raise UsageError(
            f"{name} is a source that is built in; received --name {name}. Give another name"
        )


def words_of(name: str) -> tuple[str, ...]:
    """Split a field's name into its words, in lower case.

    Examples
    --------
    >>> words_of("customerEmail"), words_of("IP address"), words_of("created_at")
    (('customer', 'email'), ('ip', 'address'), ('created', 'at'))
    """
    return tuple(word.lower() for word in _BOUNDARY.split(name) if word)
