"""Numbers for people: plain digits, and as many of them as keep what is said of them true."""

from collections.abc import Sequence
from math import ceil, floor, log10

FEWEST_DIGITS = 4
"""Digits of numbers that were computed."""

OWN_DIGITS = 6
"""Digits of a record's own numbers, whose whole part is written anyway."""

_MOST_DIGITS = 16
_LARGEST_PLAIN = 1e15
_SMALLEST_PLAIN = 1e-6
_ROUNDING = 1e-9


def written_number(value: float, digits: int = FEWEST_DIGITS) -> str:
    """Write a finite number: its whole part, or so many digits where that has fewer.

    Examples
    --------
    >>> written_number(1127040), written_number(109123.7), written_number(68.4321)
    ('1127040', '109124', '68.43')
    >>> written_number(0.00012344), written_number(3.0), written_number(2.5e16)
    ('0.0001234', '3', '2.5e+16')
    """
    size = abs(value)
    if size >= _LARGEST_PLAIN or 0.0 < size < _SMALLEST_PLAIN:
        return f"{float(value):.{digits}g}"
    if size == floor(size):
        return str(int(value))
    decimals = max(digits - 1 - floor(log10(size)), 0)
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def rounded(value: float, digits: int) -> float:
    """Round a finite number to so many digits that mean something.

    Examples
    --------
    >>> rounded(109123.7, 4), rounded(0.0123456, 3)
    (109100.0, 0.0123)
    """
    return float(f"{value:.{digits - 1}e}")


def whole_from(limit: float) -> float:
    """Return the lowest whole number that is at least a limit, or so little below as rounding is.

    Examples
    --------
    >>> whole_from(13.4), whole_from(29.000000000000004), whole_from(-13.4)
    (14.0, 29.0, -13.0)
    """
    return float(ceil(limit - _ROUNDING * max(abs(limit), 1.0)))


def whole_to(limit: float) -> float:
    """Return the highest whole number that is at most a limit, but for rounding.

    Examples
    --------
    >>> whole_to(13.4), whole_to(28.999999999999996)
    (13.0, 29.0)
    """
    return float(floor(limit + _ROUNDING * max(abs(limit), 1.0)))


def digits_for(value: float, step: float) -> int:
    """Return in how many digits a number is written that is known in steps of about so much.

    Examples
    --------
    >>> digits_for(1013.24, 0.05), digits_for(63.1, 0.9), digits_for(0.2, 5.0)
    (5, 2, 1)
    """
    if not value or not step:
        return 1
    return max(floor(log10(abs(value))) - round(log10(step)) + 1, 1)


def digits_apart(value: float, limits: Sequence[float], fewest: int = FEWEST_DIGITS) -> int:
    """Return in how many digits a record's number and rounded limits are as unequal as they are.

    Examples
    --------
    >>> digits_apart(68.43, [66.2, 68.41]), digits_apart(68.4343, [66.2, 68.4344])
    (4, 6)
    """
    digits = fewest
    while digits < _MOST_DIGITS and not are_apart(value, limits, digits):
        digits += 1
    return digits


def written_alike(numbers: Sequence[float], digits: int) -> list[str]:
    """Write numbers in so many digits, or more where the first would read as one that it is not.

    Examples
    --------
    >>> written_alike([79.43, 79.11, 12.0], 2), written_alike([40.2, 0.0], 2)
    (['79.4', '79.1', '12'], ['40', '0'])
    """
    texts = [written_number(rounded(number, digits), digits) for number in numbers]
    pairs = zip(numbers, texts, strict=True)
    if digits < _MOST_DIGITS and any(t == texts[0] and n != numbers[0] for n, t in pairs):
        return written_alike(numbers, digits + 1)
    return texts


def are_apart(value: float, limits: Sequence[float], digits: int) -> bool:
    """Tell whether a record's number and limits in so many digits are as unequal as they are."""
    for limit in limits:
        if abs(value - limit) > 10.0 ** (1 - digits) * max(abs(value), abs(limit)):
            # Farther than both are rounded by.
            continue
        shown = float(written_number(value, max(digits, OWN_DIGITS)))
        other = rounded(limit, digits)
        if (shown > other) != (value > limit) or (shown < other) != (value < limit):
            return False
    return True


def percent(share: float) -> str:
    """Write a share in [0, 1] as a percentage.

    Examples
    --------
    >>> percent(0.713), percent(0.0004), percent(0.0), percent(0.9987), percent(0.99999)
    ('71%', '0.04%', 'under 0.01%', '99.8%', 'over 99.9%')
    """
    if share > 0.999:
        return "over 99.9%"
    if share < 1e-4:
        return "under 0.01%"
    if share >= 0.995:
        # All but a few are not all.
        return f"{floor(1000 * share + _ROUNDING) / 10:g}%"
    return f"{100 * share:.0f}%" if share >= 0.1 else f"{100 * share:.2g}%"
