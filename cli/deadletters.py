"""``streamscore deadletters``: look at bad records, send them back, end a pause."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.invocation import error_console, invocation_of, print_json, print_table
from cli.source_names import SourceArgument
from streamscore.errors import UsageError
from streamscore.quantities import counted

if TYPE_CHECKING:
    from adapters.redrive import Redriven
    from streamscore.dead_letters import DeadLetter, Selection, Status
    from streamscore.sources import Source

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reasons = Annotated[
    list[str] | None, typer.Option("--reason", help="Only those of this reason; may repeat.")
]
Since = Annotated[
    str | None,
    typer.Option(help="Only those written from then on: 2024-01-31, 2024-01-31T18:00 (UTC)."),
]
RunName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Those of this run; of the live stream by default."),
]

_LONGEST_DETAIL = 80
_MOST_BYTES = 4_000
_EVERYTHING = 1 << 30


def register(app: typer.Typer) -> None:
    """Add ``streamscore deadletters``."""
    group = typer.Typer(no_args_is_help=True)
    group.command("list")(list_letters)
    group.command()(show)
    group.command()(redrive)
    group.command()(resume)
    app.add_typer(
        group,
        name="deadletters",
        help="Look at bad records, send them back, end a pause.",
        rich_help_panel="Operate",
    )


def list_letters(
    context: typer.Context,
    source: SourceArgument,
    reason: Reasons = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=0, help="How many of the latest are listed.")] = 20,
    run: RunName = None,
    json: Json = False,
) -> None:
    """Count dead letters by reason and status, and list the latest.

    Pending ones would be sent back by a redrive; it leaves all others.
    """
    from adapters.dead_letters import DeadLetters
    from streamscore.dead_letters import STATUSES, detail_shown
    from streamscore.sources import load_source

    loaded = load_source(source)
    letters = DeadLetters(invocation_of(context).settings(), loaded, run)
    counts = letters.counts(_selection(reason, since), limit)
    latest = [(_facts(one, status), detail_shown(one, loaded)) for one, status in counts.latest]
    if json:
        listed = [{**facts, "detail": detail} for facts, detail in latest]
        others = {"later": counts.later, "foreign": counts.foreign}
        print_json({**counts.by_status, **others, "latest": listed})
        return
    by_status = [counts.by_status[status] for status in STATUSES]
    print_table(
        ("REASON", *(status.upper() for status in STATUSES)),
        [
            (reason, *(str(found.get(reason, 0)) for found in by_status))
            for reason in dict.fromkeys(reason for found in by_status for reason in found)
        ],
    )
    print_table(
        ("NUMBER", "WRITTEN", "STATUS", "REASON", "DETAIL"),
        [
            (one["number"], one["written"], one["status"], one["reason"], _short(detail))
            for one, detail in latest
        ],
    )
    if counts.later:
        later = counted(counts.later, "letter is", "letters are")
        typer.echo(f"{later} of a later format: {counts.why_later}")
    if counts.foreign:
        typer.echo(_passed_over(counts.foreign))


def show(
    context: typer.Context,
    source: SourceArgument,
    letter: Annotated[
        str,
        typer.Argument(
            metavar="LETTER",
            help="Its number, as list shows it, its record's position, or its record's "
            "TOPIC/PARTITION/OFFSET.",
        ),
    ],
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Show private fields as well, and all of the value.")
    ] = False,
    run: RunName = None,
    json: Json = False,
) -> None:
    """Show one dead letter: why, from where, and the record as it came."""
    from adapters.dead_letters import DeadLetters
    from streamscore.dead_letters import shown
    from streamscore.sources import load_source

    loaded = load_source(source)
    found, is_sent = DeadLetters(invocation_of(context).settings(), loaded, run).one(letter)
    most = _EVERYTHING if unmasked else _MOST_BYTES
    parts = shown(found, loaded, unmasked=unmasked, most_bytes=most)
    facts = {
        **_facts(found, found.status(is_sent=is_sent)),
        "detail": parts.detail,
        "topic": found.topic,
        "lacks": ", ".join(found.lacks),
        "key": parts.key,
    }
    if json:
        print_json({**facts, "headers": parts.headers, "value": parts.value})
        return
    print_table(("FACT", "VALUE"), [(name, value) for name, value in facts.items() if value])
    if parts.headers:
        print_table(("HEADER", "VALUE"), [(name, text or "") for name, text in parts.headers])
    typer.echo("(no value)" if parts.value is None else parts.value)


def redrive(
    context: typer.Context,
    source: SourceArgument,
    reason: Reasons = None,
    since: Since = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many, the oldest first.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that were sent back before, and came back.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")
    ] = False,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Those of this run, while it is open; of the live stream by default.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Send the records of dead letters back to be scored, all in one transaction.

    Each is sent once, however often this is called: what was sent is marked in the same
    transaction.
    """
    from adapters.redrive import Redrive
    from streamscore.sources import load_source

    loaded, settings = load_source(source), invocation_of(context).settings()
    one = Redrive(
        settings,
        loaded,
        _selection(reason, since),
        again=again,
        limit=limit,
        run=run,
        tell=error_console().print,
    )
    result = one.plan() if dry_run else one.run()
    if json:
        print_json(result)
        return
    _tell(result, loaded)


