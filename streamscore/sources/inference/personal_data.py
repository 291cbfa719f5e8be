"""Columns that plainly hold personal data, by their names and values."""

import re
from collections.abc import Hashable, Iterable

from streamscore.sources.inference.naming import words_of
from streamscore.sources.inference.vocabulary import (
    ADDRESS_WORDS,
    PEOPLE_WORDS,
    WORDS_BESIDE_ADDRESS,
)

_LEAST_SHARE = 0.5
_PLAIN_WORDS = {
    "an e-mail address": {"email", "emails", "mail", "e-mail"},
    "a telephone number": {"phone", "telephone", "mobile", "fax", "msisdn", "cellphone"},
    "a network address": {"ip", "ipv4", "ipv6", "ipaddress", "ipaddr", "mac"},
    "a name": {"username", "firstname", "lastname", "fullname", "surname", "nickname"},
    "an official number": {"ssn", "passport", "iban", "nino", "taxid", "vatid"},
    "a date of birth": {"dob", "birthday", "birthdate"},
}
_VALUES = {
    "an e-mail address": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "a network address": re.compile(
        r"((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)(:\d+)?"
    ),
    "a telephone number": re.compile(
        r"\+\d{1,3}[\s.-]?(\(\d+\)|\d)[\d\s().-]{5,16}"
        r"|\(\d{3}\) ?\d{3}[\s.-]?\d{4}|\d{3}[.-]\d{3}[.-]\d{4}"
    ),
}


def personal_data_in(name: str, values: Iterable[Hashable]) -> str | None:
    """Name the personal data that a field plainly holds; None where it holds none.

    Parameters
    ----------
    name : str
        The field's name.
    values : iterable
        Some of its values.

    Examples
    --------
    >>> personal_data_in("user_name", ["ann"]), personal_data_in("who", ["ann@example.org"])
    ('a name', 'an e-mail address')
    >>> personal_data_in("file_name", ["a.csv"])
    """
    words = set(words_of(name)) | {"".join(words_of(name)[-2:])}
    for kind, telling in _PLAIN_WORDS.items():
        if words & telling:
            return kind
    if "name" in words and words & PEOPLE_WORDS:
        return "a name"
    if words & ADDRESS_WORDS and (words & WORDS_BESIDE_ADDRESS or len(words) == 1):
        return "an address"
    texts = [value for value in values if isinstance(value, str)]
    for kind, pattern in _VALUES.items():
        if texts and sum(map(bool, map(pattern.fullmatch, texts))) > _LEAST_SHARE * len(texts):
            return kind
    return None
