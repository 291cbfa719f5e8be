"""What a replay is asked to do, and what it did."""

from pathlib import Path
from typing import Literal

from msgspec import Struct

from adapters.record_inputs import STANDARD_INPUT
from streamscore.errors import UsageError
from streamscore.runs import check_run_name
from streamscore.sources.record_files import LocalFile, RecordFile
from streamscore.sources.time_range import TimeRange

Resumed = Literal["not asked", "nothing found", "went on", "complete"]


class ReplayPlan(Struct, frozen=True, kw_only=True):
    """What to replay, and how fast.

    Attributes
    ----------
    files : tuple of RecordFile
        What is replayed.
    times : TimeRange
        Rows of which range of event time are sent.
    limit : int or None
        At most so many rows, the earliest.
    speed : float or None
        How many times faster than the event time; None is as fast as the broker takes them.
    rate : float or None
        Rows a second; None leaves the pace to `speed`.
    inject_rate : float
        The share of rows, 0 to 1, that an anomaly is put into.
    seed : int
        Seed of the injection, at least 0.
    partitions : int or None
        Partitions of the topic where it is created; None takes the setting.
    rejects : Path or None
        The reject file; None is `SOURCE.rejects.jsonl` in the current folder.
    allow_behind : bool
        Whether rows may be older than what the topic already holds.
    dialect : str or None
        How the files are written; None recognises it of each.
    resume : bool
        Whether to go on behind the last row that the topic holds of this replay.
    follow : bool
        Whether the one file grows: rows go in the order of arrival, and more is waited for.
    idle_seconds : float or None
        A followed file that brings nothing new for so long has ended; None waits for ever.
    rounds : int or None
        How often the files are replayed, each further round moved on in time; None is as often as
        the source's range of time allows.
    run : str or None
        The run that is replayed into, which is open; None is the live stream.
    """

    files: tuple[RecordFile, ...]
    times: TimeRange = TimeRange()
    limit: int | None = None
    speed: float | None = None
    rate: float | None = None
    inject_rate: float = 0.0
    seed: int = 0
    partitions: int | None = None
    rejects: Path | None = None
    allow_behind: bool = False
    dialect: str | None = None
    resume: bool = False
    follow: bool = False
    idle_seconds: float | None = None
    rounds: int | None = 1
    run: str | None = None

    def reject_file(self, source_name: str) -> Path:
        """Return where rejected rows of the source are written down."""
        return self.rejects or Path(f"{source_name}.rejects.jsonl")

    def check(self, source_name: str) -> None:
        """Check the values against each other, and that the reject file destroys no input.

        Parameters
        ----------
        source_name : str
            Name of the source that is replayed.

        Raises
        ------
        UsageError
            When one is out of its range or no name of a run, two exclude each other, or the reject
            file is one of the files, a folder, or in a folder that is not there.
        """
        if self.run is not None:
            check_run_name(self.run)
        self._check_numbers()
        self._check_rounds()
        if self.follow:
            self._check_following()
        elif self.idle_seconds is not None:
            raise UsageError(f"--idle is for --follow; got {self.idle_seconds:g} without it")
        if self.resume and any(file.name == STANDARD_INPUT for file in self.files):
            raise UsageError(
                "--resume reads the files again from their beginning; got standard input, which is "
                "gone. Write it to a file, and replay that."
            )
        _check_reject_file(self.reject_file(source_name), self.files)

    def _check_numbers(self) -> None:
        if self.speed is not None and self.rate is not None:
            raise UsageError(
                f"the pace is set by --speed or by --rate; got {self.speed:g}x and {self.rate:g}/s"
            )
        above_zero = {
            "--speed": self.speed,
            "--rate": self.rate,
            "--limit": self.limit,
            "--idle": self.idle_seconds,
            "--loop": self.rounds,
        }
        for name, value in above_zero.items():
            if value is not None and not value > 0:
                raise UsageError(f"{name} must be above 0, got {value:g}")
        if not 0 <= self.inject_rate <= 1:
            raise UsageError(f"--inject is a share from 0 to 1, got {self.inject_rate:g}")
        if self.seed < 0:
            raise UsageError(f"--seed must be at least 0, got {self.seed}")

    def _check_rounds(self) -> None:
        if self.rounds == 1:
            return
        if self.follow:
            raise UsageError("a file that is followed has no end to begin again at; got --loop")
        if any(file.name == STANDARD_INPUT for file in self.files):
            raise UsageError("--loop reads the files again; got standard input. Give it a file.")

    def _check_following(self) -> None:
        if len(self.files) != 1:
            raise UsageError(f"--follow takes one file, got {len(self.files)}")
        if self.limit is not None:
            raise UsageError(
                f"--limit takes the earliest rows of whole files; got {self.limit} with --follow"
            )
        if self.speed is not None:
            raise UsageError("a file that is followed sets the pace itself; got --speed")
        (file,) = self.files
        is_here = isinstance(file, LocalFile) or file.name == STANDARD_INPUT
        if not is_here or file.name.endswith(".gz"):
            raise UsageError(
                "--follow takes a file of this machine as it is written, or standard input; got "
                f"{file.name}"
            )


