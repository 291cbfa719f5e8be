"""``streamscore label`` and ``labels``: say whether alerts were right, and look back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.invocation import error_console, invocation_of, now_ms, print_json, print_table
from cli.source_names import named_source
from streamscore.errors import UsageError
from streamscore.quantities import counted

if TYPE_CHECKING:
    from adapters.labelling import GivenLabel
    from streamscore.events import Anomaly
    from streamscore.labels import Label, Verdicts
    from streamscore.settings import Settings
    from streamscore.sources import Source

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_LONGEST_NOTE = 60
_LONGEST_REASON = 160


def register(app: typer.Typer) -> None:
    """Add ``streamscore label`` and ``streamscore labels``."""
    app.command(rich_help_panel="Operate")(label)
    app.command(rich_help_panel="Operate")(labels)


def label(
    context: typer.Context,
    events: Annotated[
        list[str],
        typer.Argument(
            metavar="EVENT",
            help="An event's id or its subject, TOPIC/PARTITION/OFFSET; of a record that was not "
            "flagged the same, for what was missed.",
        ),
    ],
    verdict: Annotated[
        Literal["true", "false", "none"],
        typer.Argument(
            metavar="true|false|none", help="Whether it is an anomaly; none takes its label back."
        ),
    ],
    note: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why. It is kept as it is written.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="A source's name or TOML file; needed where it reads a topic of another name."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say whether alerts were right. The newest label of a record counts.

    Records labelled true are not learned from, and evaluation measures detectors by all labels.
    """
    from adapters.labelling import give_labels
    from streamscore.sources import load_source

    settings = invocation_of(context).settings()
    whose = None if source is None else load_source(source)
    if verdict == "none":
        _take_back(settings, events, whose, note, by, json=json)
        return
    given = give_labels(
        settings,
        events,
        verdict == "true",
        given_at_ms=now_ms(),
        source=whose,
        note=note,
        by=by,
    )
    if json:
        print_json([_facts(one) for one in given])
        return
    for one in given:
        typer.echo("\n".join(_lines(one)))


def labels(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="A source's name or TOML file; all by default.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only those of this run; of all streams by default."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many of the latest are listed.")] = 20,
    json: Json = False,
) -> None:
    """List the latest labels, and how many alerts of each model version were right."""
    from adapters.labels_topic import read_labels
    from streamscore.labels import count_verdicts

    named = None if source is None else named_source(source)
    found = read_labels(invocation_of(context).settings())
    of_source = [one for one in found.newest.values() if named is None or named.name == one.source]
    if named is not None:
        named.check_in_use(lambda: bool(of_source), "labels")
    chosen = [one for one in of_source if run in (None, one.run)]
    verdicts, latest = count_verdicts(chosen), chosen[::-1][:limit]
    if json:
        print_json({"verdicts": verdicts, "later": found.later, "latest": latest})
    else:
        print_table(
            ("SOURCE", "RUN", "VERSION", "LABELLED", "TRUE", "FALSE", "PRECISION", "95% INTERVAL"),
            [_counts(one) for one in verdicts],
        )
        print_table(
            ("GIVEN", "RECORD", "RUN", "VERSION", "VERDICT", "BY", "NOTE"),
            [_listed(one) for one in latest],
        )
    if found.later:
        error_console().print(
            f"{counted(found.later, 'label is', 'labels are')} left out: {found.why_later}",
            style="yellow",
        )


def _take_back(
    settings: Settings,
    events: list[str],
    source: Source | None,
    note: str | None,
    by: str | None,
    *,
    json: bool,
) -> None:
    from adapters.label_removal import take_back_labels

    if note is not None or by is not None:
        option = "--note" if note is not None else "--by"
        raise UsageError(
            f"{option} is kept with a label; received it for one that is taken back, of which "
            "nothing is kept. Leave it out"
        )
    taken = take_back_labels(settings, events, source=source)
    if json:
        nothing = {"label": None, "event_time": None, "severity": None, "reason": None}
        print_json([{**nothing, "previous": label} for label in taken])
        return
    for label in taken:
        typer.echo(
            f"{label.subject} of {_stream(label)} has no label any more.\n"
            f"  It was labelled {_before(label)}."
        )


def _facts(one: GivenLabel) -> dict[str, object]:
    anomaly = one.anomaly
    return {
        "label": one.label,
        "previous": one.previous,
        "event_time": anomaly and anomaly.event_time,
        "severity": anomaly and anomaly.severity,
        "reason": anomaly and _reason(anomaly),
    }


def _lines(one: GivenLabel) -> list[str]:
    label, verdict = one.label, _verdict(one.label)
    lines = [f"{label.subject} of {_stream(label)} is labelled {verdict}."]
    if one.anomaly is None:
        outcome = "an anomaly that was missed" if label.verdict else "rightly so"
        lines.append(f"  No event tells of it: {outcome}.")
    else:
        version, severity = one.anomaly.model.version, f"{one.anomaly.severity:.0f}"
        flagged = f"flagged by version {version}, severity {severity}"
        lines.append(f"  {flagged}, event time {one.anomaly.event_time}")
        lines.append(f"  {_reason(one.anomaly)}")
    if one.previous is not None:
        lines.append(f"  It takes the place of the label {_before(one.previous)}.")
    return lines


def _before(label: Label) -> str:
    by = f" by {_shown(label.by)}" if label.by else ""
    return f"{_verdict(label)}, given {label.given_at}{by}"


def _reason(anomaly: Anomaly) -> str:
    """What speaks most for an anomaly; private values are masked in its event."""
    from streamscore.detectors.written_numbers import OWN_DIGITS, written_number

    if not anomaly.attribution:
        return "no reason is given"
    first = anomaly.attribution[0]
    value = first.value
    seen = written_number(value, OWN_DIGITS) if isinstance(value, float) else value
    words = first.reason or f"{first.field} is {seen}"
    return f"{_shown(words, _LONGEST_REASON)} ({first.share:.0%} of the score)"


def _counts(one: Verdicts) -> tuple[str, ...]:
    precision = interval = ""
    if one.precision is not None:
        precision, interval = f"{one.precision:.0%}", f"{one.low:.0%} to {one.high:.0%}"
    return (
        *(one.source, one.run or "", one.model_version or "(not flagged)"),
        *(f"{count:,}" for count in (one.anomalies + one.normal, one.anomalies, one.normal)),
        *(precision, interval),
    )


def _listed(label: Label) -> tuple[str, ...]:
    return (
        *(label.given_at, label.subject, label.run or "", label.model_version or "(not flagged)"),
        *(_verdict(label), _shown(label.by or ""), _shown(label.note or "", _LONGEST_NOTE)),
    )


def _stream(label: Label) -> str:
    return f"{label.source}, run {label.run}" if label.run else label.source


def _verdict(label: Label) -> str:
    return "true" if label.verdict else "false"


def _shown(text: str, most: int = _LONGEST_NOTE) -> str:
    """Text that cannot move a cursor, shortened."""
    from streamscore.dead_letters import printable

    safe = printable(text.encode(errors="replace"), 4 * most)
    return safe if len(safe) <= most else f"{safe[: most - 3]}..."
