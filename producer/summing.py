"""Summing a replay up."""

from msgspec import Struct

from adapters.topic_admin import TopicDescription
from producer.outgoing import Tally
from producer.plan import ReplaySummary, Resumed
from producer.reading import Reading
from streamscore.events import iso_utc
from streamscore.sources import Source


class Outcome(Struct, frozen=True, kw_only=True):
    """How a replay ended.

    Attributes
    ----------
    reject_file : str or None
        Where rejected rows are written down.
    seconds : float
        How long sending took.
    interrupted : bool
        Whether it was stopped.
    resumed : Resumed
        What came of `--resume`.
    rounds : int
        How many rounds were begun.
    notes : tuple of str
        What else a person should know.
    """

    reject_file: str | None
    seconds: float
    interrupted: bool
    resumed: Resumed
    rounds: int = 1
    notes: tuple[str, ...] = ()


def summary_of(
    source: Source, topic: TopicDescription, reading: Reading, tally: Tally, outcome: Outcome
) -> ReplaySummary:
    """Sum a replay up."""
    return ReplaySummary(
        source=source.name,
        topic=topic.name,
        partitions=topic.partitions,
        rows_read=reading.rows,
        rejected=reading.rejected,
        skipped=reading.skipped,
        sent=tally.rows,
        injected=dict(tally.injected),
        reject_file=outcome.reject_file,
        first_event_time=None if tally.first_ms is None else iso_utc(tally.first_ms),
        last_event_time=None if tally.last_ms is None else iso_utc(tally.last_ms),
        seconds=round(outcome.seconds, 3),
        rate=round(tally.rows / outcome.seconds, 1) if outcome.seconds else 0.0,
        interrupted=outcome.interrupted,
        dialects=reading.dialects,
        already=tally.already,
        resumed=outcome.resumed,
        rounds=outcome.rounds,
        notes=outcome.notes,
    )
