"""The text of a draft: TOML in the order of the file, with a comment for each guess."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from streamscore.quantities import counted
from streamscore.sources.inference.event_times import EventTimeGuess
from streamscore.sources.inference.fields import FieldGuess
from streamscore.sources.inference.file_dialect import NAME, FileDialect
from streamscore.sources.inference.rates import Pace
from streamscore.sources.inference.samples import Sample
from streamscore.sources.inference.time_columns import TimeColumn
from streamscore.sources.inference.time_layouts import zone_of
from streamscore.sources.source import Cycle, Field

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DAY_MS = 86_400_000
_SLACK_YEARS = 10
_YEARS = (1, 9990)
_LATEST = "2100-01-01"
_TO_THE_END = 50


def draft_text(
    name: str,
    sample: Sample,
    time: EventTimeGuess,
    fields: Sequence[FieldGuess],
    pace: Pace,
    key: str | None,
    zone: str | None,
    dialect: FileDialect | None,
) -> str:
    """Write a draft.

    Parameters
    ----------
    name : str
        The source's name.
    sample : Sample
        What it is inferred from.
    time : EventTimeGuess
        Its event time.
    fields : sequence of FieldGuess
        Its fields.
    pace : Pace
        Its rates.
    key : str or None
        The field that is the Kafka key.
    zone : str or None
        The zone that the user named.
    dialect : FileDialect or None
        How the file is written, where that is not as records are.
    """
    parts = [
        _head(name, sample, pace, key),
        _event_time(time, zone, fields, dialect),
        ["[calibration]", f"window_records = {pace.window_records}"],
        *(_field(one) for one in fields),
        *_dialect(dialect),
        _left_out(sample),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def toml_text(value: Any) -> str:
    r"""Write a value as TOML: a text, number, truth value, or a sequence of texts.

    Examples
    --------
    >>> toml_text('an "e"'), toml_text(("N/A", "-")), toml_text(1e20), toml_text(True)
    ('"an \\"e\\""', '["N/A", "-"]', '1e+20', 'true')
    """
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    # JSON writes texts as TOML does, but for one character.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def comment(text: str) -> str:
    """Make a comment of a text: what cannot stand in a line of TOML becomes a blank."""
    return "# " + "".join(c if c.isprintable() else " " for c in text)


def alarms_a_day(pace: Pace) -> str:
    """Say how many false alarms the nominal rate makes.

    Examples
    --------
    >>> alarms_a_day(Pace(records_per_day=5e4, nominal_rate=0.001, window_records=20_000))
    'about 50 alerts on a day'
    >>> alarms_a_day(Pace(records_per_day=2.0, nominal_rate=0.01, window_records=2_000))
    'about one alert in 50 days'
    """
    alerts = pace.alerts_per_day or 0.0
    if alerts >= 1.5:
        return f"about {alerts:,.0f} alerts on a day"
    if alerts >= 0.67:
        return "about one alert on a day"
    return f"about one alert in {1 / alerts:,.0f} days"


def _head(name: str, sample: Sample, pace: Pace, key: str | None) -> list[str]:
    rows = sample.rows + sample.unread
    lines = [
        comment(
            f"Drafted from {sample.file_name}: {rows:,} of about "
            f"{counted(max(rows, sample.total_rows), 'row')}, "
            f"{counted(len(sample.columns), 'field')}."
        ),
        "# Each guess has its reason in a comment. What is wrong is changed here; nothing else",
        "# needs to be. docs/how-it-works.md describes the keys.",
        "format = 1",
        f"name = {toml_text(name)}",
        f"title = {toml_text(name.replace('_', ' ').replace('-', ' ').capitalize())}",
    ]
    if pace.records_per_day is None:
        lines += ["# The sample spans no time: add records_per_day, the typical rate."]
    else:
        lines += [
            f"records_per_day = {toml_text(pace.records_per_day)}",
            comment(f"{alarms_a_day(pace)} without anomalies. A smaller rate needs more history."),
        ]
    lines += [f"nominal_rate = {pace.nominal_rate!r}"]
    if key is None:
        return [*lines, "# No field plainly says who or what a record is about: no key."]
    return [*lines, "# Records of one key stay in their order.", f"key = {toml_text(key)}"]


def _event_time(
    guess: EventTimeGuess,
    zone: str | None,
    fields: Sequence[FieldGuess],
    dialect: FileDialect | None,
) -> list[str]:
    time = guess.time
    earliest, latest = _range(time, is_relative=guess.is_relative)
    cycles = () if guess.is_relative else _cycles(time)
    if not cycles and not any(_is_learned(one.field) for one in fields):
        cycles = ("hour",)
    return [
        *(comment(text) for text in _time_reasons(guess, zone)),
        *(["# The file writes it otherwise: see the dialect at the end."] if dialect else []),
        "[event_time]",
        f"field = {toml_text(time.name)}",
        f"format = {toml_text(dialect.record_format if dialect else time.format)}",
        f"zone = {toml_text(zone_of(time.format, zone or 'UTC'))}",
        "# A time outside is absurd: such a record is rejected.",
        f"earliest = {toml_text(earliest)}",
        f"latest = {toml_text(latest)}",
        "# Parts of the calendar that are learned: those that the sample goes through.",
        f"cycles = {toml_text(cycles)}",
    ]


def _is_learned(field: Field) -> bool:
    return field.role in ("category", "number", "flag", "text")


def _time_reasons(guess: EventTimeGuess, zone: str | None) -> Iterator[str]:
    time = guess.time
    if guess.is_named:
        yield f"{time.name} was named as the event time."
    elif guess.others:
        others = ", ".join(other.name for other in guess.others)
        yield f"{time.name} looks most like the event's own time. Other times: {others}."
    else:
        yield f"{time.name} is the only time in the sample."
    if guess.is_relative:
        yield "It counts seconds from a moment that is not known: dates are those of 1970, and"
        yield "hours and weekdays mean nothing."
    elif zone is None and guess.offsets != "all":
        which = "No offset is written" if guess.offsets == "none" else "Some times have no offset"
        yield f"{which} and UTC is assumed: name the zone of the writer's clock."
    if time.rival is not None:
        yield f"No value tells day from month: it may be {time.rival} instead."
    if time.unread:
        yield (
            f"{counted(time.unread, 'value is', 'values are')} written otherwise, such as "
            f"{time.example!r}: such records are rejected."
        )


def _range(time: TimeColumn, *, is_relative: bool) -> tuple[str, str]:
    """Return the dates that times must lie between, with years to spare."""
    known = sorted(moment for moment in time.utc_ms if moment is not None)
    if is_relative:
        return "1970-01-01", _LATEST
    cut = len(known) // 200
    first = _year(known[cut]) - _SLACK_YEARS
    last = _year(known[-1 - cut]) + _TO_THE_END
    latest = _LATEST if last < 2100 else f"{min(last, _YEARS[1]):04}-01-01"
    return f"{max(first, _YEARS[0]):04}-01-02", latest


def _year(utc_ms: int) -> int:
    return 1970 + int(utc_ms / (365.2425 * _DAY_MS) // 1)


def _cycles(time: TimeColumn) -> tuple[Cycle, ...]:
    known = sorted(moment for moment in time.utc_ms if moment is not None)
    span_days = (known[-1] - known[0]) / _DAY_MS
    has_clock = len({moment % _DAY_MS for moment in known}) > 2
    cycles: list[Cycle] = []
    if has_clock and span_days >= 2:
        cycles.append("hour")
    if span_days >= 14:
        cycles.append("weekday")
    if span_days >= 365:
        cycles.append("month")
    return tuple(cycles)


def _field(guess: FieldGuess) -> list[str]:
    field = guess.field
    lines = [
        *(comment(reason) for reason in guess.why),
        f"[fields.{_key(guess.name)}]",
        f"type = {toml_text(field.type)}",
        f"role = {toml_text(field.role)}",
    ]
    default = Field(type=field.type, role=field.role)
    for key in ("path", "required", "min", "max", "max_length", "missing", "private"):
        value = getattr(field, key)
        if value != getattr(default, key):
            lines.append(f"{key} = {toml_text(value)}")
    return lines


def _dialect(dialect: FileDialect | None) -> Iterator[list[str]]:
    if dialect is None:
        return
    yield [
        "# How the file is written, where a record is not: files like it are recognised by their",
        "# times and become records as above. A producer of your own writes records.",
        f"[dialects.{NAME}]",
        'layout = "csv"',
        f"event_time = {toml_text(dialect.formats)}",
    ]
    for name, writing in dialect.writings.items():
        yield [f"[dialects.{NAME}.fields.{_key(name)}]", f"convert = {toml_text(writing)}"]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml_text(name)


def _left_out(sample: Sample) -> list[str]:
    if not sample.left_out:
        return []
    return [
        "# Not described, and so neither checked nor learned from. Rename in the file to use it:",
        *(comment(f"  {name!r}: {why}") for name, why in sample.left_out.items()),
    ]
