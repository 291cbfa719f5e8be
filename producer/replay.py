"""Replaying files into Kafka, in the order of event time."""

import time
from collections.abc import Callable

import msgspec

from adapters.topic_admin import TopicDescription
from producer.delivery import Delivery
from producer.following import follow
from producer.marks import ReplayMark, plan_hash
from producer.ordering import SpooledOrdering
from producer.outgoing import Tally
from producer.pacing import Clock, SystemClock
from producer.plan import ReplayPlan, ReplaySummary, Resumed
from producer.progress import OnProgress, Telling
from producer.reading import FileReader, RejectFile, file_names
from producer.rounds import Rounds
from producer.sending import RecordSender
from producer.starting import find_start, records_topic, unopened_topic
from producer.summing import Outcome, summary_of
from streamscore.settings import Settings
from streamscore.sources import Codec, Source
from streamscore.sources.dialects import CANONICAL


def replay(
    plan: ReplayPlan,
    source: Source,
    settings: Settings,
    *,
    clock: Clock | None = None,
    on_progress: OnProgress = lambda _progress: None,
    is_stopped: Callable[[], bool] = lambda: False,
    started_ms: int | None = None,
    open_run: Callable[[], object] = lambda: None,
) -> ReplaySummary:
    """Replay files into the records topic of a source.

    Every delivery is confirmed. A row with a key goes to the partition that the key's hash names;
    without, the rows go to the partitions in turn. The order within a partition is that of event
    time, file and line. Each partition begins and ends with a control record, unless there was no
    row to send. Each message carries what a later start goes on by, should this one be broken off.

    Parameters
    ----------
    plan : ReplayPlan
        What, and how fast.
    source : Source
        The source.
    settings : Settings
        Sections `kafka`, `topics` and `scorer` are read; topics are created where they may be.
    clock : Clock, optional
        Time; the machine's by default.
    on_progress : callable
        Told several times a second.
    is_stopped : callable
        True ends the replay early: what is queued is still delivered.
    started_ms : int, optional
        Now, milliseconds since 1970-01-01T00:00Z; the machine's wall clock by default.
    open_run : callable
        Opens the run that the plan names, if any. It is called when the files were read and have
        rows to send; of a followed file when it is there.

    Returns
    -------
    ReplaySummary
        What was done.

    Raises
    ------
    UsageError
        When the plan breaks a rule, a file cannot be read, the replay would go behind what the
        topic holds, or it cannot be taken up where it broke off.
    BrokerError
        When Kafka does not take the records.
    """
    plan.check(source.name)
    telling = Telling(clock or SystemClock(), on_progress, is_stopped)
    if started_ms is None:
        started_ms = time.time_ns() // 1_000_000
    if plan.follow:
        return follow(plan, source, settings, telling, started_ms, open_run)
    return _replay(plan, source, settings, telling, started_ms, open_run)


def _replay(
    plan: ReplayPlan,
    source: Source,
    settings: Settings,
    telling: Telling,
    started_ms: int,
    open_run: Callable[[], object],
) -> ReplaySummary:
    names = file_names(plan.files)
    max_bytes = settings.scorer.record_max_bytes
    codec = Codec(source, max_bytes)
    reader = FileReader(source, plan.times, max_bytes, plan.dialect)
    with SpooledOrdering(names) as ordering, RejectFile(plan.reject_file(source.name)) as rejects:
        reading = reader.read(plan.files, ordering, rejects, telling.rows_read)
        if plan.run is not None and (telling.is_stopped or not len(ordering)):
            topic = unopened_topic(plan, source, settings)
        else:
            open_run()
            topic = records_topic(plan, source, settings)
        dialects = [reading.dialects.get(file.name, CANONICAL) for file in plan.files]
        digest = plan_hash(plan, source, names, max_bytes, dialects)
        mark = ReplayMark(digest, reader.content(), started_ms, topic.partitions)
        sending = _Sending(plan, codec, settings, topic, telling)
        sending.run(ordering, mark)
    a_round = min(len(ordering), plan.limit or len(ordering))
    passed = min(a_round, sending.tally.rows + sending.tally.already)
    reading = msgspec.structs.replace(reading, skipped=reading.skipped + len(ordering) - passed)
    return summary_of(source, topic, reading, sending.tally, sending.outcome(rejects))


class _Sending:
    """The sending half of a replay."""

    def __init__(
        self,
        plan: ReplayPlan,
        codec: Codec,
        settings: Settings,
        topic: TopicDescription,
        telling: Telling,
    ) -> None:
        self._plan = plan
        self._codec = codec
        self._kafka = settings.kafka
        self._max_bytes = settings.scorer.record_max_bytes
        self._topic = topic.name
        self._telling = telling
        self._resumed: Resumed = "not asked"
        self._rounds: Rounds | None = None
        self.tally = Tally()

    def run(self, ordering: SpooledOrdering, mark: ReplayMark) -> None:
        """Send the rows, unless the topic holds all of them."""
        plan, telling = self._plan, self._telling
        times = ordering.time_range_ms()
        if times is None or telling.is_stopped:
            return
        rounds = self._rounds = Rounds(ordering, self._codec.source, plan.limit, plan.rounds)
        start = find_start(plan, mark, self._codec, self._kafka, self._topic, times[0])
        self._resumed = start.resumed
        rows = min(len(ordering), plan.limit or len(ordering))
        telling.begin("sending", None if plan.rounds is None else rows * plan.rounds)
        if start.is_complete:
            self.tally.already = rows * (plan.rounds or 1)
            return
        with RecordSender(self._kafka, self._topic, self._max_bytes) as sender:
            Delivery(plan, self._codec, telling, sender, self._kafka, self.tally).run(rounds, start)
        telling.tell(self.tally.rows + self.tally.already, self.tally.last_ms, always=True)

    def outcome(self, rejects: RejectFile) -> Outcome:
        """Return how it ended."""
        rounds = self._rounds
        return Outcome(
            reject_file=str(rejects.path) if rejects.counts else None,
            seconds=self._telling.seconds(),
            interrupted=self._telling.is_stopped,
            resumed=self._resumed,
            rounds=rounds.begun if rounds else 0,
            notes=rounds.notes() if rounds and not self._telling.is_stopped else (),
        )
