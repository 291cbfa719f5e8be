"""Delivering the rows of a replay: paced, marked at both ends, and confirmed."""

from collections.abc import Iterable

from producer.ordering import OrderedRow
from producer.outgoing import Outgoing, Tally
from producer.pacing import Pacer, Schedule, at_event_speed, at_once, at_rate
from producer.plan import ReplayPlan
from producer.progress import Telling
from producer.sending import RecordSender
from producer.starting import Start, begin
from streamscore.headers import CONTROL_END
from streamscore.settings import Kafka
from streamscore.sources import Codec

_LOOKED_UP_EVERY_ROWS = 64


class Delivery:
    """Sends the rows of a replay to its topic.

    Parameters
    ----------
    plan : ReplayPlan
        How fast, and what is injected.
    codec : Codec
        Of the source.
    telling : Telling
        Is told how far it is, and says when to stop.
    sender : RecordSender
        To the topic.
    kafka : Kafka
        How to connect.
    tally : Tally
        Counts what is sent.
    """

    def __init__(
        self,
        plan: ReplayPlan,
        codec: Codec,
        telling: Telling,
        sender: RecordSender,
        kafka: Kafka,
        tally: Tally,
    ) -> None:
        self._plan = plan
        self._codec = codec
        self._telling = telling
        self._sender = sender
        self._kafka = kafka
        self._pacer: Pacer | None = None
        self._tally = tally

    def run(self, rows: Iterable[OrderedRow], start: Start) -> None:
        """Send rows until there are no more, or until stopped; all are confirmed then.

        Raises
        ------
        UsageError
            When the replay that is taken up is still sent by another process.
        StreamscoreError
            When it does not make the rows that the topic holds.
        BrokerError
            When Kafka does not take a record.
        """
        resumption = begin(self._plan, start, self._sender, self._kafka, self._telling.clock)
        outgoing = Outgoing(
            self._sender,
            self._codec,
            start.mark,
            resumption,
            inject_rate=self._plan.inject_rate,
            seed=self._plan.seed,
            is_spread=self._sender.partitions != start.mark.partitions,
            tally=self._tally,
        )
        for number, ordered in enumerate(rows):
            if not number % _LOOKED_UP_EVERY_ROWS and self._tell():
                break
            if not outgoing.send(ordered, self._wait):
                break
        self._sender.flush()
        if not self._telling.is_stopped and not self._plan.follow:
            outgoing.check_end()
            ended = resumption.ended if resumption else ()
            self._sender.control(CONTROL_END, start.mark.text(), but=ended)

    def _wait(self, index: int, utc_ms: int) -> bool:
        if self._pacer is None:
            schedule = _schedule(self._plan, utc_ms)
            self._pacer = Pacer(schedule, self._telling.clock, self.idle)
        self._pacer.wait(index, utc_ms)
        return not self._telling.is_stopped

    def idle(self) -> bool:
        """Serve deliveries while there is nothing to send; True when the replay is to stop."""
        self._sender.poll()
        return self._tell()

    def _tell(self) -> bool:
        return self._telling.tell(self._tally.rows + self._tally.already, self._tally.last_ms)


def _schedule(plan: ReplayPlan, first_ms: int) -> Schedule:
    if plan.rate is not None:
        return at_rate(plan.rate)
    return at_once() if plan.speed is None else at_event_speed(plan.speed, first_ms)
