"""The dialect of a file whose cells are written otherwise than a record's values.

Records then have another time than the file, one with an offset, so that the two are told apart.
"""

from collections.abc import Sequence

from msgspec import Struct

from streamscore.sources.inference.event_times import EventTimeGuess
from streamscore.sources.inference.time_columns import reads_any
from streamscore.sources.inference.value_types import TypedColumn, Writing
from streamscore.sources.record_files import Layout

NAME = "file"
"""What the dialect is called in a draft."""

_RECORD_FORMATS = (
    *("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"),
    "%Y-%m-%d %H:%M:%S.%f%z",
)


class FileDialect(Struct, frozen=True, kw_only=True):
    """How a CSV is written.

    Attributes
    ----------
    record_format : str
        The format of times in records; no time of the file is written so.
    formats : tuple of str
        The formats of times in the file.
    writings : dict of str to Writing
        Field -> how its numbers are written, where that is not plain.
    """

    record_format: str
    formats: tuple[str, ...]
    writings: dict[str, Writing]


def file_dialect_of(
    columns: Sequence[TypedColumn], time: EventTimeGuess, layout: Layout
) -> FileDialect | None:
    """Return the dialect that a file needs; None where it writes values as records do.

    JSON lines go to a topic as they are, whatever they look like.
    """
    writings: dict[str, Writing] = {
        one.name: one.writing
        for one in columns
        if one.writing != "plain" and one is not time.time.typed
    }
    if layout != "csv" or not (writings or time.time.more_formats):
        return None
    texts = [text for text in time.time.typed.column.values if text is not None]
    has_fractions = any(at is not None and at % 1000 for at in time.time.utc_ms)
    for record_format in _RECORD_FORMATS:
        if ("%f" in record_format or not has_fractions) and not reads_any(record_format, texts):
            formats = (time.time.format, *time.time.more_formats)
            return FileDialect(record_format=record_format, formats=formats, writings=writings)
    return None
