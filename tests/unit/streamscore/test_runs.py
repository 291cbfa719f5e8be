"""Runs: their names, what is known of them, and which may be opened."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.errors import UsageError
from streamscore.runs import (
    AnyRun,
    LaterRun,
    Progress,
    Run,
    Tally,
    check_open,
    check_room,
    check_run_name,
    find_open,
    fold_run,
    known_run,
    run_key,
)

OPEN = Run(
    source="accidents",
    run="june",
    status="open",
    model="streamscore-accidents",
    version="3",
    partitions=2,
    opened_at="2026-10-26T07:30:00.000Z",
)
CLOSED = msgspec.structs.replace(OPEN, status="closed", closed_at="2026-10-26T08:00:00.000Z")
counts = st.integers(0, 10**12)


@pytest.mark.parametrize("name", ["june", "2024-06_b", "0", "x" * 49])
def test_a_name_within_the_rule_is_taken(name: str) -> None:
    check_run_name(name)


@pytest.mark.parametrize("name", ["", "June", "a.b", "-a", "a b", "x" * 50, "june\n", "jüne"])
def test_a_name_beyond_the_rule_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(UsageError, match="at most 49 lower-case letters"):
        check_run_name(name)


def test_what_was_written_last_of_a_run_is_known() -> None:
    runs: dict[str, AnyRun] = {}
    for run in (OPEN, CLOSED):
        fold_run(runs, run.key.encode(), msgspec.json.encode(run))
    assert runs == {"accidents/june": CLOSED}
    fold_run(runs, b"accidents/june", None)
    assert runs == {}


def test_of_a_run_of_a_later_format_only_the_name_is_known() -> None:
    runs: dict[str, AnyRun] = {OPEN.key: OPEN}
    fold_run(runs, b"accidents/june", b'{"format": 2, "state": "?"}')
    found = runs["accidents/june"]
    assert isinstance(found, LaterRun)
    assert (found.key, "received format 2. Upgrade" in found.why) == (OPEN.key, True)
    fold_run(runs, b"accidents/june", None)
    assert runs == {}


def test_a_run_of_a_later_format_is_neither_opened_nor_closed_and_takes_room() -> None:
    runs = {OPEN.key: LaterRun(source="accidents", run="june", why="Upgrade.")}
    for look in (find_open, known_run, check_open):
        with pytest.raises(UsageError, match=r"a run of a later version: Upgrade\."):
            look(runs, "accidents", "june")
    with pytest.raises(UsageError, match="accidents/june"):
        check_room(runs.values(), 1)


@pytest.mark.parametrize("value", [b"{", b"[]", b'{"format": "x"}', b"{}"])
def test_what_is_no_run_is_not_read(value: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        fold_run({}, b"accidents/june", value)


def test_records_are_sent_to_open_runs_alone() -> None:
    check_open({OPEN.key: OPEN}, "accidents", "june")
    with pytest.raises(UsageError, match=r"closed it 2026-10-26T08:00:00\.000Z"):
        check_open({CLOSED.key: CLOSED}, "accidents", "june")
    with pytest.raises(UsageError, match="has no such run"):
        check_open({}, "accidents", "june")


def test_a_field_that_is_added_later_is_ignored() -> None:
    runs: dict[str, AnyRun] = {}
    more = msgspec.json.encode({**msgspec.to_builtins(OPEN), "colour": "red"})
    fold_run(runs, b"accidents/june", more)
    assert runs == {OPEN.key: OPEN}


def test_an_open_run_is_found_as_it_is_wanted() -> None:
    runs = {OPEN.key: OPEN}
    assert find_open(runs, "accidents", "june") == OPEN
    assert find_open(runs, "accidents", "june", "3", 2) == OPEN
    assert find_open(runs, "accidents", "july") is None
    assert find_open(runs, "reviews", "june") is None


@pytest.mark.parametrize(
    ("known", "version", "partitions", "said"),
    [
        (OPEN, "4", None, "keeps the version that it was opened with; june of accidents has 3"),
        (OPEN, None, 1, "keeps the partitions"),
        (CLOSED, None, None, "was closed 2026-10-26T08:00:00.000Z"),
    ],
)
def test_a_run_that_is_not_as_wanted_is_refused(
    known: Run, version: str | None, partitions: int | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        find_open({known.key: known}, "accidents", "june", version, partitions)


def test_only_open_runs_take_room() -> None:
    check_room([OPEN, CLOSED], 2)
    with pytest.raises(UsageError, match=r"at most 1 runs.*accidents/june\. Close one"):
        check_room([OPEN, CLOSED], 1)


@given(counts, counts, counts)
def test_a_tally_survives_its_note(scored: int, dead: int, anomalies: int) -> None:
    tally = Tally(scored=scored, dead_letters=dead, anomalies=anomalies)
    assert Tally.of_note(tally.note()) == tally
    assert tally.plus(tally).less(tally) == tally
    assert len(tally.note()) < 200


@given(st.text())
def test_any_other_note_counts_as_nothing(note: str) -> None:
    assert Tally.of_note(note) == Tally()


def test_a_run_is_done_when_it_has_records_and_none_is_left() -> None:
    tally = Tally(scored=5, dead_letters=1)
    assert Progress(tally=tally).is_done
    assert Progress(tally=tally, left=2).records == 8
    assert not Progress(tally=tally, left=2).is_done
    assert not Progress().is_done


def test_the_key_of_a_run_is_of_one_source_alone() -> None:
    assert run_key("accidents", "june") == OPEN.key == "accidents/june"
