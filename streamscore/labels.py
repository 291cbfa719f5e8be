"""Labels: what a person says later of a record, an anomaly or none; the newest one counts."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from streamscore.errors import UsageError
from streamscore.formats import refusal, version_of

_MOST_DIGITS = 19
"""Of what Kafka counts in 64 bits."""

_MOST_NOTE_CHARACTERS = 1000
_MOST_NAME_CHARACTERS = 100

_NORMAL_QUANTILE_95 = 1.959964


class Label(Struct, frozen=True, kw_only=True):
    """What a person said of a record. Nothing of the record itself is in it.

    Attributes
    ----------
    format : int
        Version of the layout; 1, also where it is absent.
    event : str
        The record's position, `cluster/topic id/partition/offset`: the id of its anomaly event,
        where it has one.
    subject : str
        `topic/partition/offset`, for people.
    source : str
        Name of the source.
    run : str
        Name of the run; absent for the live stream.
    verdict : bool
        Whether the record is an anomaly.
    flagged : bool
        Whether there was an anomaly event of it.
    model_version : str
        The version that flagged it; absent where it was not flagged.
    note : str
        Why, in the person's words; absent without any.
    by : str
        Who said so; absent where that was not told.
    given_at : str
        When it was said, ISO 8601 in UTC.
    """

    format: int = 1
    event: str
    subject: str
    source: str
    run: str | UnsetType = UNSET
    verdict: bool
    flagged: bool
    model_version: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    by: str | UnsetType = UNSET
    given_at: str

    def __post_init__(self) -> None:
        if reason := refusal("label", self.format):
            raise ValueError(reason)  # which the decoder makes a fault of the bytes

    @property
    def place(self) -> tuple[int, int]:
        """Partition and offset of the record."""
        _, partition, offset = self.event.rsplit("/", 2)
        return int(partition), int(offset)

    def is_of(self, log: str) -> bool:
        """Tell whether the record is of a topic, which is given as `cluster/topic id`.

        Examples
        --------
        >>> label = Label(event="c/t/0/7", subject="records.x/0/7", source="x", verdict=True,
        ...     flagged=True, given_at="2026-10-26T07:30:00.000Z")
        >>> label.is_of("c/t"), label.is_of("c/made-again"), label.place
        (True, False, (0, 7))
        """
        return self.event.rsplit("/", 2)[0] == log


class Labels(Struct, frozen=True, kw_only=True):
    """All labels of a topic.

    Attributes
    ----------
    newest : dict of str to Label
        The newest label of each event, those that were given last at the end.
    later : int
        How many are of a later format, and not read.
    why_later : str
        What to do about these; empty where there are none.
    """

    newest: dict[str, Label]
    later: int = 0
    why_later: str = ""


class LabelFolding:
    """Takes the messages of the topic ``labels`` in their order; it changes with each.

    Examples
    --------
    >>> folding = LabelFolding()
    >>> folding.take(b"c/t/0/7", b'{"format": 2}')
    >>> folding.labels().later
    1
    """

    def __init__(self) -> None:
        self._newest: dict[str, Label] = {}
        self._later: dict[str, str] = {}

    def take(self, key: bytes | None, value: bytes | None) -> None:
        """Take one message: a label takes the place of an older one, no value takes it away.

        Raises
        ------
        msgspec.DecodeError
            When it is no label.
        """
        event = (key or b"").decode(errors="replace")
        label = why = None
        if value:
            why = refusal("label", version_of(value))
            label = None if why else msgspec.json.decode(value, type=Label)
            event = label.event if label else event
        self._newest.pop(event, None)
        self._later.pop(event, None)
        if label is not None:
            self._newest[event] = label
        elif why is not None:
            self._later[event] = why

    def labels(self) -> Labels:
        """Return what was taken."""
        why = next(iter(self._later.values()), "")
        return Labels(newest=dict(self._newest), later=len(self._later), why_later=why)


class RecordName(NamedTuple):
    """How a person names a record.

    Attributes
    ----------
    text : str
        As it was written.
    log : str or None
        `cluster/topic id`, where it is named by its event's id.
    topic : str or None
        The topic's name, where it is named by that.
    partition, offset : int
        The place in it.
    """

    text: str
    log: str | None
    topic: str | None
    partition: int
    offset: int

    @property
    def subject(self) -> str:
        """Its `topic/partition/offset`; with `None` for a topic that is not named."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def identity(self, log: str | None) -> str:
        """Return its position in a topic, `cluster/topic id/partition/offset`."""
        return f"{log}/{self.partition}/{self.offset}"


