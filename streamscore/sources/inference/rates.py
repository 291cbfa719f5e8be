"""How many records a day a stream has, and what follows: the nominal rate and the window."""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

_DAY_MS = 86_400_000
_ALERTS_A_DAY = 10
"""As many alerts a day as a person can be expected to read."""

_RATES = (0.0001, 0.01)
_MOST_RATE = 0.05
_ROWS_OF_A_FLAG = 15
"""A training wants three flags' worth of records, of seven tenths of a file, beside the fit."""

_SCORES_OF_A_FLAG = 20
_MOST_SCORES_OF_A_FLAG = 100
_WINDOW_DAYS = 30
_WINDOWS = (500, 100_000)
_IN_ORDER = 0.9


class Pace(Struct, frozen=True, kw_only=True):
    """How fast records come, and what a day of it makes.

    Attributes
    ----------
    records_per_day : float or None
        The typical rate; None where the sample does not tell.
    nominal_rate : float
        The share of normal records that may be flagged.
    window_records : int
        How many scores the calibration window holds.
    """

    records_per_day: float | None
    nominal_rate: float
    window_records: int

    @property
    def alerts_per_day(self) -> float | None:
        """How many false alarms a day the nominal rate makes."""
        return None if self.records_per_day is None else self.nominal_rate * self.records_per_day


def pace_of(utc_ms: Sequence[int], total_rows: int) -> Pace:
    """Work out the pace of a stream.

    Parameters
    ----------
    utc_ms : sequence of int
        Event times of the sample in the order of the file, at least one.
    total_rows : int
        Rows of the whole file. Where the sample is in the order of time it spans a part of the
        file's time; where it is not, all of it, and stands for all the rows.

    Examples
    --------
    >>> pace_of([hour * 3_600_000 for hour in range(5000)], 5000)
    Pace(records_per_day=24.0, nominal_rate=0.01, window_records=2000)
    """
    rate = _records_per_day(utc_ms, total_rows)
    wanted = _RATES[1] if rate is None else _ALERTS_A_DAY / rate
    nominal = min(max(wanted, _RATES[0]), _RATES[1])
    nominal = _rounded(min(max(nominal, _ROWS_OF_A_FLAG / total_rows), _MOST_RATE))
    least, most = _SCORES_OF_A_FLAG / nominal, _MOST_SCORES_OF_A_FLAG / nominal
    window = min(max(_WINDOW_DAYS * (rate or 0.0), least), most)
    window_records = int(min(max(_rounded(window), _WINDOWS[0]), _WINDOWS[1]))
    return Pace(records_per_day=rate, nominal_rate=nominal, window_records=window_records)


def _records_per_day(utc_ms: Sequence[int], total_rows: int) -> float | None:
    """Take the middle of the times: a few absurd ones must not stretch the span."""
    times = sorted(utc_ms)
    cut = len(times) // 100
    span_ms = times[-1 - cut] - times[cut]
    if span_ms <= 0:
        return None
    rows = len(times) - 1 - 2 * cut
    if not _is_in_order(utc_ms):
        rows = round(rows * max(1.0, total_rows / len(times)))
    return _rounded(rows * _DAY_MS / span_ms)


def _is_in_order(utc_ms: Sequence[int]) -> bool:
    """Tell whether rows follow time, forwards or backwards; places far apart tell best."""
    probes = utc_ms[:: max(1, len(utc_ms) // 200)]
    rising = [b >= a for a, b in pairwise(probes)]
    share = sum(rising) / len(rising) if rising else 1.0
    return max(share, 1 - share) >= _IN_ORDER


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
