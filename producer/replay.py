"""Replaying files into Kafka, in the order of event time."""

from collections import Counter
from collections.abc import Callable

import msgspec
import numpy as np

from adapters.topic_admin import TopicAdmin, TopicDescription, ensure_topics
from producer.ordering import OrderedRow, SpooledOrdering
from producer.pacing import Clock, Pacer, Schedule, SystemClock, at_event_speed, at_once, at_rate
from producer.plan import ReplayPlan, ReplaySummary, iso_utc
from producer.progress import OnProgress, Telling
from producer.reading import FileReader, Reading, RejectFile, file_names
from producer.sending import BY_KEY, RecordSender
from producer.watermark import topic_watermark
from streamscore.errors import UsageError
from streamscore.headers import INJECTED, ROW
from streamscore.settings import Settings
from streamscore.sources import Codec, RecordFault, Source
from streamscore.synthetic import Injector

_LOOKED_UP_EVERY_ROWS = 64


def replay(
    plan: ReplayPlan,
    source: Source,
    settings: Settings,
    *,
    clock: Clock | None = None,
    on_progress: OnProgress = lambda _progress: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> ReplaySummary:
    """Replay files into the records topic of a source.

    Every delivery is confirmed. A row with a key goes to the partition that the key's hash names;
    without, the rows go to the partitions in turn. The order within a partition is that of event
    time, file and line. Each partition ends with a control record, unless there was no row to send.

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

    Returns
    -------
    ReplaySummary
        What was done.

    Raises
    ------
    UsageError
        When the plan breaks a rule, a file cannot be read, or the replay would go behind what the
        topic holds.
    BrokerError
        When Kafka does not take the records.
    """
    plan.check(source.name)
    names = file_names(plan.files)
    rejects = RejectFile(plan.reject_file(source.name))
    telling = Telling(clock or SystemClock(), on_progress, is_stopped)
    with SpooledOrdering(names) as ordering, rejects:
        telling.begin("reading", None)
        max_bytes = settings.scorer.record_max_bytes
        codec = Codec(source, max_bytes)
        reader = FileReader(source, plan.times, max_bytes, plan.dialect)
        reading = reader.read(plan.files, ordering, rejects, telling.rows_read)
        topic = _topic(plan, source, settings)
        if not plan.allow_behind and not telling.is_stopped:
            _refuse_going_behind(ordering, codec, settings, topic.name)
        with RecordSender(settings.kafka, topic.name, max_bytes) as sender:
            sending = _Sending(plan, codec, sender, telling)
            sending.run(ordering)
    return _summary(source, topic, reading, ordering, rejects, sending, telling.is_stopped)


class _Sending:
    """The sending half of a replay."""

    def __init__(
        self, plan: ReplayPlan, codec: Codec, sender: RecordSender, telling: Telling
    ) -> None:
        self._plan = plan
        self._sender = sender
        self._telling = telling
        self._rng = np.random.default_rng(plan.seed)
        self._codec = codec
        self._injector = Injector(codec.source, self._rng)
        self.rows = self.messages = 0
        self.injected: Counter[str] = Counter()
        self.first_ms: int | None = None
        self.last_ms: int | None = None
        self.seconds = 0.0

    def run(self, ordering: SpooledOrdering) -> None:
        """Send every row, unless stopped, and wait until all are confirmed."""
        times = ordering.time_range_ms(self._plan.limit)
        self.first_ms = times[0] if times else None
        self._telling.begin("sending", min(len(ordering), self._plan.limit or len(ordering)))
        pacer = Pacer(_schedule(self._plan, self.first_ms or 0), self._telling.clock, self._idle)
        for ordered in ordering.rows(self._plan.limit):
            if not self.rows % _LOOKED_UP_EVERY_ROWS:
                self._telling.tell(self.rows, self.last_ms)
            pacer.wait(self.messages, ordered.row.utc_ms)
            if self._telling.is_stopped:
                break
            self._send(ordered)
        if self.rows and not self._telling.is_stopped:
            self._sender.end()
        self._sender.flush()
        self._telling.tell(self.rows, self.last_ms, always=True)
        self.seconds = self._telling.clock.now() - self._telling.start

    def _send(self, ordered: OrderedRow) -> None:
        row_id, (value, key, utc_ms) = ordered
        partition = self.rows % self._sender.partitions if key is None else BY_KEY
        self._sender.send(value, key, partition, [(ROW, row_id)])
        self.rows += 1
        self.messages += 1
        self.last_ms = utc_ms
        if self._plan.inject_rate and self._rng.random() < self._plan.inject_rate:
            self._send_anomaly(ordered, partition)

    def _send_anomaly(self, ordered: OrderedRow, partition: int) -> None:
        try:
            self._codec.decode(ordered.row.value)
        except RecordFault:
            return  # what is no record is no example of an anomaly either
        record, kind = self._injector.inject(msgspec.json.decode(ordered.row.value))
        if kind is None:
            return
        headers: list[tuple[str, str | bytes | None]] = [
            (ROW, f"{ordered.row_id}#{kind}"),
            (INJECTED, kind),
        ]
        self._sender.send(msgspec.json.encode(record), ordered.row.key, partition, headers)
        self.messages += 1
        self.injected[kind] += 1

    def _idle(self) -> bool:
        self._sender.poll()
        return self._telling.tell(self.rows, self.last_ms)


def _schedule(plan: ReplayPlan, first_ms: int) -> Schedule:
    if plan.rate is not None:
        return at_rate(plan.rate)
    return at_once() if plan.speed is None else at_event_speed(plan.speed, first_ms)


def _topic(plan: ReplayPlan, source: Source, settings: Settings) -> TopicDescription:
    if plan.partitions is not None:
        topics = msgspec.structs.replace(settings.topics, records_partitions=plan.partitions)
        settings = msgspec.structs.replace(settings, topics=topics)
    with TopicAdmin(settings.kafka) as admin:
        found = ensure_topics(admin, settings, source, kinds=["records"])["records"]
    if plan.partitions is not None and found.partitions != plan.partitions:
        raise UsageError(
            f"--partitions is for a topic that is created; {found.name} exists and has "
            f"{found.partitions}, got {plan.partitions}"
        )
    return found


def _refuse_going_behind(
    ordering: SpooledOrdering, codec: Codec, settings: Settings, topic: str
) -> None:
    times = ordering.time_range_ms()
    watermark_ms = topic_watermark(settings.kafka, codec, topic) if times else None
    if times is None or watermark_ms is None or times[0] >= watermark_ms:
        return
    after = iso_utc(watermark_ms)
    raise UsageError(
        f"a replay must not go behind what {topic} already holds, up to {after}; the first row is "
        f"of {iso_utc(times[0])}. Send only later rows with --from {after}, or send all of them, "
        "as late records, with --allow-behind."
    )


def _summary(
    source: Source,
    topic: TopicDescription,
    reading: Reading,
    ordering: SpooledOrdering,
    rejects: RejectFile,
    sending: _Sending,
    interrupted: bool,
) -> ReplaySummary:
    sent = sending.rows > 0
    return ReplaySummary(
        source=source.name,
        topic=topic.name,
        partitions=topic.partitions,
        rows_read=reading.rows,
        dialects=reading.dialects,
        rejected=reading.rejected,
        skipped=reading.skipped + len(ordering) - sending.rows,
        sent=sending.rows,
        injected=dict(sending.injected),
        reject_file=str(rejects.path) if reading.rejected else None,
        first_event_time=iso_utc(sending.first_ms) if sent and sending.first_ms else None,
        last_event_time=iso_utc(sending.last_ms) if sent and sending.last_ms else None,
        seconds=round(sending.seconds, 3),
        rate=round(sending.messages / sending.seconds, 1) if sending.seconds else 0.0,
        interrupted=interrupted,
    )
