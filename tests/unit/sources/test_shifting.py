"""Records are moved in time as they are written, and what repeats their time moves along."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.errors import SourceError
from streamscore.sources import RecordFault, Source, load_source
from streamscore.sources.event_time import EventClock
from streamscore.sources.shifting import WEEK_MS, EventShift
from streamscore.sources.source import EventTime, Field
from streamscore.sources.source_files import parse_source
from streamscore.synthetic import generate
from tests.sensors import SENSORS_TOML

ACCIDENTS = load_source("accidents")
CHICAGO = "%m/%d/%Y %I:%M:%S %p"


SIZE = Field(type="integer", role="number", required=False)


def source(
    layout: str, zone: str = "Europe/Paris", kind: Any = "string", path: Any = None
) -> Source:
    at = Field(type=kind, role="time", path=path)
    return Source(
        name="trial",
        event_time=EventTime(field="at", format=layout, zone=zone),
        fields={"at": at, "size": SIZE, "odd": SIZE, "absent": SIZE},
    )


def moved(plan: Source, written: Any, weeks: int) -> Any:
    value = msgspec.json.encode({"at": written})
    return json.loads(EventShift(plan).row(value, weeks * WEEK_MS).value)["at"]


@pytest.mark.parametrize(
    ("written", "later"),
    [
        ("2024-01-01T10:30:00", "2024-07-01T10:30:00"),
        ("2024-01-01 10:30", "2024-07-01 10:30"),
        ("2024-01-01", "2024-07-01"),
        ("2024-01-01T10:30:00.120", "2024-07-01T10:30:00.120"),
        ("2024-01-01T10:30:00.123456", "2024-07-01T10:30:00.123456"),
        ("2024-01-01T10:30:00+01:00", "2024-07-01T10:30:00+02:00"),
        ("2024-01-01T09:30:00Z", "2024-07-01T08:30:00Z"),
        ("2024-01-01T04:30:00.5-05:00", "2024-07-01T03:30:00.5-05:00"),
    ],
)
def test_iso_times_keep_their_clock_and_their_spelling(written: str, later: str) -> None:
    assert moved(source("iso8601"), written, 26) == later


def test_times_in_a_format_of_their_own_keep_it() -> None:
    assert moved(source(CHICAGO), "01/01/2024 10:30:00 PM", 26) == "07/01/2024 10:30:00 PM"
    assert moved(source("%Y-%m-%d %H:%M:%S %z"), "2024-01-01 10:30:00 +0100", 26) == (
        "2024-07-01 10:30:00 +0200"
    )


def test_epochs_show_the_same_clock_in_summer_and_winter() -> None:
    assert moved(source("epoch_seconds", kind="integer"), 1704101400, 26) == 1719822600
    assert moved(source("epoch_seconds", kind="float"), 1704101400.25, 26) == 1719822600.25
    assert moved(source("epoch_milliseconds", kind="integer"), 1704101400123, 26) == 1719822600123


@given(
    st.datetimes(datetime.fromisoformat("2001-01-01"), datetime.fromisoformat("2050-01-01")),
    st.integers(0, 1000),
    st.sampled_from(["America/Chicago", "Europe/Paris", "Australia/Lord_Howe", "UTC"]),
    st.sampled_from(["iso8601", CHICAGO, "epoch_milliseconds"]),
)
def test_the_wall_clock_shows_whole_weeks_more(
    local: datetime, weeks: int, zone: str, layout: str
) -> None:
    local = local.replace(microsecond=0)
    kind = "integer" if layout.startswith("epoch") else "string"
    plan = source(layout, zone, kind)
    written: Any = local.isoformat() if layout == "iso8601" else local.strftime(CHICAGO)
    if kind == "integer":
        written = int(local.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000
    clock = EventClock(plan.event_time)
    before, after = clock.read(written), clock.read(moved(plan, written, weeks))
    expected = before.local_ms + weeks * WEEK_MS
    # Clocks may skip the new time; an epoch then shows the one that they skip to.
    assert abs(after.local_ms - expected) in (
        {0} if kind == "string" else {0, 1_800_000, 3_600_000}
    )


def agrees(record: dict[str, Any]) -> bool:
    at = datetime.strptime(record["crash_date"], CHICAGO).replace(tzinfo=UTC)
    weekday = at.isoweekday() % 7 + 1
    parts = (record["crash_hour"], record["crash_day_of_week"], record["crash_month"])
    return parts == (at.hour, weekday, at.month)


@given(st.integers(1, 500))
def test_hour_weekday_and_month_of_an_accident_agree_with_its_moved_date(weeks: int) -> None:
    shift = EventShift(ACCIDENTS)
    for record in generate("accidents", 20, np.random.default_rng(weeks)):
        later = json.loads(shift.row(msgspec.json.encode(record), weeks * WEEK_MS).value)
        assert agrees(later)
        kept = ("crash_date", "crash_month")
        assert {n: v for n, v in later.items() if n not in kept} == {
            n: v for n, v in record.items() if n not in kept
        }


def test_a_contradiction_stays_one_wherever_it_is_moved() -> None:
    (record,) = generate("accidents", 1, np.random.default_rng(3))
    record["crash_month"] = record["crash_month"] % 12 + 1
    shift = EventShift(ACCIDENTS)
    for weeks in range(0, 104, 3):
        assert not agrees(json.loads(shift.row(msgspec.json.encode(record), weeks * WEEK_MS).value))


def test_values_beside_the_time_stay_the_bytes_that_they_were() -> None:
    value = '{"size":1.50,"at":"2024-01-01","note":"\\u00e9","id":123456789012345678901234567890}'
    found = EventShift(source("iso8601")).row(value.encode(), WEEK_MS).value
    assert found == value.replace("2024-01-01", "2024-01-08").encode()


def test_a_time_within_nested_objects_is_moved_there() -> None:
    plan = source("iso8601", path="after.meta.at")
    value = b'{"after":{"meta":{"at":"2024-01-01","by":1.0}},"at":"kept"}'
    assert EventShift(plan).row(value, WEEK_MS).value == value.replace(b"01-01", b"01-08")


def test_a_shift_beyond_the_latest_time_is_known_and_refused() -> None:
    shift = EventShift(ACCIDENTS)
    at = EventClock(ACCIDENTS.event_time).read("12/20/2099 10:00:00 AM")
    assert shift.is_within(at.utc_ms, WEEK_MS)
    assert not shift.is_within(at.utc_ms, 2 * WEEK_MS)
    (record,) = generate("accidents", 1, np.random.default_rng(3))
    record["crash_date"] = "12/20/2099 10:00:00 AM"
    with pytest.raises(RecordFault, match="event_time_absurd"):
        shift.row(msgspec.json.encode(record), 2 * WEEK_MS)


def test_repeats_name_number_fields_and_leave_the_schema_hash_as_it_was() -> None:
    with_repeats = SENSORS_TOML.replace(b'role = "time"', b'role = "time"').replace(
        b"[calibration]", b'[event_time.repeats]\ntemperature = "hour"\n[calibration]'
    )
    plain, repeating = parse_source(SENSORS_TOML, "s"), parse_source(with_repeats, "s")
    assert repeating.event_time.repeats == {"temperature": "hour"}
    assert plain.schema_hash() == repeating.schema_hash()
    with pytest.raises(SourceError, match="repeats names 'owner'"):
        parse_source(with_repeats.replace(b'temperature = "h', b'owner = "h'), "s")


def test_years_and_numbers_that_are_no_part_are_handled() -> None:
    plan = msgspec.structs.replace(
        source("iso8601"),
        event_time=EventTime(
            field="at", format="iso8601", repeats={"size": "year", "absent": "hour", "odd": "month"}
        ),
    )
    value = b'{"at":"2024-12-30","size":2024,"odd":13}'
    found = EventShift(plan).row(value, WEEK_MS).value
    assert json.loads(found) == {"at": "2025-01-06", "size": 2025, "odd": 13}
