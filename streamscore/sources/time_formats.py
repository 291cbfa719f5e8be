"""The formats in which times may be written."""

import re
from datetime import UTC, datetime

NUMERIC_FORMATS = ("epoch_seconds", "epoch_milliseconds")
"""Those whose times are JSON numbers."""

NAMED_FORMATS = ("iso8601", *NUMERIC_FORMATS)
"""Those with a name of their own; the others are strptime formats."""

SERIAL_DAYS = "serial_days"
"""A spreadsheet's days, such as 43549.61319; for dialects alone."""

_SOME_DAY = datetime(2001, 2, 3, tzinfo=UTC)


def is_format(layout: str) -> bool:
    """Tell whether a format has a name, or is a strptime format that says which day is meant.

    Examples
    --------
    >>> is_format("iso8601"), is_format("%d.%m.%Y"), is_format("%H:%M")
    (True, True, False)
    """
    if layout in NAMED_FORMATS:
        return True
    try:
        # A text in the layout must be readable, and say which day it means.
        read = datetime.strptime(_SOME_DAY.strftime(layout), layout)  # noqa: DTZ007
        return read.date() == _SOME_DAY.date()
    except (ValueError, re.error):
        return False
