from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console

from embedded.demo_view import DemoView, alert_line, reasons_line, shown
from producer.progress import Progress
from streamscore.events import Anomaly, Attribution, Position, anomaly_event
from streamscore.scoring import ModelVersion

CHICAGO = ZoneInfo("America/Chicago")


def anomaly(*attribution: Attribution) -> Anomaly:
    return Anomaly(
        source="accidents",
        position=Position(cluster_id="c", topic_id="t", topic="x", partition=0, offset=7),
        event_time="2024-03-15T07:15:00.000Z",
        score=0.61642,
        p_value=0.00123,
        threshold=0.57,
        nominal_rate=0.01,
        severity=62.4,
        model=ModelVersion(name="m", version="1", digest="d"),
        attribution=attribution,
        record=msgspec.Raw(b"{}"),
    )


class HandClock:
    """Shows what it is set to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def view_and_console(clock: HandClock) -> tuple[DemoView, Console]:
    console = Console(width=100, no_color=True, force_terminal=False)
    return DemoView(console, "America/Chicago", clock), console


def test_an_alert_shows_local_event_time_severity_score_and_p() -> None:
    line = alert_line(anomaly(), None, CHICAGO).plain
    assert line.split() == [
        "▲",
        "2024-03-15",
        "02:15",
        "severity",
        "62",
        "score",
        "0.616",
        "p",
        "0.0012",
    ]


def test_an_alert_says_what_was_injected() -> None:
    assert alert_line(anomaly(), "swap_1", CHICAGO).plain.endswith("injected: swap_1")


def test_the_three_largest_reasons_are_shown_with_value_and_share() -> None:
    fields = [("num_units", 0.5, 5), ("damage", 0.25, "OVER $1,500"), ("a", 0.15, None)]
    reasons = [Attribution(name, share, value) for name, share, value in (*fields, ("b", 0.1, 1))]
    line = reasons_line(anomaly(*reasons)).plain
    assert line.split("  ") == [
        "",
        "",
        "50% num_units = 5",
        " 25% damage = OVER $1,500",
        " 15% a = absent",
    ]


def test_a_value_can_neither_break_the_line_nor_command_the_terminal() -> None:
    assert shown("a\n\tb\x1b[31m\x07") == "a b�[31m�"
    assert len(shown("x" * 500)) == 36


def test_numbers_are_written_as_in_the_words_beside_them() -> None:
    assert [shown(number) for number in (3.0, 0.25, 1234567.5)] == ["3", "0.25", "1234568"]


def test_the_first_alert_is_timed_and_markup_in_a_value_is_text() -> None:
    clock = HandClock()
    view, console = view_and_console(clock)
    event = anomaly_event(anomaly(Attribution("text", 1.0, "[red]sale[/red]")), 0, None)
    with console.capture() as capture, view:
        for clock.seconds in (21.5, 22.0):
            view.anomaly(event, None)
    assert (view.alerts, view.first_alert_seconds) == (2, 21.5)
    assert capture.get().count("[red]sale[/red]") == 2


def test_a_step_is_told_when_it_is_done_with_its_time_from_its_beginning() -> None:
    clock = HandClock()
    view, console = view_and_console(clock)
    with console.capture() as capture, view:
        view.began("stack", "starting")
        clock.seconds = 2.0
        view.began("stack", "still starting")
        clock.seconds = 3.5
        view.done("stack", "Kafka and MLflow")
    assert view.phases == {"stack": 3.5}
    assert capture.get().split() == ["✓", "Kafka", "and", "MLflow", "3.5", "s"]


def test_away_from_a_terminal_progress_is_a_line_now_and_then() -> None:
    view, console = view_and_console(HandClock())
    with console.capture() as capture, view:
        for second in range(11):
            view.replaying(Progress("sending", second * 100, 1_100, 0, float(second)))
    assert [line.split(" · ")[0] for line in capture.get().splitlines()] == [
        "500 of 1,100 rows",
        "1,000 of 1,100 rows",
    ]


def test_a_dead_letter_is_told_with_its_reason() -> None:
    view, console = view_and_console(HandClock())
    with console.capture() as capture, view:
        view.dead_letter("not_json", "Input data was\ntruncated")
    assert "not_json  Input data was truncated" in capture.get()
    assert view.dead_letters == 1


def test_what_somebody_will_copy_is_not_broken_on_a_narrow_terminal() -> None:
    console = Console(width=40, no_color=True, force_terminal=True)
    command = f"  streamscore --config /tmp/{'x' * 60}/streamscore.toml models show accidents"
    with console.capture() as capture:
        DemoView(console, "America/Chicago", HandClock()).say_whole(command, "")
    assert capture.get() == f"{command}\n\n"
