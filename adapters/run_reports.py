"""Runs as a list shows them: how far each has come."""

from __future__ import annotations

import msgspec

from adapters.run_positions import progress_of
from adapters.runs_topic import read_runs
from streamscore.errors import BrokerError
from streamscore.runs import AnyRun, LaterRun, Progress
from streamscore.settings import Settings


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """A run as a list shows it.

    Attributes
    ----------
    run : Run or LaterRun
        The run; of one that a later version wrote only its name.
    records, scored, dead_letters, left, anomalies : int
        Its records, and what became of them. `left` includes the marks that replays
        leave, until they are read.
    is_done : bool
        Whether it has records and all of them were processed.
    fault : str or None
        Why nothing could be told, as when its topics were deleted or its format is a later one.
    """

    run: AnyRun
    records: int
    scored: int
    dead_letters: int
    left: int
    anomalies: int
    is_done: bool
    fault: str | None = None


def list_runs(settings: Settings, source_name: str | None = None) -> list[RunReport]:
    """Return the runs of a source, or of all, those opened last first.

    Parameters
    ----------
    settings : Settings
        Sections ``kafka``, ``topics`` and ``scorer`` are read.
    source_name : str, optional
        The source; all by default.

    Raises
    ------
    BrokerError
        When Kafka does not answer.
    """
    runs = [run for run in read_runs(settings).values() if source_name in (None, run.source)]
    return [_report(settings, run) for run in sorted(runs, key=_newest_first, reverse=True)]


def _report(settings: Settings, run: AnyRun) -> RunReport:
    progress, fault = Progress(), None
    if isinstance(run, LaterRun):
        fault = run.why
    else:
        try:
            progress = progress_of(settings, run)
        except BrokerError as error:
            fault = str(error)
    return RunReport(
        run=run,
        records=progress.records,
        scored=progress.tally.scored,
        dead_letters=progress.tally.dead_letters,
        left=progress.left,
        anomalies=progress.tally.anomalies,
        is_done=progress.is_done,
        fault=fault,
    )


def _newest_first(run: AnyRun) -> tuple[str, str]:
    return "" if isinstance(run, LaterRun) else run.opened_at, run.key
