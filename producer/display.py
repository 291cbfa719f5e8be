"""Showing how far a replay is: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from producer.progress import OnProgress
from producer.progress import Progress as ReplayProgress
from streamscore.events import iso_utc

PLAIN_LINE_EVERY_SECONDS = 5.0
"""How often a log gets a line."""


@contextmanager
def progress_display(console: Console) -> Iterator[OnProgress]:
    """Yield what to tell the progress to, for as long as it is shown.

    Parameters
    ----------
    console : Console
        On standard error: results go to standard output.
    """
    if not console.is_terminal:
        yield _PlainLines(console)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[position]}"),
        console=console,
        transient=True,
    )
    with bar:
        yield _Bar(bar)


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("reading", total=None, rate="", position="")

    def __call__(self, progress: ReplayProgress) -> None:
        self._bar.update(
            self._task,
            description=progress.phase,
            completed=progress.rows,
            total=progress.total,
            rate=f"{rate(progress):,.0f}/s",
            position=position(progress),
        )


class _PlainLines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[str, float] = ("", 0.0)

    def __call__(self, progress: ReplayProgress) -> None:
        phase, seconds = self._shown
        if progress.phase == phase and progress.seconds - seconds < PLAIN_LINE_EVERY_SECONDS:
            return
        self._shown = (progress.phase, progress.seconds)
        self._console.print(plain_line(progress), markup=False, highlight=False)


def plain_line(progress: ReplayProgress) -> str:
    """Return one line of a log.

    Examples
    --------
    >>> plain_line(ReplayProgress("sending", 500, 2000, 1_700_000_000_000, 1.0))
    'sending 500 of 2,000, 500/s, 3 s left, event time 2023-11-14T22:13:20.000Z'
    """
    parts = [f"{progress.phase} {progress.rows:,}"]
    speed = rate(progress)
    if progress.total is not None:
        parts[0] += f" of {progress.total:,}"
    parts.append(f"{speed:,.0f}/s")
    if progress.total is not None and speed:
        parts.append(f"{(progress.total - progress.rows) / speed:,.0f} s left")
    if progress.event_ms is not None:
        parts.append(f"event time {position(progress)}")
    return ", ".join(parts)


def rate(progress: ReplayProgress) -> float:
    """Rows a second since the phase began."""
    return progress.rows / progress.seconds if progress.seconds else 0.0


def position(progress: ReplayProgress) -> str:
    """Event time of the latest row sent, or nothing."""
    return "" if progress.event_ms is None else iso_utc(progress.event_ms)
