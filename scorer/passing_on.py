"""What an output takes over from its record: the key and the headers, as far as they fit.

A broker measures a batch after compression, so a legal record can have a key or headers of any
size. What is too large is left out and said to be, for an output that no broker takes would stall
the partition. Headers that say something of an output are not taken over: a reader could not tell
a record's from the scorer's.
"""

from typing import NamedTuple

from adapters.message_headers import UNREADABLE, Headers, headers_of
from scorer.step import Message
from streamscore import headers
from streamscore.events import sha256

LARGEST_KEY_BYTES = 65_536
LARGEST_HEADERS_BYTES = 262_144

_HEADER_OVERHEAD_BYTES = 16
_OWN = {
    headers.ROW,
    headers.INJECTED,
    headers.INJECTED_FIELDS,
    headers.TRACEPARENT,
    headers.ORIGINAL,
}
_LARGEST_OWN_BYTES = 1_000
_LARGEST_TRACEPARENT_BYTES = 256
"""Version 00 has 55; later ones may add to it."""


class PassedOn(NamedTuple):
    """Key and headers of an output.

    Attributes
    ----------
    key : bytes or None
        The record's key, or the SHA-256 of one that is too large.
    headers : list of (str, bytes or None)
        The record's headers but for those of outputs, and those that say what was left out.
    """

    key: bytes | None
    headers: Headers

    @property
    def traceparent(self) -> str | None:
        """The record's W3C trace context, none where it has none, or one that cannot be one.

        Anything else could grow sixfold when it is written as JSON, and the event beyond what a
        broker takes.
        """
        for name, value in self.headers:
            if name == headers.TRACEPARENT and value and len(value) <= _LARGEST_TRACEPARENT_BYTES:
                return value.decode(errors="replace")
        return None


def key_of(message: Message) -> bytes | None:
    """Return the key of the outputs for a record: its own, or the SHA-256 of one too large."""
    key = message.key()
    if key is None or len(key) <= LARGEST_KEY_BYTES:
        return key
    return sha256(key).encode()


def passed_on(message: Message) -> PassedOn:
    """Return what the outputs for a record take over from it."""
    key, own = message.key(), _own_headers(message)
    # A character of a name is at most four bytes: enough to know of nearly all that they fit.
    if sum(_most_bytes_of(one) for one in own) > LARGEST_HEADERS_BYTES:
        own = _fitting(own)
    if key is not None and len(key) > LARGEST_KEY_BYTES:
        key = key_of(message)
        own.append((headers.KEY, b"hash"))
    return PassedOn(key, own)


def _fitting(own: Headers) -> Headers:
    if sum(_bytes_of(one) for one in own) <= LARGEST_HEADERS_BYTES:
        return own
    kept = [one for one in own if one[0] in _OWN and _bytes_of(one) <= _LARGEST_OWN_BYTES]
    return [*kept, (headers.HEADERS, b"too-large")]


def _own_headers(message: Message) -> Headers:
    found = headers_of(message)
    if found == UNREADABLE:
        return found.copy()
    return [one for one in found if one[0] not in headers.OF_OUTPUTS]


def _most_bytes_of(header: tuple[str, bytes | None]) -> int:
    name, value = header
    return 4 * len(name) + len(value or b"") + _HEADER_OVERHEAD_BYTES


def _bytes_of(header: tuple[str, bytes | None]) -> int:
    name, value = header
    return len(name.encode()) + len(value or b"") + _HEADER_OVERHEAD_BYTES
