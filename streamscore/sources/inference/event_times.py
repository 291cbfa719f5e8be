"""Which of several columns of times says when a record happened."""

import re
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from streamscore.errors import UsageError
from streamscore.sources.inference.naming import words_of
from streamscore.sources.inference.samples import Sample
from streamscore.sources.inference.time_columns import (
    TimeColumn,
    read_further,
    relative_column,
    time_column,
)
from streamscore.sources.inference.time_offsets import Offsets, offsets_of
from streamscore.sources.inference.value_types import TypedColumn
from streamscore.sources.inference.vocabulary import EVENT_WORDS, OTHER_TIME_WORDS, TIME_WORDS

_RELATIVE = re.compile(
    r"t|ts|time|timestamp|seconds?|secs?|elapsed.*|time_?s(ec(onds)?)?", re.IGNORECASE
)
_EPOCH_WORDS = TIME_WORDS | EVENT_WORDS | OTHER_TIME_WORDS


class EventTimeGuess(Struct, frozen=True, kw_only=True):
    """The column that says when a record happened.

    Attributes
    ----------
    time : TimeColumn
        The column.
    others : tuple of TimeColumn
        The other columns of times.
    is_relative : bool
        Whether it counts seconds since some unknown moment.
    is_named : bool
        Whether the user named it.
    offsets : {"all", "some", "none"}
        How many of its times say how far they are from UTC.
    """

    time: TimeColumn
    others: tuple[TimeColumn, ...] = ()
    is_relative: bool = False
    is_named: bool = False
    offsets: Offsets = "all"


def event_time_of(
    sample: Sample, columns: Sequence[TypedColumn], zone: str, wanted: str | None
) -> EventTimeGuess:
    """Choose the event time.

    Parameters
    ----------
    sample : Sample
        The sample, for messages.
    columns : sequence of TypedColumn
        Its columns.
    zone : str
        IANA zone of times without an offset.
    wanted : str or None
        The column that the user names: as in the file, as a path or as its field is called.

    Raises
    ------
    UsageError
        When no column holds times, or not the one that is named.
    """
    guess = _guess(sample, columns, zone, wanted)
    if guess.is_relative:
        return guess
    return msgspec.structs.replace(guess, offsets=offsets_of(guess.time))


def _guess(
    sample: Sample, columns: Sequence[TypedColumn], zone: str, wanted: str | None
) -> EventTimeGuess:
    times = [time for column in columns if (time := _time_of(column, zone, wanted)) is not None]
    if wanted is not None:
        return _named(sample, columns, times, zone, wanted)
    ranked = sorted(times, key=lambda time: -_fitness(time, sample.rows))
    if ranked:
        return EventTimeGuess(time=_whole(ranked[0], sample, zone), others=tuple(ranked[1:]))
    for column in columns:
        relative = relative_column(column, zone) if _RELATIVE.fullmatch(column.name) else None
        if relative is not None:
            return EventTimeGuess(time=relative, is_relative=True)
    names = [column.name for column in columns]
    shown = ", ".join(names if len(names) <= 12 else [*names[:12], "..."])
    raise UsageError(
        f"a stream needs an event time in each record; none of the {len(names)} columns of "
        f"{sample.file_name} reads as one ({shown}). Dates, times of any usual layout, and seconds "
        "or milliseconds since 1970 are read. Add such a column to the file, or name a column of "
        "seconds with --time FIELD"
    )


def _time_of(column: TypedColumn, zone: str, wanted: str | None) -> TimeColumn | None:
    time = time_column(column, zone)
    if time is None or not time.format.startswith("epoch") or _is_called(column, wanted):
        return time
    # A number is a time where its name or the order of the rows says so; else it may be an id.
    is_in_order = abs(time.order() - 0.5) > 0.45
    return time if _EPOCH_WORDS & set(words_of(column.name)) or is_in_order else None


def _named(
    sample: Sample,
    columns: Sequence[TypedColumn],
    times: list[TimeColumn],
    zone: str,
    wanted: str,
) -> EventTimeGuess:
    named = next((column for column in columns if _is_called(column, wanted)), None)
    if named is None:
        names = ", ".join(column.name for column in columns[:30])
        raise UsageError(
            f"--time names a column of {sample.file_name}; received {wanted!r}, and there are "
            f"{names}"
        )
    others = tuple(time for time in times if time.typed is not named)
    found = next((time for time in times if time.typed is named), None)
    if found is not None:
        time = _whole(found, sample, zone)
        return EventTimeGuess(time=time, others=others, is_named=True)
    relative = relative_column(named, zone)
    if relative is None:
        example = next((value for value in named.column.values if value is not None), None)
        raise UsageError(
            f"--time names a column of dates or times, or of seconds that never fall; {wanted!r} "
            f"holds values such as {str(example)[:40]!r}, which no known layout reads"
        )
    return EventTimeGuess(time=relative, others=others, is_relative=True, is_named=True)


def _whole(time: TimeColumn, sample: Sample, zone: str) -> TimeColumn:
    """Read a CSV's column in several formats; those of JSON lines go to a topic as they are."""
    return read_further(time, zone) if sample.layout == "csv" else time


def _is_called(column: TypedColumn, wanted: str | None) -> bool:
    return wanted is not None and wanted in (column.name, column.column.path)


def _fitness(time: TimeColumn, rows: int) -> float:
    """Rate how much a column of times looks like the time of the event itself."""
    words = set(words_of(time.name))
    known = [moment for moment in time.utc_ms if moment is not None]
    has_clock = any(moment % 3_600_000 for moment in known)
    return (
        6.0 * time.read / rows
        + 2.0 * bool(words & EVENT_WORDS)
        + 1.0 * bool(words & TIME_WORDS)
        - 3.0 * bool(words & OTHER_TIME_WORDS)
        + 1.0 * has_clock
        + 1.0 * min(1.0, len(set(known)) / max(1, len(known)) * 2)
        + 1.0 * abs(time.order() - 0.5)
    )
