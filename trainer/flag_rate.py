"""The share of records flagged that a model has not seen, beside what chance allows."""

from collections.abc import Mapping
from math import sqrt
from textwrap import wrap

from msgspec import Struct

FLAG_RATE_TAG = "streamscore.flag_rate"
"""Tag of a version, and of a compared run: what `FlagRate.verdict` says."""

_WIDTH = 100
_LABEL = "  warning   "
_NORMAL_95 = 1.96
"""97.5% of a normal distribution lie below so many standard deviations."""


class FlagRate(Struct, frozen=True, kw_only=True):
    """The share of later records that a model flags.

    Attributes
    ----------
    realised, nominal : float
        The share that is flagged, and that which is promised; in [0, 1].
    low, high : float
        Between which shares at least 95 of 100 models lie where the records change in nothing.
    warning : str or None
        Where the share lies outside: what that means, and what to do.
    """

    realised: float
    nominal: float
    low: float
    high: float
    warning: str | None

    @property
    def verdict(self) -> str:
        """Return `within chance`, `above chance` or `below chance`."""
        return _verdict(self.realised, self.low, self.high)


def flag_rate_of(
    realised: float, *, nominal: float, judged_rows: float, calibration_rows: float
) -> FlagRate:
    """Judge a flag rate by what chance allows.

    The share that is flagged varies with the records judged, and with those that fill the window;
    both as binomial shares, in the normal approximation. Since the window rolls on through the
    records judged, honest models lie outside more seldom than the 5 in 100 of the formula: some
    1 in 100 of them, of equally distributed scores.

    Parameters
    ----------
    realised, nominal : float
        The share flagged, and the one promised; the latter in (0, 1).
    judged_rows, calibration_rows : float
        How many records were judged, and how many filled the window; at least 1.

    Examples
    --------
    >>> found = flag_rate_of(0.0367, nominal=0.01, judged_rows=1200, calibration_rows=2400)
    >>> round(found.low, 4), round(found.high, 4), found.verdict
    (0.0031, 0.0169, 'above chance')
    """
    reach = _NORMAL_95 * sqrt(nominal * (1 - nominal) * (1 / judged_rows + 1 / calibration_rows))
    low, high = max(0.0, nominal - reach), min(1.0, nominal + reach)
    return FlagRate(
        realised=realised,
        nominal=nominal,
        low=low,
        high=high,
        warning=_warning(_verdict(realised, low, high)),
    )


def held_out_flag_rate(metrics: Mapping[str, float]) -> FlagRate:
    """Judge the flag rate of a training.

    Parameters
    ----------
    metrics : mapping of str to float
        `realised_flag_rate`, `nominal_rate`, `held_out_rows`, `calibration_rows`.
    """
    return flag_rate_of(
        metrics["realised_flag_rate"],
        nominal=metrics["nominal_rate"],
        judged_rows=metrics["held_out_rows"],
        calibration_rows=metrics["calibration_rows"],
    )


def flag_rate_lines(rate: FlagRate, of_what: str) -> list[str]:
    """Tell a flag rate beside what chance allows, and what it means where it lies outside.

    Parameters
    ----------
    rate : FlagRate
        The rate.
    of_what : str
        Which records were judged.

    Examples
    --------
    >>> rate = flag_rate_of(0.011, nominal=0.01, judged_rows=1200, calibration_rows=2400)
    >>> flag_rate_lines(rate, "those held out")
    ['  flagged   1.10% of those held out, at 1.00% nominal; by chance 0.31% to 1.69%']
    """
    told = (
        f"  flagged   {rate.realised:.2%} of {of_what}, at {rate.nominal:.2%} nominal; by chance "
        f"{rate.low:.2%} to {rate.high:.2%}"
    )
    indent = " " * len(_LABEL)
    warned = wrap(rate.warning or "", _WIDTH, initial_indent=_LABEL, subsequent_indent=indent)
    return [told, *warned]


def _verdict(realised: float, low: float, high: float) -> str:
    if realised > high:
        return "above chance"
    return "below chance" if realised < low else "within chance"


def _warning(verdict: str) -> str | None:
    if verdict == "within chance":
        return None
    side, alerts = ("above", "many") if verdict == "above chance" else ("below", "few")
    return (
        f"The share flagged is {side} what chance explains: the stream changes over time, or the "
        f"history is too short to hold what comes. Expect as {alerts} alerts until the window of "
        "the latest scores has followed the stream. Give more history or, where the stream has "
        "changed for good, only what came since, with --from."
    )
