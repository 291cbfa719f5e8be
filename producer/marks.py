"""What marks the messages of one replay, so that it can be found on its topic and taken up."""

import hashlib
import re
from collections.abc import Iterable
from typing import Self

import msgspec
from msgspec import Struct

from adapters.record_inputs import STANDARD_INPUT
from producer.plan import ReplayPlan
from streamscore.errors import UsageError
from streamscore.formats import format_named, refusal
from streamscore.sources import Source
from streamscore.sources.dialects import Dialect

_PLAN_DIGITS = 12
_ANY_FORM = re.compile(r"([1-9][0-9]{0,3})-(.+)")
_FORM = re.compile(r"([0-9a-f]{12})-([0-9a-z.]{1,40})-([0-9a-f]{1,16})-([0-9a-f]{1,8})")


class ReplayMark(Struct, frozen=True):
    """The value of the header `streamscore-replay`.

    Attributes
    ----------
    plan : str
        Hash of all that decides which messages a replay makes of its files, 12 hex digits.
    content : str
        Hash of the bytes of the files.
    started_ms : int
        When it was started, milliseconds since 1970-01-01T00:00Z; that of the first start, where
        it was taken up again.
    partitions : int
        How many partitions its rows are spread over.

    Examples
    --------
    >>> mark = ReplayMark("0f3a5b7c9d11", "77e0c4a1b2d3", 1_700_000_000_000, 3)
    >>> mark.text()
    '1-0f3a5b7c9d11-77e0c4a1b2d3-18bcfe56800-3'
    >>> ReplayMark.read(b"1-0f3a5b7c9d11-77e0c4a1b2d3-18bcfe56800-3") == mark
    True
    """

    plan: str
    content: str
    started_ms: int
    partitions: int

    def text(self) -> str:
        """Return the mark as it stands in the header."""
        version = format_named("replay").version
        return f"{version}-{self.plan}-{self.content}-{self.started_ms:x}-{self.partitions:x}"

    @classmethod
    def read(cls, value: bytes | None) -> Self | None:
        """Read the value of a header; None where it is no mark.

        Raises
        ------
        UsageError
            When it is a mark of a later format.
        """
        versioned = _ANY_FORM.fullmatch((value or b"").decode("ascii", "replace"))
        if versioned is None:
            return None
        if told := refusal("replay", int(versioned[1])):
            raise UsageError(told)
        found = _FORM.fullmatch(versioned[2])
        if found is None:
            return None
        plan, content, started, partitions = found.groups()
        return cls(plan, content, int(started, 16), int(partitions, 16))


def plan_hash(
    plan: ReplayPlan,
    source: Source,
    names: tuple[str, ...],
    max_bytes: int,
    dialects: Iterable[str],
) -> str:
    """Hash what decides the messages of a replay and their order, beside the bytes of the files.

    Pace, reject file and permissions are left out: they may differ when it is taken up again. So
    are the dialects of the source in which no file is written.

    Parameters
    ----------
    plan : ReplayPlan
        What to replay.
    source : Source
        The source.
    names : tuple of str
        What the files are called in row ids.
    max_bytes : int
        The largest record that is sent.
    dialects : iterable of str
        Names of the dialects that the files are written in, each its own, or may be written in.
    """
    decisive = [
        [source.name, source.key, source.event_time, source.fields, max_bytes],
        [names, plan.times, plan.limit, plan.inject_rate, plan.seed if plan.inject_rate else 0],
        [plan.follow, plan.rounds],
        [file.layout for file in plan.files if file.name != STANDARD_INPUT],
        [_without_title(source.dialects.get(name)) for name in dialects],
    ]
    return hashlib.sha256(msgspec.json.encode(decisive)).hexdigest()[:_PLAN_DIGITS]


def _without_title(dialect: Dialect | None) -> Dialect | None:
    return dialect and msgspec.structs.replace(dialect, title="")
