"""Progress is a line now and then where there is no terminal."""

from io import StringIO

from rich.console import Console

from producer.display import progress_display
from producer.progress import Progress


def test_a_log_gets_a_line_at_each_phase_and_every_few_seconds() -> None:
    written = StringIO()
    with progress_display(Console(file=written, force_terminal=False, width=200)) as tell:
        tell(Progress("reading", 100, None, None, 0.5))
        tell(Progress("reading", 900, None, None, 4.0))
        tell(Progress("sending", 0, 900, None, 0.0))
        tell(Progress("sending", 300, 900, 1_700_000_000_000, 3.0))
        tell(Progress("sending", 600, 900, 1_700_000_000_000, 6.0))
    assert written.getvalue().splitlines() == [
        "reading 100, 200/s",
        "sending 0 of 900, 0/s",
        "sending 600 of 900, 100/s, 3 s left, event time 2023-11-14T22:13:20.000Z",
    ]


def test_a_terminal_gets_a_bar() -> None:
    written = StringIO()
    with progress_display(Console(file=written, force_terminal=True, width=200)) as tell:
        tell(Progress("sending", 300, 900, 1_700_000_000_000, 3.0))
    assert "300/900" in written.getvalue()
    assert "100/s" in written.getvalue()
