"""The live part of a demo: records replayed, broken ones among them, until each has its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from adapters.topic_admin import TopicDescription
from embedded.demo_data import DemoData
from embedded.demo_faults import broken_records
from embedded.demo_plan import DemoPlan
from embedded.demo_summary import (
    Counts,
    Summary,
    counts_of,
    faults_of,
    found_by_kind,
    in_all,
    is_complete,
    latency,
    realised_rate,
)
from embedded.demo_tally import Tally
from embedded.demo_training import Outcome
from embedded.demo_view import DemoView
from embedded.demo_watch import Watch
from embedded.services import Addresses, ScorerService
from producer.plan import ReplayPlan, ReplaySummary
from producer.progress import Progress
from producer.replay import replay
from producer.sending import RecordSender
from streamscore.settings import Settings
from streamscore.sources.record_files import LocalFile

_STILL_SECONDS = 30.0
_POLL_SECONDS = 0.05


class BrokenRecords:
    """Sends broken records, spread over the replay.

    Parameters
    ----------
    sender : RecordSender
        Where to.
    values : list of bytes or None
        The records.
    """

    def __init__(self, sender: RecordSender, values: list[bytes | None]) -> None:
        self._sender = sender
        self._values = values
        self.sent = 0

    def follow(self, progress: Progress) -> None:
        """Send those that are due at this point of the replay."""
        share = progress.rows / (progress.total or 1)
        while self.sent < len(self._values) and share * (len(self._values) + 1) > self.sent + 1:
            self._send()
        self._sender.poll()

    def send_rest(self) -> None:
        """Send what is left, and wait until all are confirmed."""
        while self.sent < len(self._values):
            self._send()
        self._sender.flush()

    def _send(self) -> None:
        # A null value is a record like any other to Kafka, though the types of its client say no.
        self._sender.send(self._values[self.sent], None, 0, [])  # type: ignore[arg-type]
        self.sent += 1


class Replaying:
    """Replays the later records of a demo and follows them to their end.

    Parameters
    ----------
    plan : DemoPlan
        How fast, and with how many anomalies.
    data : DemoData
        The records.
    settings : Settings
        Of the stack.
    topics : Mapping[str, TopicDescription]
        The source's topics by kind.
    scorer : ScorerService
        Is asked for its counts.
    view : DemoView
        Where it is shown.
    """

    def __init__(
        self,
        plan: DemoPlan,
        data: DemoData,
        settings: Settings,
        topics: Mapping[str, TopicDescription],
        scorer: ScorerService,
        view: DemoView,
    ) -> None:
        self._plan = plan
        self._data = data
        self._settings = settings
        self._topics = topics
        self._scorer = scorer
        self._view = view

    def run(self, rejects: Path, outcome: Outcome, addresses: Addresses) -> Summary:
        """Replay everything and sum it up.

        Parameters
        ----------
        rejects : Path
            Where rows are written down that are no records.
        outcome : Outcome
            The model that scores.
        addresses : Addresses
            For the summary.

        Raises
        ------
        StreamscoreError
            When records cannot be sent or read, or the scorer makes no progress.
        """
        tally = Tally()
        watch = Watch(self._settings.kafka, self._topics, tally, self._view)
        with watch.running():
            replayed, broken = self._replay(rejects)
            records_in = replayed.sent + broken
            counts = self._followed(watch, records_in)
        return self._summary(tally, counts, replayed, records_in, outcome, addresses)

    def _replay(self, rejects: Path) -> tuple[ReplaySummary, int]:
        plan = ReplayPlan(
            files=(LocalFile(self._data.live),),
            rate=self._plan.rate,
            inject_rate=self._plan.inject,
            seed=self._plan.seed,
            rejects=rejects,
            allow_behind=True,  # the topic is new
        )
        broken_values = [v for _, v in broken_records(self._data.source, self._data.example)]
        with RecordSender(self._settings.kafka, self._topics["records"].name) as sender:
            broken = BrokenRecords(sender, broken_values)

            def on_progress(progress: Progress) -> None:
                self._view.replaying(progress)
                if progress.phase == "sending":
                    broken.follow(progress)

            replayed = replay(plan, self._data.source, self._settings, on_progress=on_progress)
            broken.send_rest()
        return replayed, broken.sent

    def _followed(self, watch: Watch, records_in: int) -> Counts:
        """Wait until every record has its end, or nothing moves any more."""
        moved = time.monotonic()
        before: tuple[int, ...] = ()
        while True:
            watch.check()
            self._scorer.check()
            counts = counts_of(self._scorer.counters(self._data.source.name))
            if is_complete(watch.tally, counts, records_in):
                return counts
            seen = (*counts, len(watch.tally.anomalies), len(watch.tally.dead_letters))
            if seen != before:
                before, moved = seen, time.monotonic()
            elif time.monotonic() - moved > _STILL_SECONDS:
                return counts  # the summary says what is missing
            time.sleep(_POLL_SECONDS)

    def _summary(
        self,
        tally: Tally,
        counts: Counts,
        replayed: ReplaySummary,
        records_in: int,
        outcome: Outcome,
        addresses: Addresses,
    ) -> Summary:
        injected = found_by_kind(tally)
        return Summary(
            source=self._data.source.name,
            origin=self._data.origin,
            model=f"{outcome.model} version {outcome.version}",
            history_records=outcome.history_records,
            records_in=records_in,
            records_on_topic=len(tally.records),
            scored=counts.scored,
            dead_lettered=counts.dead,
            anomalies=counts.flagged,
            dead_letters=dict(sorted(tally.reasons.items())),
            nominal_rate=self._data.source.nominal_rate,
            realised_rate=realised_rate(tally),
            injected=injected,
            injected_total=in_all(injected.values()),
            latency_ms=latency(tally.latencies_ms()),
            records_per_second=replayed.rate,
            replay_seconds=replayed.seconds,
            first_alert_seconds=self._view.first_alert_seconds,
            phases_seconds=dict(self._view.phases),
            addresses=addresses,
            faults=faults_of(tally, counts, records_in),
        )
