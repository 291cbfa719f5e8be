"""Event times in other formats become those of the source."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamscore.sources import RecordFault
from streamscore.sources.event_time import EventClock
from streamscore.sources.source import EventTime, FieldType
from streamscore.sources.time_spellings import SpelledTimes, text_read_twice

CHICAGO = EventTime(
    field="t", format="%m/%d/%Y %I:%M:%S %p", zone="America/Chicago", earliest="2000-01-01"
)
DAY_0 = datetime.fromisoformat("1899-12-30")
MILLISECONDS = EventTime(field="t", format="epoch_milliseconds")


def written(plan: EventTime, kind: FieldType, form: str, value: object) -> object:
    return SpelledTimes(plan, kind, [form]).read(value).value


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("iso8601", "2026-04-18T01:45:00.000", "04/18/2026 01:45:00 AM"),
        ("iso8601", "2026-04-18T06:45:00Z", "04/18/2026 01:45:00 AM"),
        ("%m/%d/%Y %H:%M", "4/8/2019 14:05", "04/08/2019 02:05:00 PM"),
        ("%d/%m/%Y %H:%M", "4/8/2019 14:05", "08/04/2019 02:05:00 PM"),
        ("serial_days", "43549.61319", "03/25/2019 02:43:00 PM"),
        ("serial_days", 43549, "03/25/2019 12:00:00 AM"),
        ("epoch_seconds", "1553542980", "03/25/2019 02:43:00 PM"),
        ("epoch_milliseconds", 1553542980999, "03/25/2019 02:43:00 PM"),
    ],
)
def test_a_time_is_written_as_the_source_writes_it(form: str, value: object, expected: str) -> None:
    found = SpelledTimes(CHICAGO, "string", [form]).read(value)
    assert found.value == expected
    assert found.instant == EventClock(CHICAGO).read(expected)


def test_a_source_of_numbers_or_of_iso_times_gets_those() -> None:
    assert written(MILLISECONDS, "integer", "epoch_seconds", 1529193600) == 1529193600000
    assert written(MILLISECONDS, "integer", "epoch_milliseconds", "1529193600123") == 1529193600123
    seconds = EventTime(field="t", format="epoch_seconds")
    assert written(seconds, "float", "epoch_milliseconds", 1529193600123) == 1529193600.123
    paris = EventTime(field="t", format="iso8601", zone="Europe/Paris")
    assert written(paris, "string", "serial_days", 43549.5) == "2019-03-25T12:00:00+01:00"
    assert (
        written(paris, "string", "epoch_milliseconds", 86_400_250)
        == "1970-01-02T01:00:00.250+01:00"
    )


def test_a_text_in_the_sources_own_format_stays_as_it_is() -> None:
    text = "4/8/2019 2:05:00 pm"
    assert written(CHICAGO, "string", CHICAGO.format, text) == text


def test_of_several_formats_the_first_that_reads_it_counts() -> None:
    times = SpelledTimes(CHICAGO, "string", ["%m/%d/%Y %H:%M", "serial_days"])
    assert times.read("1/2/2019 3:04").value == "01/02/2019 03:04:00 AM"
    assert times.read("43467.5").value == "01/02/2019 12:00:00 PM"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("25/12/2019 10:00", "event_time_unreadable"),
        ("", "event_time_unreadable"),
        ("nan", "event_time_unreadable"),
        ("60", "event_time_unreadable"),
        ("2958466", "event_time_unreadable"),
        (True, "event_time_unreadable"),
        (None, "event_time_unreadable"),
        ([], "event_time_unreadable"),
        ("1" * 1000, "event_time_unreadable"),
        ("2/3/1999 4:05", "event_time_absurd"),
        ("30000", "event_time_absurd"),
        (1e300, "event_time_unreadable"),
    ],
)
def test_what_no_format_reads_is_a_fault_that_names_them(value: object, reason: str) -> None:
    times = SpelledTimes(CHICAGO, "string", ["%m/%d/%Y %H:%M", "serial_days"])
    with pytest.raises(RecordFault) as caught:
        times.read(value)
    assert caught.value.reason == reason
    if reason == "event_time_unreadable":
        assert "%m/%d/%Y %H:%M or serial_days" in caught.value.detail


@given(st.integers(0, 4_000_000_000))
def test_an_instant_survives_every_format_that_shows_it(second: int) -> None:
    at = datetime.fromtimestamp(second, UTC)
    zone = ZoneInfo("America/Chicago")
    plan = msgspec.structs.replace(
        CHICAGO, format="iso8601", earliest="1969-12-30", latest="2200-01-01"
    )
    local = at.astimezone(zone)
    days = (local.replace(tzinfo=None) - DAY_0) / timedelta(days=1)
    spelled: list[tuple[str, object]] = [
        ("epoch_seconds", second),
        ("epoch_milliseconds", str(second * 1000)),
        ("iso8601", at.isoformat()),
        ("%d.%m.%Y %H:%M:%S %z", f"{local:%d.%m.%Y %H:%M:%S %z}"),
    ]
    # A wall time alone says less: in the hour that is repeated it means the first.
    if local.fold == 0:
        spelled += [("serial_days", f"{days:.5f}"), ("%Y%m%d%H%M%S", f"{local:%Y%m%d%H%M%S}")]
    for form, value in spelled:
        read = SpelledTimes(plan, "string", [form]).read(value)
        assert read.instant.utc_ms == second * 1000, form
        assert isinstance(read.value, str)
        assert datetime.fromisoformat(read.value).timestamp() == second


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("%m/%d/%Y", "%d/%m/%Y", True),
        ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", True),
        ("%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M", True),
        ("epoch_seconds", "epoch_milliseconds", True),
        ("epoch_seconds", "%Y%m%d", True),
        ("%d/%m/%y", "%y/%m/%d", True),
        ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", False),
        ("%m/%d/%Y %H:%M", "serial_days", False),
        ("iso8601", "%Y-%m-%dT%H:%M:%S", False),
        ("epoch_seconds", "serial_days", True),
        ("%d.%m.%Y", "%m/%d/%Y", False),
    ],
)
def test_formats_that_read_a_text_differently_are_found(one: str, other: str, clash: bool) -> None:
    assert (text_read_twice(one, other) is not None) == clash
    assert (text_read_twice(other, one) is not None) == clash
