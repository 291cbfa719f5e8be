"""Event times are those of the standard library's parsers and zones."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamscore.sources import RecordFault
from streamscore.sources.event_time import EventClock
from streamscore.sources.instants import Instant, Remembered, Zone
from streamscore.sources.source import EventTime
from tests.naive.event_time import EPOCH, naive_event_time

ZONES = (
    "UTC",
    "America/Chicago",
    "Europe/Paris",
    "America/St_Johns",  # changed its clocks at 00:01 until 2011
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # left out a day
    "Africa/Monrovia",  # 44 minutes 30 seconds behind until 1972
    "Asia/Kathmandu",
    "America/Sao_Paulo",  # changed its clocks at midnight
)
ACCIDENTS = "%m/%d/%Y %I:%M:%S %p"
LAYOUTS = (
    ACCIDENTS,
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%d %b %Y %H:%M",
    "%a, %d %b %Y %H:%M:%S %z",
    "%H:%M:%S on %d.%m.%y",
    "%Y%m%d%H%M%S",
    "%d-%BT%Y %I%p",
    "%Y-%j",
    "%d.%m.%Y",
    "%G-W%V-%u %H:%M",
)


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """Moments (UTC, naive) near which a zone changed its offset, 1970 to 2030."""
    known = ZoneInfo(zone)
    days = [datetime(1971, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(0, 59 * 365, 7)]
    offsets = [day.astimezone(known).utcoffset() for day in days]
    found = []
    for day, offset, after in zip(days, offsets, offsets[1:], strict=False):
        start, end = day, day + timedelta(days=7)
        while offset != after and end - start > timedelta(seconds=1):
            middle = start + (end - start) / 2
            if middle.astimezone(known).utcoffset() == offset:
                start = middle
            else:
                end = middle
        if offset != after:
            found.append(end.replace(tzinfo=None))
    return tuple(found)


@st.composite
def moments(draw: st.DrawFn, zone: str) -> datetime:
    """Any moment of these centuries, or one close to a change of the zone's offset."""
    anywhere = st.datetimes(wall(1970, 1, 3), wall(2099, 12, 29))
    if not changes(zone) or draw(st.booleans()):
        return draw(anywhere)
    change = draw(st.sampled_from(changes(zone)))
    local = change + (ZoneInfo(zone).utcoffset(change) or timedelta())
    near = timedelta(hours=draw(st.integers(-2, 2)), seconds=draw(st.integers(-1900, 1900)))
    return draw(st.sampled_from([change, local])) + near


def read(plan: EventTime, value: object) -> tuple[int, int] | None:
    try:
        return EventClock(plan).read(value)
    except RecordFault as fault:
        if fault.reason != "event_time_unreadable":
            raise
        return None


def naively(plan: EventTime, value: str | float) -> tuple[int, int] | None:
    try:
        return naive_event_time(plan, value)
    except (ValueError, OverflowError):
        return None


@settings(max_examples=200)
@given(st.data(), st.sampled_from(LAYOUTS), st.sampled_from(ZONES))
def test_strptime_layouts_read_as_strptime_does(
    data: st.DataObject, layout: str, zone: str
) -> None:
    moment = data.draw(moments(zone))
    text = moment.replace(tzinfo=data.draw(offsets())).strftime(layout)
    plan = EventTime(field="t", format=layout, zone=zone)
    assert read(plan, text) == naive_event_time(plan, text)


@st.composite
def offsets(draw: st.DrawFn) -> ZoneInfo:
    return ZoneInfo(draw(st.sampled_from(["UTC", "Asia/Kathmandu", "America/Chicago"])))


@settings(max_examples=200)
@given(st.data(), st.sampled_from(ZONES))
def test_iso_8601_reads_as_the_standard_library_does(data: st.DataObject, zone: str) -> None:
    moment = data.draw(moments(zone))
    if data.draw(st.booleans()):
        moment = moment.replace(tzinfo=data.draw(offsets()))
    separator = data.draw(st.sampled_from("T t"))
    fraction = data.draw(st.sampled_from(["auto", "minutes", "seconds", "milliseconds"]))
    text = moment.isoformat(separator, fraction)
    text = data.draw(
        st.sampled_from([text, text[:10], text.replace("+00:00", "Z"), moment.strftime("%Y%m%d")])
    )
    plan = EventTime(field="t", format="iso8601", zone=zone)
    assert read(plan, text) == naive_event_time(plan, text)


@settings(max_examples=200)
@given(st.data(), st.sampled_from(["iso8601", *LAYOUTS]))
def test_a_damaged_time_is_read_only_where_the_standard_library_reads_it(
    data: st.DataObject, layout: str
) -> None:
    moment = wall(2024, 2, 29, 23, 5) + timedelta(seconds=7, milliseconds=120)
    text = moment.isoformat() if layout == "iso8601" else moment.strftime(layout)
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(text)))
        piece = data.draw(st.sampled_from([" ", "  ", "T", "1", "٣", "-", ":", "Z", "W", "\n", ""]))
        text = text[:at] + piece + text[at + data.draw(st.integers(0, 3)) :]
    plan = EventTime(field="t", format=layout, earliest="0001-01-01", latest="9999-12-31")
    assert read(plan, text) == naively(plan, text), text


