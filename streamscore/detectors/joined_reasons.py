"""Joined reasons: what several channels say of a record, field by field.

What is about the same field first is one reason, whatever other fields come with it. Of each the
loudest sentence is kept, and a second one that has a considerable part beside it, or that would be
reason enough by itself: a web address stays one however loud the capitals are that came with it.
What both begin with is said once.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streamscore.detectors.reasons import Reason

_LEAST_OF_LOUDEST = 0.25
"""A second sentence has a considerable part from this share of the loudest one's on."""

_LONGEST = 200
"""Two sentences are kept where they are no longer together, in characters."""


class Voice(NamedTuple):
    """What one channel says of a record.

    Attributes
    ----------
    share : float
        The channel's share of the record's score; those of all voices sum to 1.
    is_enough : bool
        Whether the record would be abnormal by this channel alone.
    reasons : sequence of Reason
        The reasons; of a share of 0 only their words are used, beside others of the same field.
    """

    share: float
    is_enough: bool
    reasons: Sequence[Reason]


class _Said(NamedTuple):
    """One sentence about some fields: its part, whether it is reason enough, and what it quotes."""

    words: str
    part: float
    is_enough: bool
    parents: tuple[str, ...]


_SILENT = _Said("", 0.0, False, ())


def joined(voices: Iterable[Voice]) -> list[Reason]:
    """Join the reasons of several channels.

    Shares of the same first field are added, and those of the same words; fields that come with it
    are named by falling share.

    Returns
    -------
    list of Reason
        By falling share, then by name; the shares sum to 1.

    Examples
    --------
    >>> near = Reason(("a",), 1.0, "a is 9; most alike have 1")
    >>> wide = Reason(("a",), 1.0, "a is 9; 98% have 1 to 3")
    >>> joined([Voice(0.6, True, [near]), Voice(0.4, True, [wide])])[0].words
    'a is 9; most alike have 1; 98% have 1 to 3'
    """
    shares: dict[str, dict[tuple[str, ...], float]] = {}
    said: dict[str, dict[str, _Said]] = {}
    for share, is_enough, reasons in voices:
        for reason in reasons:
            part, words = share * reason.share, reason.words
            if part > 0.0:
                parts = shares.setdefault(reason.fields[0], {})
                parts[reason.fields] = parts.get(reason.fields, 0.0) + part
            if not words:
                continue
            own = said.setdefault(reason.fields[0], {})
            before = own.get(words, _SILENT)
            own[words] = _Said(
                words, part + before.part, is_enough or before.is_enough, reason.parents
            )
    totals = {field: sum(parts.values()) for field, parts in shares.items()}
    return [
        Reason(_named(shares[field]), totals[field], *_words(said.get(field, {})))
        for field in sorted(totals, key=lambda one: (-totals[one], one))
    ]


def _named(parts: dict[tuple[str, ...], float]) -> tuple[str, ...]:
    """Return the fields that reasons of one first field name, those of the largest part first."""
    ranked = sorted(parts, key=lambda fields: -parts[fields])
    return tuple(dict.fromkeys(field for fields in ranked for field in fields))


def _words(said: dict[str, _Said]) -> tuple[str, tuple[str, ...]]:
    """Return the words of a field, and the fields that they quote besides."""
    if not said:
        return "", ()
    # Of equally loud sentences the first is the loudest: sorting keeps their order.
    first, *others = sorted(said.values(), key=lambda one: -one.part)
    for second in others:
        if second.part < _LEAST_OF_LOUDEST * first.part and not _is_another_trait(first, second):
            continue
        both = _both(first.words, second.words)
        # What follows from no other fields than the first sentence does is mostly the same again.
        is_news = not second.parents or not set(first.parents).issuperset(second.parents)
        if is_news and len(both) <= _LONGEST:
            return both, tuple(dict.fromkeys(first.parents + second.parents))
    return first.words, first.parents


def _is_another_trait(first: _Said, second: _Said) -> bool:
    """Tell whether a sentence is reason enough, and about the field alone in another way."""
    if not second.is_enough or second.parents:
        return False
    return _one_head(first.words, second.words) is None


def _both(first: str, second: str) -> str:
    """Put two sentences together, each of which may compare what was seen behind a semicolon.

    Examples
    --------
    >>> _both("a is 9, never seen", "a is 9; 98% have 1 to 3")
    'a is 9, never seen; 98% have 1 to 3'
    >>> _both("a is 9; at b 1 it is 2", "a 9, but its parts sum to 8")
    'a 9, but its parts sum to 8; at b 1 it is 2'
    >>> _both("a has capitals; most have none", "a has digits; most have none")
    'a has capitals; most have none; a has digits; most have none'
    """
    if (head := _one_head(first, second)) is None:
        return f"{first}; {second}"
    rests = (sentence.partition("; ")[2] for sentence in (first, second))
    return "; ".join(dict.fromkeys(filter(None, (head, *rests))))


def _one_head(first: str, second: str) -> str | None:
    """Return what two sentences begin with, where one goes on from what the other says."""
    heads = (first.partition("; ")[0], second.partition("; ")[0])
    shorter, longer = sorted(heads, key=len)
    return longer if f"{_plain(longer)},".startswith(f"{_plain(shorter)},") else None


def _plain(head: str) -> str:
    """Return `a 9` of `a is 9`: some sentences go on from there."""
    return head.replace(" is ", " ", 1)
