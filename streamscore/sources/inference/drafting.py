"""Drafting a source: from a sample of a file to a TOML that a person reads, checks and keeps."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from streamscore.errors import UsageError
from streamscore.quantities import counted
from streamscore.sources.inference.draft_text import alarms_a_day, draft_text
from streamscore.sources.inference.event_times import EventTimeGuess, event_time_of
from streamscore.sources.inference.fields import FieldGuess, field_guesses, key_of
from streamscore.sources.inference.file_dialect import file_dialect_of
from streamscore.sources.inference.naming import check_source_name, source_name_of
from streamscore.sources.inference.rates import Pace, pace_of
from streamscore.sources.inference.samples import Sample, read_sample
from streamscore.sources.inference.value_types import TypedColumn, typed_columns
from streamscore.sources.record_files import RecordFile
from streamscore.sources.source import Source
from streamscore.sources.source_files import builtin_names, parse_source

SAMPLE_ROWS = 20_000
"""How many rows are looked at unless told otherwise."""

_LEAST_ROWS_TO_TRAIN = 715


class InferencePlan(Struct, frozen=True, kw_only=True):
    """How a source is inferred.

    Attributes
    ----------
    name : str or None
        Its name; None makes one of the file's name.
    rows : int
        Most rows that are looked at, at least 1.
    time : str or None
        The column of the event time; None chooses one.
    zone : str or None
        IANA zone of times without an offset; None takes UTC and says so.
    """

    name: str | None = None
    rows: int = SAMPLE_ROWS
    time: str | None = None
    zone: str | None = None


_DEFAULTS = InferencePlan()


class Draft(Struct, frozen=True, kw_only=True):
    """A source as it was inferred.

    Attributes
    ----------
    source : Source
        What the TOML says.
    toml : str
        The text of the file, with a comment for each guess.
    rows, total_rows : int
        Rows looked at, and about how many the file has.
    to_check : tuple of str
        What a person should look at first, the most important first.
    """

    source: Source
    toml: str
    rows: int
    total_rows: int
    to_check: tuple[str, ...]


def infer_source(file: RecordFile, plan: InferencePlan = _DEFAULTS) -> Draft:
    """Draft a source for a file.

    Parameters
    ----------
    file : RecordFile
        CSV with a header, or JSON lines; it is read once.
    plan : InferencePlan
        What is known beforehand.

    Raises
    ------
    UsageError
        When the file cannot be read or holds no records, none of its columns holds times, or a
        name or zone of the plan is none.
    """
    name = plan.name or source_name_of(file.name, builtin_names())
    check_source_name(name, builtin_names())
    _check_zone(plan.zone)
    sample = read_sample(file, plan.rows)
    columns = typed_columns(sample.columns, sample.layout)
    time = event_time_of(sample, columns, plan.zone or "UTC", plan.time)
    dialect = file_dialect_of(columns, time, sample.layout)
    fields = field_guesses(columns, time, sample.layout, dialect)
    pace = pace_of([at for at in time.time.utc_ms if at is not None], sample.total_rows)
    key = key_of(fields)
    toml = draft_text(name, sample, time, fields, pace, key, plan.zone, dialect)
    return Draft(
        source=parse_source(toml.encode(), f"the draft for {file.name}"),
        toml=toml,
        rows=sample.rows + sample.unread,
        total_rows=sample.total_rows,
        to_check=tuple(_to_check(sample, columns, time, fields, pace, plan)),
    )


def _check_zone(zone: str | None) -> None:
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"a zone is one of IANA's, such as Europe/Paris; received --zone {zone!r}"
        ) from None


def _unsure_numbers(columns: Sequence[TypedColumn]) -> list[str]:
    unsure = [one.name for one in columns if one.may_have_decimal_commas]
    return (
        [f"numbers: 1,480 is read as 1480, not as 1.48, in {', '.join(unsure)}"] if unsure else []
    )


def _to_check(
    sample: Sample,
    columns: Sequence[TypedColumn],
    time: EventTimeGuess,
    fields: Sequence[FieldGuess],
    pace: Pace,
    plan: InferencePlan,
) -> list[str]:
    formats = " or ".join((time.time.format, *time.time.more_formats))
    found = [f"event time: {time.time.name}, written as {formats}"]
    if time.others:
        others = ", ".join(other.name for other in time.others)
        found.append(f"other times, of which none was taken: {others}; --time names another")
    if time.time.rival is not None:
        found.append(f"day or month first: the values fit {time.time.rival} as well")
    if time.time.unread:
        found.append(
            f"{counted(time.time.unread, 'row of the sample has', 'rows of the sample have')} "
            f"another time ({time.time.example!r})"
        )
    if plan.zone is None and time.offsets != "all":
        which = "none is" if time.offsets == "none" else "of some times none is"
        found.append(f"zone: {which} written, UTC is assumed; --zone names another")
    found += _unsure_numbers(columns)
    private = [one.name for one in fields if one.field.private]
    if private:
        found.append(f"private: {', '.join(private)}")
    ignored = [one.name for one in fields if one.field.role == "ignored"]
    if ignored:
        found.append(f"ignored: {', '.join(ignored)}")
    if sample.left_out:
        found.append(f"left out: {', '.join(map(repr, sample.left_out))}")
    if pace.alerts_per_day is not None:
        found.append(f"nominal_rate {pace.nominal_rate:g}: {alarms_a_day(pace)} without anomalies")
    if sample.total_rows < _LEAST_ROWS_TO_TRAIN:
        found.append(
            f"history: training wants {_LEAST_ROWS_TO_TRAIN} records at least, the file has about "
            f"{sample.total_rows:,}"
        )
    return found