@given(st.data(), st.sampled_from(ZONES))
def test_numbers_since_the_epoch_are_moments(data: st.DataObject, zone: str) -> None:
    since = (data.draw(moments(zone)) - EPOCH) / timedelta(milliseconds=1)
    for layout, value in (
        ("epoch_milliseconds", int(since)),
        ("epoch_milliseconds", since),
        ("epoch_seconds", int(since / 1000)),
        ("epoch_seconds", since / 1000),
    ):
        plan = EventTime(field="t", format=layout, zone=zone)
        assert read(plan, value) == naive_event_time(plan, value)


@settings(max_examples=40)
@given(st.data(), st.sampled_from(ZONES))
def test_what_a_clock_remembers_never_changes_what_it_reads(data: st.DataObject, zone: str) -> None:
    plan = EventTime(field="t", format="iso8601", zone=zone)
    clock = EventClock(plan)
    texts = [moment.isoformat() for moment in data.draw(st.lists(moments(zone), max_size=12))]
    for text in texts + texts[::-1]:
        assert clock.read(text) == naive_event_time(plan, text)


def test_a_local_time_that_occurs_twice_is_the_first() -> None:
    clock = EventClock(EventTime(field="t", format=ACCIDENTS, zone="America/Chicago"))
    instant = clock.read("11/03/2024 01:30:00 AM")
    assert instant.utc_ms == ms(wall(2024, 11, 3, 6, 30))
    assert instant.local_ms == ms(wall(2024, 11, 3, 1, 30))


def test_a_local_time_that_does_not_exist_has_the_offset_from_before_the_change() -> None:
    clock = EventClock(EventTime(field="t", format=ACCIDENTS, zone="America/Chicago"))
    instant = clock.read("03/10/2024 02:30:00 AM")
    assert instant.utc_ms == ms(wall(2024, 3, 10, 8, 30))
    assert instant.local_ms == ms(wall(2024, 3, 10, 2, 30))


def test_an_offset_in_the_text_goes_before_the_zone() -> None:
    clock = EventClock(EventTime(field="t", format="iso8601", zone="Europe/Paris"))
    instant = clock.read("2024-07-01T12:00:00-05:00")
    assert instant == (ms(wall(2024, 7, 1, 17)), ms(wall(2024, 7, 1, 19)))


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return EPOCH.replace(year=year, month=month, day=day, hour=hour, minute=minute)


def ms(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("layout", "value"),
    [
        (ACCIDENTS, "13/01/2024 01:00:00 AM"),
        (ACCIDENTS, "02/30/2024 01:00:00 AM"),
        (ACCIDENTS, "01/01/2024 13:00:00 PM"),
        (ACCIDENTS, "01/01/2024"),
        (ACCIDENTS, ""),
        (ACCIDENTS, " "),
        (ACCIDENTS, "01/01/2024 01:00:00 AM" + " " * 200),
        (ACCIDENTS, "01/01/2024" + " " * 1_000_000 + "01:00:00 AM"),
        ("iso8601", "2024-01-01TT01:00"),
        ("iso8601", "2024-13-01"),
        ("iso8601", "yesterday"),
        ("iso8601", "2024-01-01T00:00:00." + "0" * 1000),
        ("epoch_milliseconds", 10**30),
        ("epoch_milliseconds", float("nan")),
        ("epoch_seconds", float("inf")),
        ("epoch_seconds", 1e300),
    ],
)
def test_an_unreadable_time_is_a_fault_that_says_how_it_must_be_written(
    layout: str, value: object
) -> None:
    with pytest.raises(RecordFault, match=f"must be written as {layout[:3]}") as caught:
        EventClock(EventTime(field="t", format=layout)).read(value)
    assert caught.value.reason == "event_time_unreadable"
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize(
    ("text", "absurd"),
    [
        ("1999-12-31T23:59:59.999", True),
        ("2000-01-01", False),
        ("2009-12-31T23:59:59.999", False),
        ("2010-01-01", True),
        ("2010-01-01T01:00+02:00", False),
    ],
)
def test_a_time_outside_the_bounds_is_absurd(text: str, absurd: bool) -> None:
    plan = EventTime(field="t", format="iso8601", earliest="2000-01-01", latest="2010-01-01")
    if not absurd:
        assert EventClock(plan).read(text) == naive_event_time(plan, text)
        return
    with pytest.raises(RecordFault, match="between 2000-01-01 and 2010-01-01") as caught:
        EventClock(plan).read(text)
    assert caught.value.reason == "event_time_absurd"


def test_what_is_remembered_is_bounded() -> None:
    lengths = Remembered(len)
    assert [lengths[str(i)] for i in range(100_001)][-1] == 6
    assert len(lengths) <= 100_000
    assert lengths["0"] == 1


@example("America/St_Johns")
@example("Africa/Monrovia")
@given(st.sampled_from(ZONES))
def test_a_zone_changes_its_offset_to_the_second(zone: str) -> None:
    known = Zone(zone)
    for change in changes(zone):
        for second in (-1, 0, 1):
            moment = change + timedelta(seconds=second)
            local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            assert known.from_utc(ms(moment)) == Instant(ms(moment), ms(local))
