"""Runs: replays of history beside the live stream of a source, each with topics of its own.

What is known of a run travels on the topic ``runs``, keyed by ``source/run``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, Self

import msgspec

from streamscore.errors import UsageError
from streamscore.formats import refusal, version_of
from streamscore.settings import Settings

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,48}\Z")


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run's records, kept with the offsets of its group.

    Attributes
    ----------
    scored : int
        Records scored and committed.
    dead_letters : int
        Records that break a rule of the source.
    anomalies : int
        Records flagged, among those scored.
    """

    scored: int = 0
    dead_letters: int = 0
    anomalies: int = 0

    def plus(self, other: Tally) -> Tally:
        """Return the sums.

        Examples
        --------
        >>> Tally(scored=2).plus(Tally(scored=1, anomalies=1))
        Tally(scored=3, dead_letters=0, anomalies=1)
        """
        return Tally(
            scored=self.scored + other.scored,
            dead_letters=self.dead_letters + other.dead_letters,
            anomalies=self.anomalies + other.anomalies,
        )

    def less(self, other: Tally) -> Tally:
        """Return the differences."""
        return Tally(
            scored=self.scored - other.scored,
            dead_letters=self.dead_letters - other.dead_letters,
            anomalies=self.anomalies - other.anomalies,
        )

    def note(self) -> str:
        """Return the tally as the metadata of an offset holds it."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def of_note(cls, note: str | None) -> Self:
        """Read the metadata of an offset; what is no tally counts as nothing.

        Examples
        --------
        >>> Tally.of_note(Tally(scored=7).note()).scored
        7
        >>> Tally.of_note("first position")
        Tally(scored=0, dead_letters=0, anomalies=0)
        """
        try:
            return msgspec.json.decode(note or "", type=cls)
        except msgspec.DecodeError:
            return cls()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run has come.

    Attributes
    ----------
    tally : Tally
        What became of the records that were processed.
    left : int
        Messages of the records topic still to be read, marks of replays included.
    """

    tally: Tally = Tally()
    left: int = 0

    @property
    def records(self) -> int:
        """Records of the run: scored, dead-lettered, or still to be read."""
        return self.tally.scored + self.tally.dead_letters + self.left

    @property
    def is_done(self) -> bool:
        """Whether there were records, and none is left."""
        return self.left == 0 and self.records > 0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a source, open or closed.

    Attributes
    ----------
    format : int
        Version of this layout; 1.
    source, run : str
        Name of the source, and of the run.
    status : {"open", "closed"}
        Whether workers score it.
    model, version : str
        The registered model and its version, fixed when the run was opened.
    trained_by : str
        The MLflow run that trained that version: one that was deleted and made again is another.
    partitions : int
        Partitions of its records topic.
    opened_at : str
        When it was opened, ISO 8601 in UTC.
    closed_at : str or None
        When it was closed, ISO 8601 in UTC.
    progress : Progress or None
        How far it had come when it was closed; None while it is open.
    """

    format: Literal[1] = 1
    source: str
    run: str
    status: Literal["open", "closed"]
    model: str
    version: str
    trained_by: str = ""
    partitions: int
    opened_at: str
    closed_at: str | None = None
    progress: Progress | None = None

    @property
    def key(self) -> str:
        """Its key on the topic ``runs``."""
        return run_key(self.source, self.run)


class LaterRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that a later version wrote: there is one of that name, and no more is known of it.

    Attributes
    ----------
    source, run : str
        Name of the source, and of the run.
    why : str
        Which formats are read, and what to do.
    """

    source: str
    run: str
    why: str

    @property
    def key(self) -> str:
        """Its key on the topic ``runs``."""
        return run_key(self.source, self.run)


AnyRun = Run | LaterRun


def run_key(source_name: str, run: str) -> str:
    """Return the key of a run.

    Examples
    --------
    >>> run_key("accidents", "june")
    'accidents/june'
    """
    return f"{source_name}/{run}"


def check_run_name(name: str) -> None:
    """Check the name of a run: it becomes part of names of topics, groups and metrics.

    Raises
    ------
    UsageError
        When it breaks the rule.
    """
    if not _NAME.match(name):
        raise UsageError(
            "the name of a run is at most 49 lower-case letters, digits, - and _, and begins with "
            f"a letter or a digit; received {name!r}. Give another name"
        )


