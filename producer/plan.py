"""What a replay is asked to do, and what it did."""

from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from streamscore.errors import UsageError
from streamscore.sources.time_range import TimeRange


class ReplayPlan(Struct, frozen=True, kw_only=True):
    """What to replay, and how fast.

    Attributes
    ----------
    files : tuple of Path
        CSV or JSON lines, plain or gzipped.
    times : TimeRange
        Rows of which range of event time are sent.
    limit : int or None
        At most so many rows, the earliest.
    speed : float or None
        How many times faster than the event time; None is as fast as the broker takes them.
    rate : float or None
        Messages a second, injected copies included; None leaves the pace to `speed`.
    inject_rate : float
        The share of rows, 0 to 1, that are followed by an anomalous copy.
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
    """

    files: tuple[Path, ...]
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
            When one is out of its range, two exclude each other, or the reject file is one of the
            files, a folder, or in a folder that is not there.
        """
        self._check_numbers()
        _check_reject_file(self.reject_file(source_name), self.files)

    def _check_numbers(self) -> None:
        if self.speed is not None and self.rate is not None:
            raise UsageError(
                f"the pace is set by --speed or by --rate; got {self.speed:g}x and {self.rate:g}/s"
            )
        above_zero = {"--speed": self.speed, "--rate": self.rate, "--limit": self.limit}
        for name, value in above_zero.items():
            if value is not None and not value > 0:
                raise UsageError(f"{name} must be above 0, got {value:g}")
        if not 0 <= self.inject_rate <= 1:
            raise UsageError(f"--inject is a share from 0 to 1, got {self.inject_rate:g}")
        if self.seed < 0:
            raise UsageError(f"--seed must be at least 0, got {self.seed}")


def _check_reject_file(rejects: Path, files: tuple[Path, ...]) -> None:
    if any(_is_same(rejects, path) for path in files):
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

    Every row of the files is in exactly one of rejected, skipped and sent, unless interrupted.

    Attributes
    ----------
    source, topic : str
        What was replayed, and where to.
    partitions : int
        How many the topic has.
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
        Kind -> anomalous copies that Kafka has confirmed, beside `sent`.
    reject_file : str or None
        Where the rejected rows are written down; None where there are none.
    first_event_time, last_event_time : str or None
        Event times of the first and the last row sent, ISO 8601 in UTC.
    seconds : float
        How long sending took, until the last confirmation.
    rate : float
        Messages a second, injected copies included.
    interrupted : bool
        Whether it was stopped before its end; then no partition has a control record.
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


def iso_utc(utc_ms: int) -> str:
    """Return a moment as ISO 8601 in UTC.

    Examples
    --------
    >>> iso_utc(1_700_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    text = datetime.fromtimestamp(utc_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")
