from datetime import UTC, datetime, timedelta

import pytest

from streamscore.errors import UsageError
from tests.inferred_files import csv_bytes, drafted, json_bytes

ROWS = 60
AT = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)


def times(layout: str, hours: float = 7, rows: int = ROWS) -> list[str]:
    return [(AT + timedelta(hours=hours * i)).strftime(layout) for i in range(rows)]


def format_of(values: list[object], **plan: object) -> str:
    content = csv_bytes({"when": values, "n": list(range(len(values)))})
    return drafted("t.csv", content, **plan).source.event_time.format


@pytest.mark.parametrize(
    ("layout", "found"),
    [
        ("%Y-%m-%dT%H:%M:%S", "iso8601"),
        ("%Y-%m-%dT%H:%M:%S.%fZ", "iso8601"),
        ("%Y-%m-%dT%H:%M:%S+02:00", "iso8601"),
        ("%Y-%m-%d", "%Y-%m-%d"),
        ("%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S%z"),
        ("%Y%m%d", "%Y%m%d"),
        ("%m %d, %Y", "%m %d, %Y"),
        ("%B %d, %Y", "%B %d, %Y"),
        ("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %Y"),
        ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S UTC"),
    ],
)
def test_the_layout_of_times_is_found(layout: str, found: str) -> None:
    assert format_of(list(times(layout, 25))) == found


def test_numbers_of_our_time_are_seconds_or_milliseconds() -> None:
    seconds = [1_707_000_000 + 3_600 * i for i in range(ROWS)]
    assert format_of(list(seconds)) == "epoch_seconds"
    assert format_of([f"{second}.25" for second in seconds]) == "epoch_seconds"
    assert format_of([second * 1_000 for second in seconds]) == "epoch_milliseconds"


def test_day_and_month_are_told_by_values_above_12() -> None:
    assert format_of(["13/01/2024", "01/02/2024", "03/02/2024"]) == "%d/%m/%Y"
    assert format_of(["01/13/2024", "02/01/2024", "02/03/2024"]) == "%m/%d/%Y"


def test_day_and_month_are_told_by_the_order_of_the_rows() -> None:
    """No day is above 12, but the rows follow time in one reading alone."""
    days = [f"{day:02}/{month:02}/2024" for month in range(1, 13) for day in range(1, 13)]
    assert format_of(list(days)) == "%d/%m/%Y"


def test_what_nothing_decides_is_chosen_and_said() -> None:
    values = ["01/02/2024", "03/04/2024", "02/01/2024", "04/03/2024"]
    draft = drafted("t.csv", csv_bytes({"when": values, "n": [1, 5, 2, 4]}))
    assert draft.source.event_time.format == "%m/%d/%Y"
    assert "# No value tells day from month: it may be %d/%m/%Y instead." in draft.toml
    assert any("day or month first" in line for line in draft.to_check)
    assert format_of([value.replace("/", ".") for value in values]) == "%d.%m.%Y"


def test_the_time_that_looks_like_the_events_own_is_taken_and_others_are_named() -> None:
    columns = {
        "updated_at": times("%Y-%m-%d %H:%M:%S"),
        "order_date": times("%Y-%m-%d %H:%M:%S"),
        "birth date": times("%Y-%m-%d"),
        "shipped": [None, *times("%Y-%m-%d %H:%M:%S")[1:]],
    }
    draft = drafted("t.csv", csv_bytes(columns))
    assert draft.source.event_time.field == "order_date"
    assert {draft.source.fields[name].role for name in columns} == {"time"}
    assert not draft.source.fields["shipped"].required
    (others,) = (line for line in draft.toml.splitlines() if "Other times: " in line)
    assert all(name in others for name in ("updated_at", "birth date", "shipped"))
    named = drafted("t.csv", csv_bytes(columns), time="updated_at")
    assert named.source.event_time.field == "updated_at"


def test_a_nested_time_is_named_by_its_path_or_its_field() -> None:
    content = json_bytes({"a": {"t": f"2024-01-{i:02}T01:00"}, "n": i} for i in range(1, 20))
    for name in ("a.t", "a_t"):
        assert drafted("t.jsonl", content, time=name).source.event_time.field == "a_t"


def test_a_large_number_is_a_time_only_where_its_name_or_the_order_says_so() -> None:
    ids = [1_700_000_000 + (i * 7919) % 100_003 for i in range(ROWS)]
    content = csv_bytes({"account": ids, "day": times("%Y-%m-%d")})
    draft = drafted("t.csv", content)
    assert draft.source.event_time.field == "day"
    assert draft.source.fields["account"].role == "id"