def record_name(text: str) -> RecordName:
    """Read how a person names a record: by its event's `id`, or by its `subject`.

    Raises
    ------
    UsageError
        When it is neither.

    Examples
    --------
    >>> record_name("records.accidents/0/81568").topic
    'records.accidents'
    >>> record_name("cluster/id/0/81568").log
    'cluster/id'
    """
    *names, partition, offset = parts = text.split("/") if text.count("/") in (2, 3) else ["", ""]
    if not all(parts) or not _is_number(partition) or not _is_number(offset):
        raise UsageError(
            "a record is named by the `id` of its event, CLUSTER/TOPIC-ID/PARTITION/OFFSET, or by "
            f"its `subject`, TOPIC/PARTITION/OFFSET; received {text!r}. Copy either of them"
        )
    log, topic = ("/".join(names), None) if len(names) == 2 else (None, names[0])
    return RecordName(text, log, topic, int(partition), int(offset))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def check_words(note: str | None, by: str | None) -> None:
    """Check what a person adds to a label.

    Raises
    ------
    UsageError
        When it is empty or too long.
    """
    for option, text, most in (
        ("--note", note, _MOST_NOTE_CHARACTERS),
        ("--by", by, _MOST_NAME_CHARACTERS),
    ):
        if text is not None and not 0 < len(text.strip()) <= len(text) <= most:
            raise UsageError(
                f"{option} takes 1 to {most} characters; received {len(text)}. Shorten it, or "
                "leave the option out"
            )


class Verdicts(Struct, frozen=True, kw_only=True):
    """How labels of one model version, or of records that were not flagged, came out.

    Attributes
    ----------
    source : str
        Name of the source.
    run : str or None
        Name of the run; None for the live stream.
    model_version : str or None
        The version that flagged the records; None for those that were not flagged.
    anomalies, normal : int
        How many were said to be an anomaly, and to be none.
    precision : float or None
        The share of anomalies among labelled alerts, 0 to 1; None for what was not flagged.
    low, high : float or None
        Its interval of 95%.
    """

    source: str
    run: str | None
    model_version: str | None
    anomalies: int
    normal: int
    precision: float | None
    low: float | None
    high: float | None


def count_verdicts(labels: Iterable[Label]) -> list[Verdicts]:
    """Count verdicts by source, run and model version; those of no alert last in each.

    Precision is that of the alerts that were labelled, which a person has chosen: it is no estimate
    of all alerts where only the doubtful ones were looked at.
    """
    counts: dict[tuple[str, str, str], list[int]] = {}
    for label in labels:
        version = "" if not label.flagged else label.model_version or "?"
        found = counts.setdefault((label.source, label.run or "", version), [0, 0])
        found[0 if label.verdict else 1] += 1
    return [_verdicts(*key, *counts[key]) for key in sorted(counts, key=_unflagged_last)]


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the interval of 95% of a share, also honest where there are few trials.

    With z the normal quantile, (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n):
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Parameters
    ----------
    successes, trials : int
        How many of how many; at least one trial.

    Examples
    --------
    >>> tuple(round(bound, 3) for bound in wilson_interval(8, 10))
    (0.49, 0.943)
    """
    share, z = successes / trials, _NORMAL_QUANTILE_95
    middle = share + z * z / (2 * trials)
    reach = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    whole = 1 + z * z / trials
    # Rounding must neither leave the share itself out, nor go beyond what a share can be.
    low, high = (middle - reach) / whole, (middle + reach) / whole
    return max(0.0, min(share, low)), min(1.0, max(share, high))


def _unflagged_last(key: tuple[str, str, str]) -> tuple[str, str, bool, int, str]:
    source, run, version = key
    number = int(version) if _is_number(version) else 0
    return source, run, not version, number, version


def _verdicts(source: str, run: str, version: str, anomalies: int, normal: int) -> Verdicts:
    low = high = precision = None
    if version:
        precision = anomalies / (anomalies + normal)
        low, high = wilson_interval(anomalies, anomalies + normal)
    return Verdicts(
        source=source,
        run=run or None,
        model_version=version or None,
        anomalies=anomalies,
        normal=normal,
        precision=precision,
        low=low,
        high=high,
    )
