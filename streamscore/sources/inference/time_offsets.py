"""Whether times say how far they are from UTC, or leave that to a zone."""

from collections.abc import Sequence
from typing import Literal

from streamscore.sources.inference.time_columns import TimeColumn, clock_of, moment_of
from streamscore.sources.inference.time_layouts import zone_of

_FAR_APART = ("Etc/GMT+12", "Etc/GMT-12")
"""Two zones in which no local time is the same moment."""

Offsets = Literal["all", "some", "none"]
"""How many times say their offset; `all` also where there is no time."""


def offsets_of(time: TimeColumn) -> Offsets:
    """Tell how many times of a column say how far they are from UTC.

    Examples
    --------
    >>> from streamscore.sources.inference.samples import Column
    >>> from streamscore.sources.inference.time_columns import time_column
    >>> from streamscore.sources.inference.value_types import typed
    >>> texts = ["2025-03-01T00:10:00Z", "2025-03-01T02:20:00+01:00", "2025-03-01T02:30:00"]
    >>> [offsets_of(time_column(typed(Column(name="at", values=texts[:n]), "csv"), "UTC"))
    ...  for n in (2, 3)]
    ['all', 'some']
    """
    layouts = (time.format, *time.more_formats)
    read = [
        value
        for value, at in zip(time.typed.column.values, time.utc_ms, strict=True)
        if at is not None
    ]
    first, second = (_moments(read, layouts, zone) for zone in _FAR_APART)
    without = sum(a != b for a, b in zip(first, second, strict=True))
    return "all" if not without else "none" if without == len(read) else "some"


def _moments(values: Sequence[object], layouts: Sequence[str], zone: str) -> list[int | None]:
    """Read values in the first layout that reads each, as times of a zone."""
    clocks = [clock_of(layout, zone_of(layout, zone)) for layout in layouts]
    found = []
    for value in values:
        moments = (moment_of(clock, value) for clock in clocks)
        found.append(next((at for at in moments if at is not None), None))
    return found
