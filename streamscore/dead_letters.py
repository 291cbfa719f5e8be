"""Dead letters as they lie on their topic: what each says, and whether it can be sent back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct

from streamscore import headers
from streamscore.events import MASK, quoted
from streamscore.formats import refusal
from streamscore.sources import Source
from streamscore.sources.source import Path

Headers = Sequence[tuple[str, bytes | None]]

Obstacle = Literal["tombstone", "incomplete", "returned"]
"""Why a dead letter is not sent back.

`tombstone`: it has no value. `incomplete`: body, key or headers were not passed on in full.
`returned`: its record was sent back before, and is bad still.
"""

Status = Literal["pending", "redriven"] | Obstacle
"""What a redrive does with a letter: it sends a `pending` one, and leaves all others."""

STATUSES: tuple[Status, ...] = ("pending", "redriven", "tombstone", "incomplete", "returned")

_MOST_DIGITS = 19
"""Of what Kafka counts in 64 bits."""


class Place(NamedTuple):
    """Where a message lies among the dead letters."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}" if self.partition else str(self.offset)


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record that broke a rule of its source.

    Attributes
    ----------
    place : Place
        Where the letter lies.
    written_ms : int
        When it was written, in milliseconds since the epoch.
    reason, detail : str
        Why, in a word and for a person.
    position : str
        `cluster/topic id/partition/offset` of the record.
    topic : str
        The topic of the record.
    key, value : bytes or None
        As the record had them, unless `lacks` says otherwise.
    headers : sequence of (str, bytes or None)
        Those of the record.
    lacks : tuple of str
        What was too large or unreadable to be passed on: `body`, `key`, `headers`.
    """

    place: Place
    written_ms: int
    reason: str
    detail: str
    position: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    lacks: tuple[str, ...] = ()

    @property
    def partition(self) -> int:
        """The partition that the record came from."""
        return int(self.position.split("/")[2])

    @property
    def obstacle(self) -> Obstacle | None:
        """What forbids sending the record back, if anything."""
        if self.value is None:
            return "tombstone"
        if self.lacks:
            return "incomplete"
        return "returned" if _last(self.headers, headers.ORIGINAL) is not None else None

    @property
    def record(self) -> str:
        """The record as a pause names it, `topic/partition/offset`."""
        _, _, place = self.position.split("/", 2)
        return f"{self.topic}/{place}"

    def status(self, *, is_sent: bool) -> Status:
        """Tell what a redrive would do with it, given whether it is marked as sent."""
        return "redriven" if is_sent else self.obstacle or "pending"

    def original(self) -> list[tuple[str, bytes | None]]:
        """Return the headers of the record when it is sent back: its own, and where it lay first.

        Examples
        --------
        >>> own = [("a", b"1"), ("streamscore-reason", b"not_json"), ("streamscore-body",
        ...     b"original"), ("streamscore-position", b"c/t/0/7"), ("streamscore-topic", b"r")]
        >>> letter = read_letter(Place(0, 3), 0, None, b"{", own)
        >>> letter.original()
        [('a', b'1'), ('streamscore-original', b'c/t/0/7')]
        """
        if _last(self.headers, headers.ORIGINAL) is not None:
            return list(self.headers)
        return [*self.headers, (headers.ORIGINAL, self.position.encode())]


class LaterLetter(Struct, frozen=True, kw_only=True):
    """A dead letter whose headers a later version wrote: what they mean is not guessed.

    Attributes
    ----------
    place : Place
        Where the letter lies.
    why : str
        Which formats are read, and what to do.
    """

    place: Place
    why: str


def read_letter(
    place: Place, written_ms: int, key: bytes | None, value: bytes | None, found: Headers
) -> DeadLetter | LaterLetter | None:
    """Read a message as a dead letter; None where it is none, but a mark or somebody else's.

    Parameters
    ----------
    place : Place
        Where it lies.
    written_ms : int
        Its timestamp in Kafka.
    key, value : bytes or None
        As they are.
    found : sequence of (str, bytes or None)
        Its headers. What a scorer added comes last.
    """
    reason, position = _last(found, headers.REASON), _last(found, headers.POSITION)
    topic, body = _last(found, headers.TOPIC), _last(found, headers.BODY)
    version = _last(found, headers.FORMAT)
    why = None if version is None else refusal("deadletter", _version(version))
    if why is not None:
        return LaterLetter(place=place, why=why)
    if reason is None or topic is None or body is None or not _is_position(position):
        return None
    own = _without_last(found, headers.OF_DEAD_LETTERS)
    lacks = {
        "body": body != b"original",
        "key": _last(own, headers.KEY) is not None,
        "headers": _last(own, headers.HEADERS) is not None,
    }
    return DeadLetter(
        place=place,
        written_ms=written_ms,
        reason=_text(reason),
        detail=_text(_last(found, headers.DETAIL) or b""),
        position=_text(position or b""),
        topic=_text(topic),
        key=key,
        value=value,
        headers=own,
        lacks=tuple(name for name, is_so in lacks.items() if is_so),
    )


def marked_position(key: bytes | None, value: bytes | None, found: Headers) -> str | None:
    """Return the position of the letter that a mark is for; None for what is no mark.

    A letter is none, whatever headers its record had.

    Parameters
    ----------
    key, value : bytes or None
        Of the message; a mark has neither.
    found : sequence of (str, bytes or None)
        Its headers.
    """
    if key is not None or value is not None or _last(found, headers.REASON) is not None:
        return None
    position = _last(found, headers.REDRIVEN)
    return _text(position) if position is not None and _is_position(position) else None


class Positions:
    """A set of positions, in a few tens of bytes for each of those of one topic.

    Examples
    --------
    >>> sent = Positions()
    >>> sent.add("c/t/0/7")
    >>> "c/t/0/7" in sent, "c/t/1/7" in sent
    (True, False)
    """

    def __init__(self) -> None:
        self._offsets: dict[str, set[int]] = {}

    def add(self, position: str) -> None:
        """Add one."""
        log, _, offset = position.rpartition("/")
        self._offsets.setdefault(log, set()).add(int(offset))

    def __contains__(self, position: str) -> bool:
        log, _, offset = position.rpartition("/")
        return int(offset) in self._offsets.get(log, ())


class Selection(Struct, frozen=True, kw_only=True):
    """Which letters are meant.

    Attributes
    ----------
    reasons : tuple of str
        Only these; all where it is empty.
    since_ms : int or None
        Only those written from then on.
    """

    reasons: tuple[str, ...] = ()
    since_ms: int | None = None

    def holds(self, letter: DeadLetter) -> bool:
        """Tell whether a letter is meant."""
        is_late = self.since_ms is None or letter.written_ms >= self.since_ms
        return is_late and (not self.reasons or letter.reason in self.reasons)


class Shown(Struct, frozen=True, kw_only=True):
    """The parts of a letter that a person may read, safe for a terminal.

    Attributes
    ----------
    detail : str
        Without a private event time.
    key, value : str or None
        As text, or what they are where they must not be shown.
    headers : list of (str, str or None)
        The record's own.
    """

    detail: str
    key: str | None
    value: str | None
    headers: list[tuple[str, str | None]]


def shown(letter: DeadLetter, source: Source, *, unmasked: bool, most_bytes: int) -> Shown:
    """Return what is shown of a letter: private fields masked, nothing that moves a cursor.

    Parameters
    ----------
    letter : DeadLetter
        The letter.
    source : Source
        Says which fields are private.
    unmasked : bool
        Whether they are shown all the same.
    most_bytes : int
        How much of a value, and of each header, is shown.
    """
    value, key = letter.value, letter.key
    if value is not None and not unmasked and "body" not in letter.lacks:
        value = _masked(value, source.private_paths())
    if key is not None and source.key and source.fields[source.key].private and not unmasked:
        key = MASK.encode()
    return Shown(
        detail=detail_shown(letter, source, unmasked=unmasked),
        key=None if key is None else printable(key, most_bytes),
        value=None if value is None else printable(value, most_bytes),
        headers=[
            (name, None if text is None else printable(text, most_bytes))
            for name, text in letter.headers
        ],
    )


def detail_shown(letter: DeadLetter, source: Source, *, unmasked: bool = False) -> str:
    """Return a letter's detail; it quotes an event time, which may be a private field."""
    is_private = source.fields[source.event_time.field].private and not unmasked
    if is_private and letter.reason.startswith("event_time"):
        return MASK
    return printable(letter.detail.encode(), len(letter.detail.encode()))


