from collections import Counter
from pathlib import Path

from rich.console import Console

from embedded.demo_report import kept, report, whereabouts
from embedded.demo_summary import (
    Counts,
    Found,
    Latency,
    Summary,
    faults_of,
    found_by_kind,
    is_complete,
    realised_rate,
)
from embedded.demo_tally import Place, Tally, names_a_changed_field
from embedded.services import Addresses
from streamscore.events import Attribution
from tests.command_lines import fault_of


def tally_of(
    records: int,
    injected: dict[int, str],
    flagged: list[int],
    dead: list[int],
    explained: tuple[int, ...] = (),
) -> Tally:
    tally = Tally()
    for offset in range(records):
        own = [("streamscore-injected", injected[offset].encode())] if offset in injected else []
        tally.take_record(Place(0, offset), b"{}", own, 1_000)
    for offset in flagged:
        tally.take_anomaly(Place(0, offset), 1_010, is_explained=offset in explained)
    for offset in dead:
        tally.take_dead_letter(dead_letter(offset), 1_030)
    return tally


def dead_letter(offset: int) -> list[tuple[str, bytes | None]]:
    position = f"cluster/topic/0/{offset}".encode()
    return [("streamscore-position", position), ("streamscore-reason", b"not_json")]


def test_counts_that_agree_have_no_fault() -> None:
    tally = tally_of(10, {3: "sum"}, flagged=[3], dead=[7, 8])
    counts = Counts(scored=8, flagged=1, dead=2)
    assert is_complete(tally, counts, 10)
    assert faults_of(tally, counts, 10) == []


def test_every_contradiction_is_told() -> None:
    tally = tally_of(9, {}, flagged=[2, 2], dead=[20])
    faults = faults_of(tally, Counts(scored=8, flagged=3, dead=0), 10)
    assert faults == [
        "10 records were sent, and 9 are on the topic",
        "10 records were sent, and 8 scored + 0 dead-lettered",
        "the scorer counts 3 anomalies, and 1 were read",
        "the scorer counts 0 dead letters, and 1 were read",
        "1 events repeat one that was read before",
        "1 events are of records that are not on the topic",
    ]


def test_a_record_that_is_both_flagged_and_dead_lettered_is_a_repeat() -> None:
    tally = tally_of(2, {}, flagged=[1], dead=[1])
    assert tally.repeats == 1


def test_it_is_complete_only_when_the_events_were_read_too() -> None:
    counts = Counts(scored=3, flagged=1, dead=0)
    assert not is_complete(tally_of(3, {}, [], []), counts, 3)
    assert not is_complete(tally_of(2, {}, [1], []), counts, 3)
    assert not is_complete(tally_of(3, {}, [1], []), Counts(2, 1, 0), 3)
    assert is_complete(tally_of(3, {}, [1], []), counts, 3)


def test_a_control_record_is_no_record() -> None:
    tally = Tally()
    tally.take_record(Place(0, 0), b"", [("streamscore-control", b"end")], 1_000)
    assert tally.records == {}
    tally.take_record(Place(0, 1), None, [], 1_000)
    assert list(tally.records) == [Place(0, 1)], "a null value without the header is one"


def test_injected_records_are_counted_by_kind_found_or_not() -> None:
    injected = {1: "sum", 2: "sum", 3: "swap", 4: "sum"}
    tally = tally_of(10, injected, flagged=[2, 4, 5], dead=[], explained=(4,))
    assert found_by_kind(tally) == {"sum": Found(3, 2, 1), "swap": Found(1, 0, 0)}
    assert tally.found() == Counter({"sum": 2})


def test_an_alert_is_by_a_changed_field_where_one_of_its_first_three_reasons_names_one() -> None:
    own: list[tuple[str, bytes | None]] = [("streamscore-injected-fields", b'["a b, c"]')]
    others = [Attribution(name, 0.2, 1) for name in ("x", "y")]
    named = Attribution("a b, c", 0.1, 1)
    assert names_a_changed_field([*others, named], own)
    assert names_a_changed_field([Attribution("z", 0.2, 1, also=["a b, c"])], own)
    assert not names_a_changed_field([*others, others[0], named], own)
    assert not names_a_changed_field([named], []), "nothing was put into it"


def test_the_realised_rate_leaves_out_what_was_injected_or_dead_lettered() -> None:
    tally = tally_of(14, {1: "sum", 2: "sum"}, flagged=[2, 5, 6], dead=[8, 9])
    assert realised_rate(tally) == 2 / 10
    assert realised_rate(Tally()) == 0.0


def test_latency_is_from_producing_a_record_to_reading_its_event() -> None:
    assert sorted(tally_of(5, {}, flagged=[1], dead=[2]).latencies_ms()) == [10, 30]


def summary(faults: list[str]) -> Summary:
    return Summary(
        source="accidents",
        origin="generated",
        model="m version 1",
        history_records=10_000,
        records_in=1_025,
        records_on_topic=1_025,
        scored=1_018,
        dead_lettered=7,
        anomalies=13,
        dead_letters={"not_json": 4, "wrong_type": 3},
        nominal_rate=0.01,
        realised_rate=0.011,
        injected={"sum": Found(18, 3, 2)},
        injected_total=Found(18, 3, 2),
        latency_ms=Latency(20, 9.0, 14.0, 35.0),
        records_per_second=200.0,
        replay_seconds=5.0,
        first_alert_seconds=21.5,
        phases_seconds={"stack": 5.0},
        addresses=Addresses(
            kafka="127.0.0.1:1",
            mlflow="http://127.0.0.1:2",
            metrics="http://127.0.0.1:3/metrics",
            folder="/tmp/d",
            logs="/tmp/d/logs",
            settings_file="/tmp/d/streamscore.toml",
        ),
        faults=faults,
    )


def printed(faults: list[str]) -> str:
    console = Console(width=120, no_color=True)
    with console.capture() as capture:
        for part in report(summary(faults)):
            console.print(part)
    return capture.get()


def test_the_summary_says_what_came_in_and_what_became_of_it() -> None:
    text = printed([])
    for expected in (
        "1,025 in = 1,018 scored + 7 dead-lettered  ✓ every record once",
        "not_json 4, wrong_type 3",
        "3 of 18 (17%), 2 of them by a changed field",
        "1.10%, nominal 1.00%",
        "p50 9 ms, p95 14 ms, p99 35 ms",
    ):
        assert expected in text
    assert "127.0.0.1" not in text, "it is printed where nothing stays up as well"


def test_what_is_shown_for_other_terminals_is_taken_and_says_where_everything_is() -> None:
    addresses = summary([]).addresses
    assert addresses is not None
    lines = whereabouts(addresses, "my orders.toml")
    for expected in ("http://127.0.0.1:2", "http://127.0.0.1:3/metrics", "/tmp/d/logs"):
        assert any(line.endswith(expected) for line in lines)
    commands = [line.strip() for line in lines if line.startswith("  ")]
    assert [fault_of(command) for command in commands] == [None, None]


def test_what_is_kept_can_be_gone_on_with() -> None:
    lines = kept(Path("my demo"), "accidents")
    (command,) = (line.strip() for line in lines if line.startswith("  "))
    assert fault_of(command) is None
    assert "'my demo'" in command


def test_the_summary_does_not_praise_counts_that_differ() -> None:
    text = printed(["10 records were sent, and 9 are on the topic"])
    assert "✓" not in text
    assert "10 records were sent, and 9 are on the topic" in text
