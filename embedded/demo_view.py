"""What a demo looks like: steps, then alerts as they come above a line of counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from producer.progress import Progress
from streamscore.detectors.written_numbers import OWN_DIGITS, written_number
from streamscore.events import Anomaly, AnomalyEvent
from streamscore.quantities import counted

_FRAMES_A_SECOND = 8
_PLAIN_EVERY_SECONDS = 5.0
_REASONS_SHOWN = 3
_TELLING_SHARE = 0.1
_LONGEST_VALUE = 36
_SEVERE, _NOTABLE = 50.0, 25.0


class DemoView:
    """Shows a demo on a console: moving on a terminal, plain lines elsewhere.

    Its methods may be called from any thread.

    Parameters
    ----------
    console : Console
        Where.
    zone : str
        IANA zone that event times are shown in.
    monotonic : callable
        Returns seconds of a clock that never goes back.
    """

    def __init__(
        self, console: Console, zone: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._zone = ZoneInfo(zone)
        self._monotonic = monotonic
        self._began = monotonic()
        self._running: dict[str, tuple[str, float]] = {}
        self._progress: Progress | None = None
        self._told_seconds = 0.0
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=_FRAMES_A_SECOND,
            transient=True,
        )
        self.phases: dict[str, float] = {}
        self.alerts = 0
        self.dead_letters = 0
        self.first_alert_seconds = -1.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress = None
        self._running = {}
        self._live.stop()

    def began(self, name: str, doing: str) -> None:
        """Show that a step has begun, or what it does by now.

        Parameters
        ----------
        name : str
            What the phase is called in the summary.
        doing : str
            What is shown meanwhile.
        """
        _, began = self._running.get(name, ("", self._monotonic()))
        self._running = self._running | {name: (doing, began)}

    def done(self, name: str, what: str) -> None:
        """Show that a step is done, and what came of it."""
        _, began = self._running[name]
        self.phases[name] = round(self._monotonic() - began, 2)
        self._running = {key: step for key, step in self._running.items() if key != name}
        self._print(
            Text.assemble(
                ("✓ ", "bold green"), f"{what:<78} ", (f"{self.phases[name]:>5.1f} s", "dim")
            )
        )

    def ending(self) -> None:
        """Show that everything is being ended."""
        if self._console.is_terminal:
            self._print(Text("ending everything …", "dim"))

    def say(self, *lines: RenderableType) -> None:
        """Print lines above what moves."""
        for line in lines:
            self._print(line)

    def say_whole(self, *lines: str) -> None:
        """Print lines that somebody will copy: however narrow the terminal, they are not broken."""
        for line in lines:
            self._console.print(Text(line), highlight=False, soft_wrap=True)

    def replaying(self, progress: Progress) -> None:
        """Show how far the replay is."""
        if progress.phase != "sending":
            return
        self._progress = progress
        is_due = progress.seconds - self._told_seconds >= _PLAIN_EVERY_SECONDS
        if is_due and not self._console.is_terminal:
            self._told_seconds = progress.seconds
            self._print(Text(self._counts(progress)))

    def anomaly(self, event: AnomalyEvent, injected: str | None) -> None:
        """Show an alert: two lines."""
        self.alerts += 1
        if self.first_alert_seconds < 0:
            self.first_alert_seconds = round(self._monotonic() - self._began, 2)
        self._print(alert_line(event.data, injected, self._zone))
        self._print(reasons_line(event.data))

    def dead_letter(self, reason: str, detail: str) -> None:
        """Show a dead letter: one line."""
        self.dead_letters += 1
        self._print(
            Text.assemble(
                ("✗ dead letter  ", "magenta"), (reason, "bold"), f"  {printable(detail)}"
            )
        )

    def _print(self, line: RenderableType) -> None:
        if self._console.is_terminal:
            self._console.print(line, highlight=False, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(line, highlight=False, soft_wrap=True)

    def _render(self) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        now = self._monotonic()
        for doing, began in self._running.values():
            spinner = Spinner("dots", text=Text(f"{doing}  {now - began:.0f} s", "cyan"))
            grid.add_row(spinner)
        if (progress := self._progress) is not None:
            bar = ProgressBar(total=progress.total, completed=progress.rows, width=24)
            line = Table.grid(padding=(0, 1))
            line.add_row(bar, Text(self._counts(progress), "bold"))
            grid.add_row(line)
        return grid

    def _counts(self, progress: Progress) -> str:
        rate = progress.rows / progress.seconds if progress.seconds else 0.0
        return (
            f"{progress.rows:,} of {progress.total or 0:,} rows · {rate:,.0f}/s · "
            f"{counted(self.alerts, 'anomaly', 'anomalies')} · "
            f"{counted(self.dead_letters, 'dead letter')}"
        )


def alert_line(anomaly: Anomaly, injected: str | None, zone: ZoneInfo) -> Text:
    """Return the first line of an alert: event time, severity, score, p and whether injected.

    Parameters
    ----------
    anomaly : Anomaly
        What was found.
    injected : str or None
        The kind of anomaly that was put into the record.
    zone : ZoneInfo
        Zone that the event time is shown in.
    """
    happened = datetime.fromisoformat(anomaly.event_time).astimezone(zone)
    style = "bold red" if anomaly.severity >= _SEVERE else "yellow"
    style = style if anomaly.severity >= _NOTABLE else "white"
    return Text.assemble(
        ("▲ ", style),
        f"{happened:%Y-%m-%d %H:%M}  ",
        ("severity ", "dim"),
        (f"{anomaly.severity:3.0f}", style),
        ("  score ", "dim"),
        f"{anomaly.score:.3f}",
        ("  p ", "dim"),
        f"{anomaly.p_value:.4f}  ",
        (f"injected: {injected}", "bold green") if injected else ("", ""),
    )


def reasons_line(anomaly: Anomaly) -> Text:
    """Return what stands below an alert: its reason in words, then the fields that come next.

    Before each stands its share of the score.
    """
    first, *others = list(anomaly.attribution)[:_REASONS_SHOWN]
    line = Text("    ")
    if first.reason:
        line.append(f"{first.share:.0%} ", "cyan")
        line.append(f"{printable(first.reason)}   ")
    else:
        others = [first, *others]
    for reason in (one for one in others if one.share >= _TELLING_SHARE):
        line.append(f"{reason.share:.0%} ", "cyan")
        line.append(f"{reason.field} = ", "dim")
        line.append(f"{shown(reason.value)}   ")
    line.rstrip()
    return line


def shown(value: Any) -> str:
    """Return a value for a person: short, in one line.

    Examples
    --------
    >>> shown("REAR END"), shown(3.0), shown(None)
    ('REAR END', '3', 'absent')
    """
    if isinstance(value, float):
        return written_number(value, OWN_DIGITS)
    text = "absent" if value is None else printable(str(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def printable(text: str) -> str:
    r"""Return text of a record as one line that cannot command a terminal.

    Examples
    --------
    >>> printable("two\nlines\x1b[2J")
    'two lines�[2J'
    """
    line = " ".join(text.split())
    return "".join(c if c.isprintable() else "�" for c in line)
