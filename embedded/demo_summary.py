"""The end of a demo: what came in, what came out, and whether the two agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from embedded.demo_tally import Tally
from embedded.services import Addresses


class Counts(NamedTuple):
    """What a scorer says it has committed: records scored, of them flagged, and dead-lettered."""

    scored: int
    flagged: int
    dead: int


def counts_of(counters: Mapping[str, float]) -> Counts:
    """Take the counts from a scorer's metrics.

    Examples
    --------
    >>> counts_of({"streamscore_records_total": 40.0, "streamscore_anomalies_total": 1.0})
    Counts(scored=40, flagged=1, dead=0)
    """
    names = ("records", "anomalies", "deadletters")
    return Counts(*(int(counters.get(f"streamscore_{name}_total", 0)) for name in names))


class Found(msgspec.Struct, frozen=True):
    """Injected records of one kind, or of all.

    Attributes
    ----------
    injected, found : int
        How many there were, and how many of them were flagged.
    explained : int
        In how many of those one of the first three reasons names a field that was changed, or that
        was made untrue.
    """

    injected: int
    found: int
    explained: int


class Latency(msgspec.Struct, frozen=True):
    """From producing a record to reading its event, milliseconds, over so many events."""

    events: int
    p50: float
    p95: float
    p99: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a demo showed.

    Attributes
    ----------
    source, origin : str
        Which records, and where they came from.
    model : str
        Name and version of the model.
    history_records : int
        What it was trained on.
    records_in : int
        Confirmed by Kafka: rows and broken records.
    records_on_topic : int
        Read back from the topic.
    scored, dead_lettered, anomalies : int
        As the scorer counts what it has committed.
    dead_letters : dict of str to int
        Dead letters read, by reason.
    nominal_rate : float
        The share of normal records that may be flagged.
    realised_rate : float
        The share of the scored records that were flagged, injected ones left out.
    injected : dict of str to Found
        Injected anomalies by kind.
    injected_total : Found
        All kinds together.
    latency_ms : Latency
        From producing a record to reading its anomaly event or dead letter.
    records_per_second : float
        How fast records came in.
    replay_seconds, first_alert_seconds : float
        How long the replay took; when the first anomaly was read, since the start, or -1.
    phases_seconds : dict of str to float
        How long each step took; some ran side by side.
    addresses : Addresses or None
        Where everything is; None where it does not stay.
    faults : list of str
        Counts that contradict each other; none when all is well.
    """

    source: str
    origin: str
    model: str
    history_records: int
    records_in: int
    records_on_topic: int
    scored: int
    dead_lettered: int
    anomalies: int
    dead_letters: dict[str, int]
    nominal_rate: float
    realised_rate: float
    injected: dict[str, Found]
    injected_total: Found
    latency_ms: Latency
    records_per_second: float
    replay_seconds: float
    first_alert_seconds: float
    phases_seconds: dict[str, float]
    addresses: Addresses | None
    faults: list[str]


def is_complete(tally: Tally, counts: Counts, records_in: int) -> bool:
    """Say whether every record has come to its end, and the end was read.

    Parameters
    ----------
    tally : Tally
        What was read.
    counts : Counts
        What the scorer says.
    records_in : int
        How many records were sent.
    """
    return (
        counts.scored + counts.dead >= records_in
        and len(tally.records) >= records_in
        and len(tally.anomalies) >= counts.flagged
        and len(tally.dead_letters) >= counts.dead
    )


def faults_of(tally: Tally, counts: Counts, records_in: int) -> list[str]:
    """Check the counts against each other.

    Parameters
    ----------
    tally : Tally
        What was read.
    counts : Counts
        What the scorer says.
    records_in : int
        How many records were sent.

    Returns
    -------
    list of str
        A sentence for each contradiction.

    Examples
    --------
    >>> faults_of(Tally(), Counts(scored=2, flagged=0, dead=0), 2)
    ['2 records were sent, and 0 are on the topic']
    """
    scored, flagged, dead = counts
    read = {"anomalies": len(tally.anomalies), "dead letters": len(tally.dead_letters)}
    faults = []
    if len(tally.records) != records_in:
        faults.append(f"{records_in} records were sent, and {len(tally.records)} are on the topic")
    if scored + dead != records_in:
        faults.append(f"{records_in} records were sent, and {scored} scored + {dead} dead-lettered")
    for what, counted in {"anomalies": flagged, "dead letters": dead}.items():
        if counted != read[what]:
            faults.append(f"the scorer counts {counted} {what}, and {read[what]} were read")
    if tally.repeats:
        faults.append(f"{tally.repeats} events repeat one that was read before")
    if strangers := tally.strangers():
        faults.append(f"{strangers} events are of records that are not on the topic")
    return faults


def found_by_kind(tally: Tally) -> dict[str, Found]:
    """Return the injected records by kind, in alphabetical order, and how many were flagged."""
    injected, found, explained = tally.injected(), tally.found(), tally.found_by_a_changed_field()
    return {kind: Found(injected[kind], found[kind], explained[kind]) for kind in sorted(injected)}


def in_all(kinds: Iterable[Found]) -> Found:
    """Add kinds up.

    Examples
    --------
    >>> in_all([Found(8, 7, 7), Found(2, 1, 0)])
    Found(injected=10, found=8, explained=7)
    """
    counts = [msgspec.structs.astuple(kind) for kind in kinds]
    return Found(*map(sum, zip(*counts, strict=True))) if counts else Found(0, 0, 0)


def realised_rate(tally: Tally) -> float:
    """Return the share of records flagged, of those scored that nothing was put into."""
    rest = sum(
        sent.injected is None and place not in tally.dead_letters
        for place, sent in tally.records.items()
    )
    flagged = len(tally.anomalies) - tally.found().total()
    return flagged / rest if rest else 0.0


def latency(latencies_ms: Sequence[int]) -> Latency:
    """Return the percentiles of latencies.

    Examples
    --------
    >>> latency([9, 10, 11])
    Latency(events=3, p50=10.0, p95=10.9, p99=10.98)
    """
    if not latencies_ms:
        return Latency(0, 0.0, 0.0, 0.0)
    p50, p95, p99 = np.percentile(np.array(latencies_ms, float), [50, 95, 99]).round(2).tolist()
    return Latency(len(latencies_ms), p50, p95, p99)
