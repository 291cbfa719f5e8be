"""``streamscore replay``: files of records into Kafka."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.invocation import (
    DialectOption,
    error_console,
    invocation_of,
    now_ms,
    print_json,
    print_table,
)
from cli.record_inputs import FILE_HELP, Format
from streamscore.errors import UsageError
from streamscore.quantities import counted

if TYPE_CHECKING:
    from producer.plan import ReplayPlan, ReplaySummary
    from streamscore.settings import Settings
    from streamscore.sources import Source

EXIT_INTERRUPTED = 130

LoopBy = Literal["shift", "runs"]


def register(app: typer.Typer) -> None:
    """Add ``streamscore replay``."""
    app.command(rich_help_panel="Streams")(replay)


def replay(  # noqa: PLR0913  # an argument for each option
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source's name, or the path of its TOML file.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help=FILE_HELP)],
    speed: Annotated[
        str, typer.Option(help="max, or how much faster than event time: 1000x.")
    ] = "max",
    rate: Annotated[
        float | None, typer.Option(help="Records a second, instead of --speed.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="From this event time on: 2019-01-31, 2019-01-31T18:00Z."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Before this event time. Without an offset, the source's zone is meant."),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Only so many rows, the earliest.")] = None,
    inject: Annotated[float, typer.Option(help="Share of rows that an anomaly is put into.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the injection.")] = 0,
    partitions: Annotated[
        int | None, typer.Option(help="Partitions of the topic, where it is created.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Reject file; SOURCE.rejects.jsonl by default."),
    ] = None,
    dialect: DialectOption = None,
    allow_behind: Annotated[
        bool, typer.Option("--allow-behind", help="Send rows older than what the topic holds.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on behind the last row that the topic holds.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Send rows as they are written, and wait for more.")
    ] = False,
    idle: Annotated[
        float | None, typer.Option(help="With --follow: end after so many seconds without news.")
    ] = None,
    loop: Annotated[str, typer.Option(help="How many rounds, or forever.")] = "1",
    loop_by: Annotated[
        LoopBy, typer.Option(help="Later rounds move on in time, or each goes into a run NAME-k.")
    ] = "shift",
    run: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Into a run beside the live stream, opened if need be."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="VERSION|ALIAS", help="With --run: the model that scores the run."),
    ] = None,
    format_: Format = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Replay files of records into Kafka, in the order of their event time.

    The files need not be sorted. Rows that no record can be made of are written to the reject
    file, and the rest goes on. Ctrl-C delivers what is queued and stops; the same command with
    --resume goes on from there, as it does after a crash.
    """
    from adapters.record_inputs import record_files
    from producer.display import progress_display
    from producer.plan import ReplayPlan
    from producer.replay import replay as run_replay
    from producer.rounds import in_runs
    from streamscore.sources import load_source
    from streamscore.sources.time_range import time_range

    invocation = invocation_of(context)
    loaded = load_source(source)
    plan = ReplayPlan(
        files=record_files(files, format_, invocation.environ),
        times=time_range(loaded, from_, to),
        limit=limit,
        speed=parse_speed(speed),
        rate=rate,
        inject_rate=inject,
        seed=seed,
        partitions=partitions,
        rejects=rejects,
        allow_behind=allow_behind,
        dialect=dialect,
        resume=resume,
        follow=follow,
        idle_seconds=idle,
        rounds=parse_rounds(loop),
        run=run,
    )
    settings = invocation.settings()
    plan.check(loaded.name)
    if run is None and model is not None:
        raise UsageError(
            f"--model is for a run; the live stream is scored by the version in production, "
            f"received {model}. Name a run with --run, or leave --model out"
        )
    summaries = []
    for one in in_runs(plan) if loop_by == "runs" else (plan,):
        open_run = partial(_open_run, one, loaded, settings, invocation.environ, model)
        with _interruptible() as stopped, progress_display(error_console()) as on_progress:
            summary = run_replay(
                one,
                loaded,
                settings,
                on_progress=on_progress,
                is_stopped=stopped.is_set,
                open_run=open_run,
            )
        summaries.append(summary)
        if not json:
            print_summary(summary)
        if summary.interrupted:
            break
    if json:
        print_json(summaries if loop_by == "runs" else summaries[0])
    if not follow:  # Ctrl-C is how that ends, and it may have been a quiet day
        _end(summaries[-1])


