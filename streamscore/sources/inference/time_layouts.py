"""Layouts of times: which `strptime` formats a text may be written in."""

import re
from datetime import UTC, datetime
from functools import cache
from itertools import product

_NUMBERED = ("%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y")
_NAMED = ("%d %b %Y", "%d %b %y", "%b %d, %Y", "%b %d %Y", "%a, %d %b %Y", "%a %d %b %Y")
_NAMED_MONTHS = (*_NAMED, "%a %b %d %Y", "%a, %b %d, %Y", "%Y %b %d")

_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y %m %d", "%y/%m/%d", "%m %d, %Y"),
    *(layout.replace("/", mark) for layout in _NUMBERED for mark in "/-."),
    *_NAMED_MONTHS,
    *(layout.replace("%b", "%B").replace("%a", "%A") for layout in _NAMED_MONTHS),
    *(layout.replace("%b", "%B") for layout in _NAMED_MONTHS),
    *("%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d.%b.%Y", "%Y-%b-%d"),
)
_TIMES = (
    *("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%H:%M:%S,%f", "%I:%M:%S %p", "%I:%M %p"),
    *("%I:%M:%S%p", "%I:%M%p", "%H.%M.%S", "%H:%M:%S:%f"),
)
_UTC = (" UTC", " GMT")
_JOINTS = (" ", "T", ":", ", ", " - ", "-", "_")
_ZONES = ("", "%z", " %z", *_UTC)
_OTHERS = (
    *("%Y%m%d", "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d %H%M%S", "%Y%m%d %H:%M:%S"),
    *("%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S%z", "%Y-%m-%d-%H.%M.%S.%f"),
    *("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S %z %Y", "%H:%M:%S %d/%m/%Y", "%H:%M %d/%m/%Y"),
)
_OFFSETS = ("+0000", "-0000", "+00:00", "-00:00", "Z")
_SOME_TIME = datetime(2013, 11, 22, 13, 44, 55, 123456, tzinfo=UTC)
_LONGEST = 60
_DAY_BEFORE_MONTH = re.compile(r"%d.%m.%[yY]")
_MONTH_BEFORE_DAY = re.compile(r"%m.%d.%[yY]")


def layouts_like(text: str) -> tuple[str, ...]:
    """Return the layouts that have the shape of a text, those of years first coming first.

    Examples
    --------
    >>> layouts_like("06/04/2018 06:42")
    ('%Y/%m/%d %H:%M', '%y/%m/%d %H:%M', '%m/%d/%Y %H:%M', '%d/%m/%Y %H:%M', ...)
    >>> layouts_like("6 o'clock")
    ()
    """
    if len(text) > _LONGEST:
        return ()
    return _by_shape().get(_shape(text), ())


def zone_of(layout: str, zone: str) -> str:
    """Return the zone of times in a layout: the one given, unless the layout names another.

    Examples
    --------
    >>> zone_of("%Y-%m-%d %H:%M UTC", "Europe/Paris"), zone_of("%Y-%m-%d", "Europe/Paris")
    ('UTC', 'Europe/Paris')
    """
    return "UTC" if layout.endswith(_UTC) else zone


def is_day_first(layout: str) -> bool:
    """Tell whether a layout has the number of the day before that of the month and the year."""
    return bool(_DAY_BEFORE_MONTH.search(layout))


def other_way_round(layout: str) -> str | None:
    """Return a layout with the numbers of day and month changed over; None where it has no such.

    Examples
    --------
    >>> other_way_round("%d.%m.%Y %H:%M"), other_way_round("%Y-%m-%d")
    ('%m.%d.%Y %H:%M', None)
    """
    if not (is_day_first(layout) or _MONTH_BEFORE_DAY.search(layout)):
        return None
    return layout.replace("%d", "%0").replace("%m", "%d").replace("%0", "%m")


@cache
def _by_shape() -> dict[str, tuple[str, ...]]:
    dates, joints, times, zones = map(_shapes, (_DATES, _JOINTS, _TIMES, _ZONES))
    alone = [(layout, shape) for layout, shape in _shapes((*_OTHERS, *_DATES))]
    joined = (
        ("".join(layout for layout, _ in parts), "".join(shape for _, shape in parts))
        for parts in product(dates, joints, times, zones)
    )
    found: dict[str, dict[str, None]] = {}
    for layout, shape in (*alone, *joined):
        found.setdefault(shape, {})[layout] = None
    return {shape: tuple(layouts) for shape, layouts in found.items()}


def _shapes(layouts: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pair each layout with each shape that its texts may have."""
    return [
        (layout, _shape(_SOME_TIME.strftime(layout.replace("%z", "@")).replace("@", offset)))
        for layout in layouts
        for offset in (_OFFSETS if "%z" in layout else ("",))
    ]


def _shape(text: str) -> str:
    """Return a text with `9` for each number, `a` for each word and one blank for several."""
    digits = re.sub(r"[0-9]+", "9", text)
    return re.sub(r"\s+", " ", re.sub(r"[^\W\d_]+", "a", digits))