def resume(context: typer.Context, source: SourceArgument) -> None:
    """End the pauses of a source and its runs, in all workers, which may pause again if need be.

    A worker pauses when most of the latest records are bad (scorer.pause_share).
    """
    from adapters.commands import send_command
    from streamscore.events import RESUME, Command
    from streamscore.sources import load_source

    name = load_source(source).name
    send_command(invocation_of(context).settings(), Command(source=name, command=RESUME))
    typer.echo(f"Workers of {name} that pause were told to go on.")


def _selection(reasons: list[str] | None, since: str | None) -> Selection:
    from streamscore.dead_letters import Selection
    from streamscore.sources import REASONS

    unknown = sorted(set(reasons or ()) - set(REASONS))
    if unknown:
        raise UsageError(f"a reason is one of {', '.join(REASONS)}; received {', '.join(unknown)}")
    return Selection(reasons=tuple(reasons or ()), since_ms=_moment_ms(since))


def _moment_ms(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--since takes a time such as 2024-01-31 or 2024-01-31T18:00Z; received {text!r}"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _facts(letter: DeadLetter, status: Status) -> dict[str, Any]:
    written = datetime.fromtimestamp(letter.written_ms / 1000, UTC)
    return {
        "number": str(letter.place),
        "written": written.isoformat(" ", "seconds"),
        "status": status,
        "reason": letter.reason,
        "position": letter.position,
    }


def _short(detail: str) -> str:
    return detail if len(detail) <= _LONGEST_DETAIL else f"{detail[: _LONGEST_DETAIL - 3]}..."


def _tell(result: Redriven, source: Source) -> None:
    would = "would be " if result.is_dry else ""
    by_reason = ", ".join(f"{count} {name}" for name, count in result.by_reason.items())
    behind = f": {by_reason}" if by_reason else ""
    typer.echo(f"{counted(result.records, 'record')} {would}sent back to {result.topic}{behind}.")
    for partition, sent in result.partitions.items():
        typer.echo(
            f"  partition {partition}: {sent.records}, at offsets {sent.first_offset} to "
            f"{sent.last_offset}"
        )
    meanings = {
        "redriven": "sent back before",
        "returned": "come back after being sent back; --again sends such once more",
        "tombstone": "without a value",
        "incomplete": "without a body, a key or headers, which were too large or unreadable",
        "beyond_limit": "beyond --limit",
        "later_format": f"of a later format. {result.why_later}".removesuffix("."),
    }
    for name, count in result.left.items():
        typer.echo(f"{counted(count, 'letter')} of {source.name} left: {meanings[name]}.")
    if result.foreign:
        typer.echo(_passed_over(result.foreign))


def _passed_over(foreign: int) -> str:
    messages = counted(foreign, "message")
    return f"Passed over: {messages} that no scorer wrote."
