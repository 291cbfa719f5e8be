"""How a replay comes to its topic: made where it may be, not behind what is there, or taken up."""

import msgspec
from msgspec import Struct

from adapters.topic_admin import TopicAdmin, TopicDescription, ensure_topics
from producer.marks import ReplayMark
from producer.pacing import Clock
from producer.plan import ReplayPlan, Resumed
from producer.resuming import Resumption, check_content, lost, resumption_of, settled
from producer.sending import RecordSender
from producer.traces import Traces, find_traces
from producer.watermark import topic_watermark
from streamscore.errors import UsageError
from streamscore.events import iso_utc
from streamscore.headers import CONTROL_BEGIN, CONTROL_RESUME
from streamscore.settings import Kafka, Settings
from streamscore.sources import Codec, Source
from streamscore.topics import topic_name


def records_topic(plan: ReplayPlan, source: Source, settings: Settings) -> TopicDescription:
    """Return the topic that a replay goes to, made where it is missing and may be made.

    Raises
    ------
    UsageError
        When the plan asks for other partitions than the topic has.
    BrokerError
        When there is no such topic, or Kafka does not answer.
    """
    if plan.partitions is not None:
        topics = msgspec.structs.replace(settings.topics, records_partitions=plan.partitions)
        settings = msgspec.structs.replace(settings, topics=topics)
    with TopicAdmin(settings.kafka) as admin:
        found = ensure_topics(admin, settings, source, run=plan.run, kinds=["records"])["records"]
    if plan.partitions is not None and found.partitions != plan.partitions:
        raise UsageError(
            f"--partitions is for a topic that is created; {found.name} exists and has "
            f"{found.partitions}, got {plan.partitions}"
        )
    return found


def unopened_topic(plan: ReplayPlan, source: Source, settings: Settings) -> TopicDescription:
    """Return what stands for the topic of a run that there is nothing to be sent to.

    The name of a run is a run's once: none is opened for nothing.
    """
    name = topic_name("records", source, prefix=settings.topics.prefix, run=plan.run)
    return TopicDescription(name, topic_id="", partitions=0, replication_factor=0)


class Start(Struct, frozen=True):
    """Where a replay starts.

    Attributes
    ----------
    mark : ReplayMark
        What its messages carry.
    resumption : Resumption or None
        Where one that was broken off goes on; None begins at the beginning.
    resumed : Resumed
        What came of `--resume`.
    """

    mark: ReplayMark
    resumption: Resumption | None = None
    resumed: Resumed = "not asked"

    @property
    def is_complete(self) -> bool:
        """Whether the topic holds all of the replay."""
        return self.resumed == "complete"


def find_start(
    plan: ReplayPlan, mark: ReplayMark, codec: Codec, kafka: Kafka, topic: str, first_ms: int
) -> Start:
    """Tell where a replay starts; nothing is written.

    Parameters
    ----------
    plan : ReplayPlan
        What to replay.
    mark : ReplayMark
        Of a replay that begins now.
    codec : Codec
        Of the source.
    kafka : Kafka
        How to connect.
    topic : str
        The topic; it must exist.
    first_ms : int
        Event time of the first row.

    Raises
    ------
    UsageError
        When it would go behind what the topic holds, a file has changed since it was begun, or the
        topic has lost what would tell where to go on.
    BrokerError
        When the topic cannot be read.
    """
    traces = find_traces(kafka, topic, mark.plan) if plan.resume else None
    found = resumption_of(traces, topic) if traces else None
    if found is None:
        check_beginning(plan, first_ms, codec, kafka, topic, traces)
        return Start(mark, None, "nothing found" if plan.resume else "not asked")
    check_content(found, mark.content, topic)
    return Start(found.mark, found, "complete" if found.is_complete else "went on")


def begin(
    plan: ReplayPlan, start: Start, sender: RecordSender, kafka: Kafka, clock: Clock
) -> Resumption | None:
    """Mark every partition before the first row, and return where to go on, if anywhere.

    Parameters
    ----------
    plan : ReplayPlan
        What to replay.
    start : Start
        Where it starts, as found.
    sender : RecordSender
        To the topic.
    kafka : Kafka
        How to connect.
    clock : Clock
        Time.

    Raises
    ------
    UsageError
        When the replay is still sent by another process.
    BrokerError
        When Kafka does not take the control records, or cannot be read.
    """
    mark = start.mark.text()
    if start.resumption is None:
        sender.control(CONTROL_BEGIN, mark)
        return None

    def look_again() -> Resumption | None:
        sender.control(CONTROL_RESUME, mark)
        traces = find_traces(kafka, sender.topic, start.mark.plan, followed=plan.follow)
        return resumption_of(traces, sender.topic)

    return settled(start.resumption, look_again, sender.topic, clock)


def check_beginning(
    plan: ReplayPlan, first_ms: int, codec: Codec, kafka: Kafka, topic: str, traces: Traces | None
) -> None:
    """Refuse to begin with a row that is older than what the topic holds, or was there before.

    Parameters
    ----------
    plan : ReplayPlan
        What to replay.
    first_ms : int
        Event time of the first row.
    codec : Codec
        Of the source.
    kafka : Kafka
        How to connect.
    topic : str
        The topic.
    traces : Traces or None
        What was looked for and not found; None where the replay is not to be taken up.

    Raises
    ------
    UsageError
        When it would go behind, or may have been there before retention removed it.
    BrokerError
        When the topic cannot be read.
    """
    may_be_lost = traces is not None and traces.may_be_lost
    watermark_ms = None if plan.allow_behind else topic_watermark(kafka, codec, topic)
    if watermark_ms is None and may_be_lost:
        raise lost(f"nothing of it is left in {topic}, whose oldest messages are gone")
    if watermark_ms is None or first_ms >= watermark_ms:
        return
    later = iso_utc(watermark_ms + 1)
    looked = ""
    if traces is not None:
        looked = (
            " No replay of these files, with these options and the source as it is now, was found "
            "there to be taken up."
        )
    raise UsageError(
        f"a replay must not go behind what {topic} already holds, up to {iso_utc(watermark_ms)}; "
        f"the first row is of {iso_utc(first_ms)}. Send only later rows with --from {later}, "
        "replay all of them into a run of their own with --run NAME, or send them as late "
        f"records, with --allow-behind.{looked}"
    )
