"""Converters: from the text of a value to the JSON value of a field."""

import re
from collections.abc import Callable
from math import isfinite, nan
from typing import Any, NamedTuple

import msgspec

from streamscore.sources.dialects import Converter
from streamscore.sources.source import INTEGER_LIMIT, FieldType

Convert = Callable[[str], Any]
"""Returns the value of a text; ValueError where it has none."""

_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_ANSWERS = {**_BOOLEANS, "t": True, "f": False, "yes": True, "no": False, "y": True, "n": False}
# Nobody groups a leading zero: 0,408 has a decimal comma.
_GROUPED = re.compile(r"[+-]?([1-9]\d{0,2}(,\d{3})+|\d+)(\.\d+)?")
_CURRENCY = r"(?:[$€£¥₹]|USD|EUR|GBP|CHF|JPY|CAD|AUD|INR|CNY|SEK|NOK|DKK|PLN)?"
_MONEY = re.compile(
    rf"(?P<sign>[+-]?){_CURRENCY}\s*(?P<number>([1-9]\d{{0,2}}(,\d{{3}})+|\d+)(\.\d+)?)\s*{_CURRENCY}"
)
_DECIMAL_COMMA = re.compile(r"[+-]?([1-9]\d{0,2}([.\s]\d{3})+|\d+)(,\d+)?")


def converter_of(converter: Converter, kind: FieldType) -> Convert:
    """Return how a text becomes the value of a field.

    Parameters
    ----------
    converter : Converter
        One that fits the type.
    kind : FieldType
        The field's type.

    Examples
    --------
    >>> converter_of("plain", "integer")("3.0"), converter_of("grouped", "integer")("1,341")
    (3, 1341)
    """
    plain = _PLAIN[kind]
    return _RULES[converter].make(plain)


def types_of(converter: Converter) -> tuple[FieldType, ...]:
    """Return the types of the fields that a converter fits."""
    return _RULES[converter].types


def _integer(text: str) -> int:
    # Python reads 1_000 as a number; no file means it so.
    number = int(text) if text.isdecimal() else _whole(text)
    if abs(number) > INTEGER_LIMIT:
        raise ValueError(f"an integer lies within +-2**53, got {shortened(text)}")
    return number


def _whole(text: str) -> int:
    number = _float(text)
    if not number.is_integer():
        raise ValueError(f"expected an integer, got {shortened(text)}")
    return int(number)


def _float(text: str) -> float:
    try:
        number = float(text) if "_" not in text else nan
    except ValueError:
        number = nan
    if not isfinite(number):
        raise ValueError(f"expected a finite number, got {shortened(text)}")
    return number


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise ValueError(f"expected true or false, got {shortened(text)}")
    return value


def _any(text: str) -> msgspec.Raw:
    try:
        return msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(f"expected JSON, got {shortened(text)}: {error}") from None


_PLAIN: dict[FieldType, Convert] = {
    "string": str,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "any": _any,
}


def _grouped(plain: Convert) -> Convert:
    def convert(text: str) -> Any:
        if not _GROUPED.fullmatch(text.strip()):
            raise ValueError(f"expected a number such as 1,341.5, got {shortened(text)}")
        return plain(text.strip().replace(",", ""))

    return convert


def _decimal_comma(plain: Convert) -> Convert:
    def convert(text: str) -> Any:
        if not _DECIMAL_COMMA.fullmatch(text.strip()):
            raise ValueError(f"expected a number such as 1.341,5, got {shortened(text)}")
        return plain(re.sub(r"[.\s]", "", text).replace(",", "."))

    return convert


def _percent(plain: Convert) -> Convert:
    def convert(text: str) -> Any:
        number = text.strip()
        if not number[:-1].strip() or not number.endswith("%"):
            raise ValueError(f"expected a percentage such as 12.5%, got {shortened(text)}")
        return plain(number[:-1]) / 100

    return convert


def _money(plain: Convert) -> Convert:
    def convert(text: str) -> Any:
        amount = text.strip()
        is_negative = amount.startswith("(") and amount.endswith(")")
        found = _MONEY.fullmatch(amount[1:-1] if is_negative else amount)
        sign = "-" if is_negative else (found and found["sign"]) or ""
        if found is None or (is_negative and found["sign"]):
            raise ValueError(f"expected an amount such as $1,341.50, got {shortened(text)}")
        return plain(sign + found["number"].replace(",", ""))

    return convert


def _yes_no(_plain: Convert) -> Convert:
    def convert(text: str) -> Any:
        value = _ANSWERS.get(text.strip().lower())
        if value is None:
            raise ValueError(f"expected yes or no, got {shortened(text)}")
        return value

    return convert


class _Rule(NamedTuple):
    types: tuple[FieldType, ...]
    make: Callable[[Convert], Convert]


_RULES: dict[Converter, _Rule] = {
    "plain": _Rule(("string", "integer", "float", "boolean", "any"), lambda plain: plain),
    "trim": _Rule(("string",), lambda _plain: str.strip),
    "upper": _Rule(("string",), lambda _plain: lambda text: text.strip().upper()),
    "lower": _Rule(("string",), lambda _plain: lambda text: text.strip().lower()),
    "grouped": _Rule(("integer", "float"), _grouped),
    "decimal_comma": _Rule(("integer", "float"), _decimal_comma),
    "percent": _Rule(("float",), _percent),
    "money": _Rule(("integer", "float"), _money),
    "yes_no": _Rule(("boolean",), _yes_no),
}


def shortened(text: str) -> str:
    """Return a text in quotes, cut where it is long."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
