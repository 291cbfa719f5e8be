"""A loop repeats its rows later and later, in order, each under an id of its own."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.ordering import OrderedRow
from producer.plan import ReplayPlan
from producer.rounds import Rounds, in_runs
from streamscore.errors import UsageError
from streamscore.sources import Source
from streamscore.sources.rows import JsonRows
from streamscore.sources.shifting import WEEK_MS
from streamscore.sources.source import EventTime, Field

SOURCE = Source(
    name="trial",
    event_time=EventTime(field="at", format="iso8601", zone="America/Chicago"),
    fields={"at": Field(type="string", role="time"), "n": Field(type="integer", role="number")},
)


class Rows:
    """Rows in memory, in the order of event time."""

    def __init__(self, times: list[datetime]) -> None:
        read = JsonRows(SOURCE).read
        made = [read(msgspec.json.encode({"at": at.isoformat(), "n": 1})) for at in times]
        made.sort(key=lambda row: row.utc_ms)
        self._rows = [OrderedRow(f"a:{n}", row) for n, row in enumerate(made)]

    def rows(self, limit: int | None = None) -> Iterator[OrderedRow]:
        return iter(self._rows[:limit])

    def time_range_ms(self, limit: int | None = None) -> tuple[int, int] | None:
        kept = self._rows[:limit]
        return (kept[0].row.utc_ms, kept[-1].row.utc_ms) if kept else None


@pytest.mark.parametrize(
    ("plan", "lack"),
    [
        (ReplayPlan(files=(), rounds=2), "got no name"),
        (ReplayPlan(files=(), run="june", rounds=None), "got --loop forever"),
    ],
)
def test_rounds_in_runs_need_a_name_and_an_end(plan: ReplayPlan, lack: str) -> None:
    with pytest.raises(UsageError, match=lack):
        in_runs(plan)


@given(
    st.lists(
        st.integers(0, 60 * 24 * 300).map(
            lambda m: datetime.fromisoformat("2024-01-01") + timedelta(minutes=m)
        ),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 6),
)
def test_rounds_follow_each_other_in_the_order_of_time(times: list[datetime], rounds: int) -> None:
    looped = Rounds(Rows(times), SOURCE, None, rounds)
    found = list(looped)
    moments = [row.row.utc_ms for row in found]
    assert moments == sorted(moments)
    assert len({row.row_id for row in found}) == len(found) == rounds * len(times)
    assert looped.period_ms % WEEK_MS == 0
    assert looped.begun == rounds
    for number in range(1, rounds):
        ids = {row.row_id for row in found[number * len(times) : (number + 1) * len(times)]}
        assert ids == {f"a:{n}@{number + 1}" for n in range(len(times))}


def test_the_first_round_is_as_the_files_have_it() -> None:
    rows = Rows([datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2024-01-03")])
    assert list(Rounds(rows, SOURCE, None, 1)) == list(rows.rows())
    assert [row.row_id for row in Rounds(rows, SOURCE, 1, 2)] == ["a:0", "a:0@2"]


def test_more_rounds_than_fit_before_the_latest_time_are_refused_with_how_many_do() -> None:
    rows = Rows([datetime.fromisoformat("2099-12-01")])
    with pytest.raises(UsageError, match=r"1 weeks later.*can be 5 rounds, got 9"):
        Rounds(rows, SOURCE, None, 9)
    assert len(list(Rounds(rows, SOURCE, None, 5))) == 5


def test_an_endless_loop_ends_before_the_latest_time_and_says_so() -> None:
    looped = Rounds(Rows([datetime.fromisoformat("2099-12-01")]), SOURCE, None, None)
    assert len(list(looped)) == 5
    assert looped.notes() == ("round 6 would reach 2100-01-01, the source's event_time.latest",)
