import pytest

from streamscore.errors import UsageError
from streamscore.sources import load_source
from streamscore.sources.time_range import TimeRange, time_range

ACCIDENTS = load_source("accidents")


def test_a_time_without_a_zone_is_in_the_zone_of_the_source() -> None:
    assert time_range(ACCIDENTS, "2020-01-01") == time_range(ACCIDENTS, "2020-01-01T06:00Z")


def test_a_range_includes_its_start_and_not_its_end() -> None:
    assert [TimeRange(10, 20).holds(at) for at in (9, 10, 19, 20)] == [False, True, True, False]
    assert TimeRange().holds(-5)


@pytest.mark.parametrize(("start", "end"), [("soon", None), ("2020-01-01", "2020-01-01")])
def test_what_is_no_range_is_refused(start: str, end: str | None) -> None:
    with pytest.raises(UsageError, match=r"soon|must start before"):
        time_range(ACCIDENTS, start, end)