def _check_reject_file(rejects: Path, files: tuple[RecordFile, ...]) -> None:
    if any(isinstance(file, LocalFile) and _is_same(rejects, file.path) for file in files):
        fault = f"must not be one of the files replayed, got {rejects}"
    elif rejects.is_dir():
        fault = f"must be a file, got the folder {rejects}"
    elif not rejects.parent.is_dir():
        fault = f"must lie in a folder that exists; {rejects.parent} does not"
    else:
        return
    raise UsageError(f"the reject file {fault}. Name another with --rejects FILE.")


def _is_same(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    # Two names of one file, by a hard link, differ when resolved.
    return one.exists() and other.exists() and one.samefile(other)


class ReplaySummary(Struct, frozen=True, kw_only=True):
    """What a replay did.

    Every row of the files is in exactly one of rejected, skipped, already and sent, in each round,
    unless interrupted.

    Attributes
    ----------
    source, topic : str
        What was replayed, and where to.
    partitions : int
        How many the topic has; 0 for a run where there was nothing to send.
    rows_read : int
        Rows of the files.
    dialects : dict of str to str
        File -> how it is written, `canonical` for the source's own spelling.
    rejected : dict of str to int
        Reason -> rows that no record can be made of, or without an event time.
    skipped : int
        Rows outside the range of event time, or beyond the limit.
    sent : int
        Rows that Kafka has confirmed.
    injected : dict of str to int
        Kind -> rows, of those sent, that went out with an anomaly put into them.
    reject_file : str or None
        Where the rejected rows are written down; None where there are none.
    first_event_time, last_event_time : str or None
        Event times of the first and the last row sent, ISO 8601 in UTC.
    seconds : float
        How long sending took, until the last confirmation.
    rate : float
        Rows a second.
    interrupted : bool
        Whether it was stopped before its end; then no partition has the control record `end`.
    already : int
        Rows that the topic already held of an earlier start, which were not sent again.
    resumed : {"not asked", "nothing found", "went on", "complete"}
        What came of `--resume`.
    rounds : int
        How many rounds were begun.
    notes : tuple of str
        What else a person should know.
    """

    source: str
    topic: str
    partitions: int
    rows_read: int
    dialects: dict[str, str]
    rejected: dict[str, int]
    skipped: int
    sent: int
    injected: dict[str, int]
    reject_file: str | None
    first_event_time: str | None
    last_event_time: str | None
    seconds: float
    rate: float
    interrupted: bool
    already: int = 0
    resumed: Resumed = "not asked"
    rounds: int = 1
    notes: tuple[str, ...] = ()