def scoring_processor(source_name: str, run: str | None = None) -> str:
    """Return the name of the processor that scores a source, or one of its runs.

    Examples
    --------
    >>> scoring_processor("accidents"), scoring_processor("accidents", "june")
    ('scoring.accidents', 'scoring.accidents.june')
    """
    return f"scoring.{source_name}" + (f".{run}" if run else "")


def group_of(settings: Settings, processor: str) -> str:
    """Return a processor's group. It begins as topics do, so that deployments keep apart.

    Examples
    --------
    >>> from streamscore.settings import Topics
    >>> group_of(Settings(topics=Topics(prefix="team1.")), "scoring.accidents")
    'team1.streamscore.scoring.accidents'
    """
    return f"{settings.topics.prefix}{settings.scorer.group}.{processor}"


def fold_run(runs: dict[str, AnyRun], key: bytes | None, value: bytes | None) -> None:
    """Take a message of the topic ``runs`` into what is known; one without a value removes.

    Raises
    ------
    msgspec.DecodeError
        When it is no run.
    """
    name = (key or b"").decode(errors="replace")
    if not value:
        runs.pop(name, None)
        return
    why = refusal("run", version_of(value))
    if why is not None:
        source_name, _, run_name = name.partition("/")
        runs[name] = LaterRun(source=source_name, run=run_name, why=why)
        return
    run = msgspec.json.decode(value, type=Run)
    runs[run.key] = run


def known_run(runs: Mapping[str, AnyRun], source_name: str, name: str) -> Run | None:
    """Return what is known of a run; None where there is none.

    Raises
    ------
    UsageError
        When a later version wrote it.
    """
    found = runs.get(run_key(source_name, name))
    if isinstance(found, LaterRun):
        raise UsageError(f"{found.key} is a run of a later version: {found.why}")
    return found


def check_open(runs: Mapping[str, AnyRun], source_name: str, name: str) -> None:
    """Check that a run is open, so that what is sent to it is scored.

    Raises
    ------
    UsageError
        When it is not, or a later version wrote it.
    """
    check_run_name(name)
    found = known_run(runs, source_name, name)
    if found is None or found.status != "open":
        state = "has no such run" if found is None else f"closed it {found.closed_at}"
        raise UsageError(
            f"records are sent to a run while it is open; received {name}, and {source_name} "
            f"{state}. `streamscore runs list {source_name}` shows the open ones"
        )


def find_open(
    runs: Mapping[str, AnyRun],
    source_name: str,
    name: str,
    version: str | None = None,
    partitions: int | None = None,
) -> Run | None:
    """Return the run of a name if it is open already, as it is wanted; None where it is new.

    Parameters
    ----------
    runs : mapping of str to Run
        What is known, by key.
    source_name, name : str
        The source and the run.
    version : str, optional
        The model version that is wanted; None takes any.
    partitions : int, optional
        The partitions that are wanted; None takes any.

    Raises
    ------
    UsageError
        When it was closed, is open with another version or other partitions, or a later version
        of streamscore wrote it.
    """
    check_run_name(name)
    found = known_run(runs, source_name, name)
    if found is None:
        return None
    if found.status == "closed":
        raise UsageError(
            f"a run is opened once; {name} of {source_name} was closed {found.closed_at}, and its "
            f"results are in the topics that end with .{name}. Open one under another name"
        )
    for what, wanted, there in (
        ("version", version, found.version),
        ("partitions", partitions, found.partitions),
    ):
        if wanted is not None and str(wanted) != str(there):
            raise UsageError(
                f"a run keeps the {what} that it was opened with; {name} of {source_name} has "
                f"{there}, received {wanted}. Go on without saying so, or open another run"
            )
    return found


def check_room(runs: Iterable[AnyRun], most_open: int) -> None:
    """Check that another run may be opened. One that a later version wrote may be open.

    Raises
    ------
    UsageError
        When as many are open as may be.
    """
    names = sorted(one.key for one in runs if isinstance(one, LaterRun) or one.status == "open")
    if len(names) >= most_open:
        raise UsageError(
            f"at most {most_open} runs may be open (scorer.max_open_runs); open are "
            f"{', '.join(names)}. Close one with `streamscore runs close SOURCE NAME`"
        )
