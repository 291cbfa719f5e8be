"""A replay that was broken off anywhere goes on so that no row is missing or doubled."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.topic_reading import Span
from producer.marks import ReplayMark, plan_hash
from producer.ordering import OrderedRow
from producer.outgoing import Outgoing, Tally
from producer.pacing import Clock
from producer.plan import ReplayPlan
from producer.resuming import Resumption, check_content, resumption_of, settled
from producer.sending import BY_KEY, Headers
from producer.traces import Trace, Traces, last_traces, trace_of
from streamscore.errors import StreamscoreError, UsageError
from streamscore.headers import (
    CONTROL,
    CONTROL_BEGIN,
    CONTROL_END,
    CONTROL_RESUME,
    ORIGINAL,
    REPLAY,
    ROW,
)
from streamscore.sources import Codec
from streamscore.sources.dialects import CANONICAL, Dialect, FieldSpelling
from streamscore.sources.record_files import LocalFile
from streamscore.sources.rows import Row
from tests.naive.partitioner import java_partition
from tests.sensors import SENSORS, sensor_values

PLAN = "0f3a5b7c9d11"
FILES = "77e0c4a1b2d3"
CODEC = Codec(SENSORS)
VALUES = sensor_values(40)


class Held(NamedTuple):
    """A message as a topic holds it."""

    number: int
    value: bytes
    key: bytes | None
    own: tuple[tuple[str, bytes], ...]

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self.own)

    def partition(self) -> int:
        return self.number


class SimulatedTopic:
    """Partitions as lists, with what the broker does: keep, in order."""

    def __init__(self, partitions: int) -> None:
        self.lanes: list[list[Held]] = [[] for _ in range(partitions)]

    def send(
        self, value: bytes, key: bytes | None, partition: int, headers: Headers | None
    ) -> None:
        if partition == BY_KEY:
            assert key is not None
            partition = java_partition(key, len(self.lanes))
        own = tuple((n, v.encode() if isinstance(v, str) else v or b"") for n, v in headers or ())
        self.lanes[partition].append(Held(partition, value, key, own))

    def control(self, kind: bytes, mark: ReplayMark, but: frozenset[int] = frozenset()) -> None:
        for number in range(len(self.lanes)):
            if number not in but:
                self.send(b"", None, number, [(CONTROL, kind), (REPLAY, mark.text())])

    def messages(self, stretches: Mapping[int, Span]) -> Iterator[Held]:
        for number, (low, high) in stretches.items():
            yield from self.lanes[number][low:high]

    def traces(self) -> Traces:
        spans = {number: Span(0, len(lane)) for number, lane in enumerate(self.lanes)}
        return Traces(last_traces(self, spans, PLAN), is_shortened=False)

    def cut(self, lengths: list[int]) -> None:
        for number, lane in enumerate(self.lanes):
            del lane[lengths[number % len(lengths)] :]

    def of_the_replay(self) -> list[list[Held]]:
        """What it holds, without strangers and without marks of later starts."""
        return [
            [one for one in lane if REPLAY in dict(one.own) and not _is_resume(one)]
            for lane in self.lanes
        ]


def _is_resume(one: Held) -> bool:
    return dict(one.own).get(CONTROL) == CONTROL_RESUME


def run(
    topic: SimulatedTopic, rows: list[OrderedRow], mark: ReplayMark, inject_rate: float
) -> Tally:
    """One start of a replay, to its end; taken up where something of it is there."""
    found = resumption_of(topic.traces(), "t")
    if found is None:
        topic.control(CONTROL_BEGIN, mark)
    else:
        mark = found.mark
        topic.control(CONTROL_RESUME, mark)
        assert resumption_of(topic.traces(), "t") == found
    outgoing = Outgoing(
        topic,
        CODEC,
        mark,
        found,
        inject_rate=inject_rate,
        seed=5,
        is_spread=len(topic.lanes) != mark.partitions,
        tally=(tally := Tally()),
    )
    for ordered in rows:
        assert outgoing.send(ordered, lambda _index, _utc_ms: True)
    outgoing.check_end()
    topic.control(CONTROL_END, mark, found.ended if found else frozenset())
    return tally


KEYS = st.none() | st.sampled_from([b"", b"a", b"\xff\xfe", "zürich".encode(), b"k" * 37])
ROWS = st.lists(KEYS, min_size=1, max_size=len(VALUES)).map(
    lambda keys: [
        OrderedRow(f"a.csv:{n + 2}", Row(VALUES[n], key, 1000 * n)) for n, key in enumerate(keys)
    ]
)
CUTS = st.lists(st.integers(0, 50), min_size=1, max_size=4)


@given(
    ROWS,
    st.integers(1, 4),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.lists(CUTS, max_size=3),
    st.integers(0, 2),
    st.booleans(),
)
def test_a_replay_killed_anywhere_and_taken_up_gives_the_topic_of_an_undisturbed_one(
    rows: list[OrderedRow],
    partitions: int,
    inject_rate: float,
    kills: list[list[int]],
    added: int,
    foreign: bool,
) -> None:
    mark = ReplayMark(PLAN, FILES, 1_700_000_000_000, partitions)
    undisturbed = SimulatedTopic(partitions)
    run(undisturbed, rows, mark, inject_rate)
    ids = [id_ for lane in undisturbed.lanes for one in lane if (id_ := dict(one.own).get(ROW))]
    assert sorted(ids) == sorted(row.row_id.encode() for row in rows)
    topic = SimulatedTopic(partitions)
    run(topic, rows, mark, inject_rate)
    for place, lengths in enumerate(kills):
        # The first message is confirmed in each partition before the next is sent.
        topic.cut([max(1, length) for length in lengths])
        if foreign:
            for number in range(len(topic.lanes)):
                topic.send(b"{}", None, number, [(ROW, "other.csv:9")] if place else None)
        if place == 0:
            topic.lanes += [[] for _ in range(added)]
        has_rows = any(
            trace is not None and trace.kind != "begin"
            for trace in topic.traces().by_partition.values()
        )
        again = msgspec.structs.replace(mark, partitions=len(topic.lanes))
        if not has_rows:
            return  # begun anew, with all partitions that there are now
        tally = run(topic, rows, again, inject_rate)
        assert tally.rows + tally.already == len(rows)
    held = topic.of_the_replay()
    assert held[:partitions] == undisturbed.of_the_replay()
    for lane in held[partitions:]:
        assert all(dict(one.own).get(CONTROL) == CONTROL_END for one in lane)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=400),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
)
def test_the_last_trace_is_found_however_far_back_it_lies(
    sent: list[tuple[int, bool]], strangers: list[int]
) -> None:
    topic = SimulatedTopic(4)
    expected: dict[int, Trace | None] = dict.fromkeys(range(4))
    mark = ReplayMark(PLAN, FILES, 7, 4)
    for n, (number, is_own) in enumerate(sent):
        plan = PLAN if is_own else "1" * 12
        own = msgspec.structs.replace(mark, plan=plan)
        topic.send(b"{}", None, number, [(ROW, f"f:{n}"), (REPLAY, own.text())])
        if is_own:
            expected[number] = Trace(mark, "row", f"f:{n}")
    for number in strangers:
        topic.lanes[number] += [Held(number, b"x", None, ())] * 3500
    assert topic.traces().by_partition == expected


def test_a_mark_is_read_as_it_was_written_and_nothing_else_is_one() -> None:
    mark = ReplayMark(PLAN, "77e0c4a1b2d3.1f", 1_700_000_000_000, 12)
    assert ReplayMark.read(mark.text().encode()) == mark
    for other in (None, b"", b"x", b"\xff-1-2-3", mark.text().encode() + b"-1"):
        assert ReplayMark.read(other) is None


def test_the_newest_start_counts_and_a_begun_one_begins_again() -> None:
    old, new = ReplayMark(PLAN, FILES, 1, 2), ReplayMark(PLAN, FILES, 2, 2)
    both = {0: Trace(new, "row", "a:4"), 1: Trace(new, "begin")}
    assert resumption_of(Traces(both, is_shortened=True), "t") == Resumption(
        new, {0: "a:4", 1: ""}, frozenset()
    )
    begun = {0: Trace(new, "begin"), 1: Trace(old, "end")}
    assert resumption_of(Traces(begun, is_shortened=False), "t") is None
    assert resumption_of(Traces({0: None}, is_shortened=False), "t") is None


def test_where_nothing_is_left_something_may_have_been_lost() -> None:
    some = {0: Trace(ReplayMark(PLAN, FILES, 1, 1), "begin")}
    assert Traces({0: None}, is_shortened=True).may_be_lost
    assert not Traces({0: None}, is_shortened=False).may_be_lost
    assert not Traces(some, is_shortened=True).may_be_lost


def test_a_replay_with_its_end_in_each_partition_is_complete() -> None:
    mark = ReplayMark(PLAN, FILES, 1, 2)
    ends: dict[int, Trace | None] = {0: Trace(mark, "end"), 1: Trace(mark, "end"), 2: None}
    found = resumption_of(Traces(ends, is_shortened=False), "t")
    assert found is not None
    assert found.is_complete
    ends[1] = Trace(mark, "row", "a:9")
    found = resumption_of(Traces(ends, is_shortened=False), "t")
    assert found is not None
    assert not found.is_complete


@pytest.mark.parametrize(
    ("traces", "is_shortened", "why"),
    [
        ({0: "row", 1: None}, True, "partition 1 of t holds nothing of it any more"),
        ({0: "row", 1: "old"}, True, "partition 1 of t holds nothing of it any more"),
        ({0: "row", 1: "row", 2: "row"}, False, "partition 2 took rows"),
        ({0: "row"}, False, "partition 1 of t holds nothing"),
    ],
)
def test_what_cannot_be_told_is_refused(
    traces: dict[int, str | None], is_shortened: bool, why: str
) -> None:
    new, old = ReplayMark(PLAN, FILES, 2, 2), ReplayMark(PLAN, FILES, 1, 2)
    kinds = {"row": Trace(new, "row", "a:3"), "old": Trace(old, "end")}
    found = {number: None if kind is None else kinds[kind] for number, kind in traces.items()}
    with pytest.raises(UsageError, match=f"{why}.*Without --resume"):
        resumption_of(Traces(found, is_shortened), "t")


def test_files_that_have_changed_are_refused() -> None:
    found = Resumption(ReplayMark(PLAN, FILES, 1, 1), {0: "a:2"}, frozenset())
    check_content(found, FILES, "t")
    with pytest.raises(UsageError, match=r"a file has changed since.*with --run NAME"):
        check_content(found, "0" * 12, "t")


class FakeClock:
    def __init__(self) -> None:
        self.slept = 0.0

    def now(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def at(last_id: str) -> Resumption:
    return Resumption(ReplayMark(PLAN, FILES, 1, 1), {0: last_id}, frozenset())


def test_the_last_messages_of_a_killed_process_are_waited_for() -> None:
    clock: Clock = FakeClock()
    looks = iter([at("a:3"), at("a:4"), at("a:4")])
    assert settled(at("a:2"), lambda: next(looks), "t", clock) == at("a:4")
    assert clock.now() == 2.0


def test_a_replay_that_still_runs_is_not_sent_a_second_time() -> None:
    looks = (at(f"a:{n}") for n in range(3, 1000))
    with pytest.raises(UsageError, match="more of this one keeps coming"):
        settled(at("a:2"), lambda: next(looks), "t", FakeClock())


def test_rows_that_do_not_come_up_again_are_told() -> None:
    mark = ReplayMark(PLAN, FILES, 1, 1)
    outgoing = Outgoing(SimulatedTopic(1), CODEC, mark, at("a.csv:99"))
    outgoing.send(OrderedRow("a.csv:2", Row(VALUES[0], None, 0)), lambda _i, _t: True)
    with pytest.raises(StreamscoreError, match=r"a\.csv:99, the last one in partition 0"):
        outgoing.check_end()


def test_control_records_say_how_far_a_replay_is_and_the_end_of_a_followed_file_does_not() -> None:
    mark = ReplayMark(PLAN, FILES, 1, 1)

    def control(kind: bytes) -> list[tuple[str, bytes | None]]:
        return [(CONTROL, kind), (REPLAY, mark.text().encode())]

    assert trace_of(control(CONTROL_BEGIN), PLAN) == Trace(mark, "begin")
    assert trace_of(control(CONTROL_END), PLAN) == Trace(mark, "end")
    assert trace_of(control(CONTROL_END), PLAN, followed=True) is None
    assert trace_of(control(CONTROL_RESUME), PLAN) is None
    assert trace_of(control(CONTROL_END), "1" * 12) is None


def test_a_row_that_was_sent_back_from_the_dead_letters_says_nothing_of_the_replay() -> None:
    row: list[tuple[str, bytes | None]] = [
        (ROW, b"a:2"),
        (REPLAY, ReplayMark(PLAN, FILES, 1, 1).text().encode()),
    ]
    assert trace_of(row, PLAN) is not None
    assert trace_of([*row, (ORIGINAL, b"c/t/0/1")], PLAN) is None


def test_what_decides_the_messages_changes_the_plan_and_the_pace_does_not() -> None:
    plan = ReplayPlan(files=(LocalFile(Path("a.csv")),), inject_rate=0.1)

    def hashed(**changes: Any) -> str:
        changed = msgspec.structs.replace(plan, **changes)
        return plan_hash(changed, SENSORS, ("a.csv",), 1000, (CANONICAL,))

    same: list[dict[str, Any]] = [
        {"rate": 5.0},
        {"resume": True},
        {"allow_behind": True},
        {"rejects": Path("r")},
    ]
    assert {hashed(**change) for change in same} == {hashed()}
    other: list[dict[str, Any]] = [
        {"limit": 5},
        {"seed": 1},
        {"inject_rate": 0.2},
        {"rounds": 2},
        {"follow": True},
        {"files": (LocalFile(Path("a.csv"), "jsonl"),)},
    ]
    assert len({hashed(), *(hashed(**change) for change in other)}) == 1 + len(other)
    rng = np.random.default_rng(0)
    names = tuple(f"{rng.integers(1000)}.csv" for _ in range(2))
    assert plan_hash(plan, SENSORS, names, 1000, (CANONICAL,)) != hashed()


def test_the_dialects_in_which_files_are_written_change_the_plan_and_others_do_not() -> None:
    plan = ReplayPlan(files=(LocalFile(Path("a.csv")), LocalFile(Path("b.csv"))))
    city, rural = Dialect(event_time="%d.%m.%Y"), Dialect(event_time="serial_days")

    def hashed(used: tuple[str, str], **dialects: Dialect) -> str:
        source = msgspec.structs.replace(SENSORS, dialects=dialects)
        return plan_hash(plan, source, ("a.csv", "b.csv"), 1000, used)

    plain, mixed = (CANONICAL, CANONICAL), ("city", CANONICAL)
    assert hashed(plain, city=city) == hashed(plain, city=rural) == hashed(plain)
    assert hashed(mixed, city=city, rural=rural) == hashed(mixed, city=city, rural=city)
    titled = msgspec.structs.replace(city, title="As the city writes")
    assert hashed(mixed, city=titled) == hashed(mixed, city=city)
    edited = msgspec.structs.replace(city, fields={"size": FieldSpelling(convert="grouped")})
    hashes = {hashed(mixed, city=city), hashed(mixed, city=edited), hashed(plain, city=city)}
    assert len({*hashes, hashed((CANONICAL, "city"), city=city)}) == 4
