"""Numbers are written in plain digits, and no rounding makes a sentence untrue."""

from hypothesis import example, given
from hypothesis import strategies as st

from streamscore.detectors.written_numbers import (
    OWN_DIGITS,
    digits_apart,
    rounded,
    written_alike,
    written_number,
)

numbers = st.floats(-1e14, 1e14, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-5)


@given(numbers)
def test_plain_digits_are_written_and_four_of_them_mean_something(value: float) -> None:
    text = written_number(value)
    assert "e" not in text
    assert abs(float(text) - value) <= 1e-3 * abs(value)
    assert not ("." in text and text.endswith(("0", ".")))


def test_exponents_are_left_to_what_is_hardly_readable_otherwise() -> None:
    assert [written_number(x) for x in (1e15, -2.5e20, 1e-7, 999_999_999_999_999.0)] == [
        "1e+15",
        "-2.5e+20",
        "1e-07",
        "999999999999999",
    ]


@given(numbers, st.lists(numbers, max_size=3))
@example(68.43, [66.2, 68.41])
@example(130_631.0, [130_649.0])
@example(100.0, [100.0, 100.000001])
def test_a_number_lies_on_the_side_of_a_limit_that_it_is_said_to(
    value: float, limits: list[float]
) -> None:
    digits = digits_apart(value, limits)
    shown = float(written_number(value, max(digits, OWN_DIGITS)))
    for limit in limits:
        other = float(written_number(rounded(limit, digits), digits))
        if digits < 16:
            assert (shown > other) == (value > limit)
            assert (shown < other) == (value < limit)


@given(st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_shares_that_differ_are_written_differently(one: float, other: float) -> None:
    first, second = written_alike([one, other], 2)
    assert (first == second) == (one == other) or abs(one - other) < 1e-9
