"""Hostile records: good ones spoiled in all the ways that streams are, or raw bytes."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from streamscore.sources import Source

LARGE_BYTES = (900_000, 5_000_000)
"""Sizes of long strings: one that is within a scorer's default limit, and one beyond it."""

_LARGE_EVERY = 2_000
_DEPTHS = (100, 5_000)
_DIGITS = (20, 400, 5_000)
_TIMES = (
    b'"01/01/0001 12:00:00 AM"',
    b'"12/31/9999 11:59:59 PM"',
    b'"02/30/2020 01:00:00 AM"',
    b'"1066-10-14"',
    b"-62135596800000",
    b"253402300799999",
    b"9007199254740992",
    b"1e300",
    b'""',
)


class Trial(NamedTuple):
    """What a mutation has to do with: a good record, its source, and a random generator."""

    value: bytes
    source: Source
    rng: np.random.Generator

    def pick(self, choices: Sequence[bytes]) -> bytes:
        """Return one of some pieces."""
        return choices[int(self.rng.integers(len(choices)))]

    def field(self, *types: str) -> str:
        """Return the name of a field of one of some types; any field where there is none."""
        fields = self.source.fields
        names = [name for name, field in fields.items() if field.type in types] or list(fields)
        return names[int(self.rng.integers(len(names)))]

    def put(self, name: str, text: bytes) -> bytes:
        """Return the record with one value as the JSON text given."""
        raw = msgspec.json.decode(self.value, type=dict[str, msgspec.Raw])
        return msgspec.json.encode(raw | {name: msgspec.Raw(text)})


def _truncated(one: Trial) -> bytes:
    return one.value[: int(one.rng.integers(1, len(one.value)))]


def _truncated_utf8(one: Trial) -> bytes:
    at = int(one.rng.integers(len(one.value)))
    return (
        one.value[:at] + one.pick([b"\xe2\x82", b"\xf0\x9f\x92", b"\xc3", b"\xff"]) + one.value[at:]
    )


def _nested(one: Trial) -> bytes:
    depth = _DEPTHS[int(one.rng.integers(len(_DEPTHS)))]
    text = one.pick([b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth])
    return one.put(one.pick([b"more", one.field("any").encode()]).decode(), text)


def _huge_number(one: Trial) -> bytes:
    digits = b"9" * _DIGITS[int(one.rng.integers(len(_DIGITS)))]
    text = one.pick([digits, b"-" + digits, b"0." + digits, b"1e400", b"-1e308", b"1e-400"])
    return one.put(one.pick([b"more", one.field("integer", "float").encode()]).decode(), text)


def _not_a_number(one: Trial) -> bytes:
    name = one.pick([b"more", one.field("float").encode()]).decode()
    spoiled = one.put(name, b'"\\u0000?"')
    return spoiled.replace(b'"\\u0000?"', one.pick([b"NaN", b"Infinity", b"-Infinity", b"nan"]))


def _twice(one: Trial) -> bytes:
    name = one.field("integer", "float", "string")
    text = one.pick([b"null", b"1", b'"x"', one.value[one.value.index(b":") + 1 :][:3], b"[]"])
    pair = b'"' + name.encode() + b'":' + text
    return one.pick([b"{" + pair + b"," + one.value[1:], one.value[:-1] + b"," + pair + b"}"])


def _wrong_type(one: Trial) -> bytes:
    name = one.field("string", "integer", "float", "boolean")
    return one.put(name, one.pick([b"null", b"true", b"0.5", b'"x"', b"[]", b'{"a":1}']))


def _control_characters(one: Trial) -> bytes:
    raw = one.pick([b"\x00", b"\x01", b"\x1b[2J", b"\n", b"\x7f", b"\\u0000", b"\\u001b"])
    return one.put(one.field("string"), b'"?\x7f?"').replace(b"?\x7f?", raw)


def _far_away(one: Trial) -> bytes:
    return one.put(one.source.event_time.field, one.pick(_TIMES))


def _framed(one: Trial) -> bytes:
    return b"\0" + one.rng.bytes(4) + one.pick([one.value, one.rng.bytes(40), b""])


def _nothing(one: Trial) -> bytes | None:
    return one.pick([b"", b" ", b"null", b"{}", b"[]"]) if one.rng.random() < 0.7 else None


def _raw_bytes(one: Trial) -> bytes:
    return one.rng.bytes(int(one.rng.integers(1, 200)))


def _surrogate(one: Trial) -> bytes:
    text = one.pick([b'"\\ud800"', b'"\\udc00x"', b'"\\ud83d\\ude00"', b'"\\ude00\\ud83d"'])
    return one.put(one.pick([b"more", one.field("string").encode()]).decode(), text)


KINDS: tuple[Callable[[Trial], bytes | None], ...] = (
    _truncated,
    _truncated_utf8,
    _nested,
    _huge_number,
    _not_a_number,
    _twice,
    _wrong_type,
    _control_characters,
    _far_away,
    _framed,
    _nothing,
    _raw_bytes,
    _surrogate,
)
"""Each makes another kind of hostile record out of a good one; some of these are still good."""


def large(one: Trial) -> bytes:
    """Make a record with a very long string."""
    size = LARGE_BYTES[int(one.rng.integers(len(LARGE_BYTES)))]
    name = one.pick([b"more", one.field("string").encode()]).decode()
    return one.put(name, b'"' + b"long " * (size // 5) + b'"')


def hostile_records(
    source: Source, values: Sequence[bytes], count: int, rng: np.random.Generator
) -> list[bytes | None]:
    """Make hostile records of all kinds in turn, one in 2,000 with a very long string.

    Parameters
    ----------
    source : Source
        The source.
    values : sequence of bytes
        Good records.
    count : int
        How many are made.
    rng : Generator
        Decides how each is spoiled.
    """
    made = []
    for i in range(count):
        trial = Trial(values[i % len(values)], source, rng)
        is_large = i % _LARGE_EVERY == _LARGE_EVERY - 1
        made.append((large if is_large else KINDS[i % len(KINDS)])(trial))
    return made