def _end(summary: ReplaySummary) -> None:
    if summary.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if not summary.sent and not summary.already:
        raise UsageError(_why_nothing_was_sent(summary))


def _open_run(
    plan: ReplayPlan,
    source: Source,
    settings: Settings,
    environ: Mapping[str, str],
    model: str | None,
) -> None:
    """Open the run that a replay goes into, unless it is open, or there is none."""
    if plan.run is None:
        return
    from adapters.runs import open_run

    open_run(
        settings,
        source,
        plan.run,
        environ=environ,
        now_ms=now_ms(),
        model=model,
        partitions=plan.partitions,
    )


def _why_nothing_was_sent(summary: ReplaySummary) -> str:
    """Return why a replay that came to its end sent nothing, and what to do."""
    if not summary.rows_read:
        found, advice = "the files hold none", "Look whether they are the right ones"
    elif summary.skipped:
        found = f"{summary.skipped:,} of {summary.rows_read:,} lie outside --from and --to"
        advice = "Give another range of time"
    else:
        found = f"all {summary.rows_read:,} were rejected; {summary.reject_file} says why"
        advice = f"Look whether they are of the source {summary.source}"
    return f"A replay needs at least one row to send: {found}. {advice}."


def parse_speed(text: str) -> float | None:
    """Read a speed: None for `max`, otherwise how many times faster than event time.

    Raises
    ------
    UsageError
        When it is neither.

    Examples
    --------
    >>> parse_speed("1000x")
    1000.0
    """
    if text == "max":
        return None
    try:
        return float(text.removesuffix("x"))
    except ValueError:
        raise UsageError(
            f"--speed is max, or how much faster than event time, such as 1000x; got {text!r}"
        ) from None


def parse_rounds(text: str) -> int | None:
    """Read how often to replay: None for `forever`.

    Raises
    ------
    UsageError
        When it is neither that nor a number.

    Examples
    --------
    >>> parse_rounds("3"), parse_rounds("forever")
    (3, None)
    """
    if text == "forever":
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--loop is a number of rounds, or forever; got {text!r}") from None


def print_summary(summary: ReplaySummary) -> None:
    """Print what a replay did."""
    from streamscore.sources.dialects import CANONICAL

    lines = [
        ("topic", f"{summary.topic}, {counted(summary.partitions, 'partition')}"),
        ("rows read", f"{summary.rows_read:,}"),
        ("sent", f"{summary.sent:,}"),
    ]
    if summary.injected:
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(summary.injected.items()))
        told = f"{sum(summary.injected.values()):,} of those sent ({kinds})"
        lines.append(("injected", told))
    if spelled := set(summary.dialects.values()) - {CANONICAL}:
        lines.append(("dialect", ", ".join(sorted(spelled))))
    if summary.resumed != "not asked":
        lines.append(("resumed", _resumed(summary)))
    if summary.rounds > 1:
        lines.append(("rounds", f"{summary.rounds:,}"))
    if summary.skipped:
        lines.append(("skipped", f"{summary.skipped:,} (range of time, limit, not sent)"))
    if summary.rejected:
        reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(summary.rejected.items()))
        lines.append(("rejected", f"{sum(summary.rejected.values()):,} ({reasons})"))
        lines.append(("reject file", str(summary.reject_file)))
    if summary.first_event_time:
        lines.append(("event time", f"{summary.first_event_time} to {summary.last_event_time}"))
    lines.append(("took", f"{summary.seconds:,.1f} s, {summary.rate:,.0f} records/s"))
    if summary.interrupted:
        lines.append(
            ("interrupted", "stopped before the end; all that counts as sent is delivered")
        )
    lines += [("note", note) for note in summary.notes]
    print_table(("REPLAY", summary.source), lines)


def _resumed(summary: ReplaySummary) -> str:
    rows = counted(summary.already, "row")
    return {
        "nothing found": "nothing of it was there; it began at the beginning",
        "went on": f"behind {rows} already there",
        "complete": f"complete, nothing to send; all of it is there, {rows}",
    }[summary.resumed]


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C sets the event; a second one ends the program at once."""
    stopped = threading.Event()

    def stop(_signal: int, _frame: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