def test_seconds_from_an_unknown_start_are_taken_where_there_is_nothing_else() -> None:
    seconds = [i // 3 for i in range(ROWS)]
    source = drafted("t.csv", csv_bytes({"Time": seconds, "V1": times("%d")})).source
    assert (source.event_time.format, source.event_time.cycles) == ("epoch_seconds", ())
    assert source.event_time.earliest == "1970-01-01"
    content = csv_bytes({"tick": seconds, "size": times("%M")})
    assert drafted("t.csv", content, time="tick").source.event_time.field == "tick"


def test_a_file_without_a_time_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"none of the 2 columns of t\.csv .* \(a, b\).*--time"):
        drafted("t.csv", csv_bytes({"a": ["x", "y"], "b": [3, 1]}))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"time": "no"}, "--time names a column of t.csv; received 'no', and there are when, n"),
        ({"time": "n"}, "'n' holds values such as '5', which no known layout reads"),
        ({"zone": "Mars"}, "received --zone 'Mars'"),
        ({"name": "A b"}, "received --name 'A b'"),
        ({"name": "reviews"}, "reviews is a source that is built in"),
    ],
)
def test_a_wrong_wish_says_the_rule_and_the_value(plan: dict[str, object], said: str) -> None:
    content = csv_bytes({"when": ["2024-01-01", "2024-01-02"], "n": [5, 1]})
    with pytest.raises(UsageError, match=said):
        drafted("t.csv", content, **plan)


def test_a_zone_that_is_named_is_the_sources_own() -> None:
    content = csv_bytes({"when": times("%Y-%m-%d %H:%M")})
    named = drafted("t.csv", content, zone="Europe/Paris")
    assert named.source.event_time.zone == "Europe/Paris"
    assert not any("zone:" in line for line in named.to_check)
    assert any("zone:" in line for line in drafted("t.csv", content).to_check)


@pytest.mark.parametrize(
    "layout",
    [
        "%Y-%m-%dT%H:%M:%S.067Z",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y-%m-%dT%H:%M:%S+01:00",
        "%Y-%m-%dT%H:%MZ",
        "%Y-%m-%d %H:%M:%S -0500",
        "%d/%b/%Y:%H:%M:%S +0200",
        "%Y-%m-%d %H:%M:%S UTC",
        "%a, %d %b %Y %H:%M:%S GMT",
        "%s",
    ],
)
def test_no_zone_is_asked_for_where_every_time_says_its_own(layout: str) -> None:
    draft = drafted("t.csv", csv_bytes({"when": times(layout)}))
    assert not any("zone:" in line for line in draft.to_check)
    assert "UTC is assumed" not in draft.toml


@pytest.mark.parametrize(
    "layout", ["%Y-%m-%dT%H:%M:%S.067", "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%d.%m.%Y %H:%M"]
)
def test_a_zone_is_asked_for_where_no_time_says_its_own(layout: str) -> None:
    draft = drafted("t.csv", csv_bytes({"when": times(layout)}))
    assert "zone: none is written, UTC is assumed; --zone names another" in draft.to_check
    assert "# No offset is written and UTC is assumed" in draft.toml


def test_a_zone_is_asked_for_where_some_times_say_none() -> None:
    values = [*times("%Y-%m-%dT%H:%M:%SZ", rows=50), "2024-05-01T10:00:00", "2024-05-01T11:00:00"]
    draft = drafted("t.csv", csv_bytes({"when": values}))
    assert "zone: of some times none is written, UTC is assumed; --zone names another" in (
        draft.to_check
    )
    assert "# Some times have no offset and UTC is assumed" in draft.toml


def test_a_few_absurd_times_do_not_stretch_what_is_accepted() -> None:
    values = [*times("%Y-%m-%d %H:%M:%S", rows=500), "0002-01-01 00:00:00"]
    time = drafted("t.csv", csv_bytes({"when": values})).source.event_time
    assert (time.earliest, time.latest) == ("2014-01-02", "2100-01-01")


@pytest.mark.parametrize(
    ("hours", "cycles"),
    [(0.1, ()), (3, ("hour",)), (9, ("hour", "weekday")), (200, ("hour", "weekday", "month"))],
)
def test_parts_of_the_calendar_are_learned_where_the_sample_goes_through_them(
    hours: float, cycles: tuple[str, ...]
) -> None:
    values = times("%Y-%m-%d %H:%M:%S", hours)
    content = csv_bytes({"when": values, "size": [i % 7 + 0.5 for i in range(ROWS)]})
    assert drafted("t.csv", content).source.event_time.cycles == cycles