def printable(value: bytes, most_bytes: int) -> str:
    r"""Return bytes as text whose characters all have a shape; the others are escaped.

    Examples
    --------
    >>> print(printable(b"a\x1b[2J\xff\xc3\xa9", 100))
    a\x1b[2J\xffé
    >>> print(printable(b"abcdef", 4))
    abcd... (6 bytes)
    """
    text = value[:most_bytes].decode(errors="backslashreplace")
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return safe if len(value) <= most_bytes else f"{safe}... ({len(value)} bytes)"


def _masked(value: bytes, private: Sequence[Path]) -> bytes:
    if not private:
        return value
    try:
        masked = bytes(quoted(value, private))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        masked = b""
    if masked.startswith(b"{"):
        return masked
    return f"({len(value)} bytes: private fields cannot be masked in what is no object)".encode()


def _is_position(position: bytes | None) -> bool:
    parts = (position or b"").split(b"/")
    return len(parts) == 4 and all(
        number.isdigit() and len(number) <= _MOST_DIGITS for number in parts[2:]
    )


def _version(text: bytes) -> int | str:
    is_number = text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else printable(text, _MOST_DIGITS)


def _last(found: Headers, wanted: str) -> bytes | None:
    return next((value for name, value in reversed(found) if name == wanted), None)


def _without_last(found: Headers, names: Sequence[str]) -> list[tuple[str, bytes | None]]:
    left, kept = set(names), []
    for name, value in reversed(found):
        if name in left:
            left.remove(name)
        else:
            kept.append((name, value))
    return kept[::-1]


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
