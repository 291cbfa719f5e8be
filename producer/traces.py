"""What a topic still holds of a replay: the last message of it in each partition."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, Protocol

from confluent_kafka import KafkaException

from adapters.message_headers import headers_of
from adapters.topic_reading import Span, TopicReading
from producer.marks import ReplayMark
from streamscore.errors import BrokerError
from streamscore.headers import CONTROL, CONTROL_BEGIN, CONTROL_RESUME, ORIGINAL, REPLAY, ROW
from streamscore.settings import Kafka

FIRST_LOOK_BACK = 300
"""Messages at the end of a partition that are looked at first; each further look is ten times."""

Headers = Iterable[tuple[str, bytes | None]]


class Trace(NamedTuple):
    """The last message of a replay in a partition.

    Attributes
    ----------
    mark : ReplayMark
        Of which start of the replay it is.
    kind : {"begin", "row", "end"}
        Whether it is the control record at the beginning, a record, or the one at the end.
    message_id : str
        The id of a record, as in the header `streamscore-row`; empty for the others.
    """

    mark: ReplayMark
    kind: Literal["begin", "row", "end"]
    message_id: str = ""


class Traces(NamedTuple):
    """What the partitions of a topic hold of a replay.

    Attributes
    ----------
    by_partition : dict of int to Trace or None
        For each partition of the topic.
    is_shortened : bool
        Whether the topic has lost messages at its beginning, to retention or by a command.
    """

    by_partition: Mapping[int, Trace | None]
    is_shortened: bool

    @property
    def may_be_lost(self) -> bool:
        """Whether nothing is there, and there may have been something."""
        return self.is_shortened and not any(self.found())

    def found(self) -> Iterator[Trace]:
        """Yield those that there are."""
        return (trace for trace in self.by_partition.values() if trace is not None)


def trace_of(headers: Headers, plan: str, *, followed: bool = False) -> Trace | None:
    """Return what a message says of a replay.

    Parameters
    ----------
    headers : iterable of (str, bytes or None)
        The message's headers.
    plan : str
        Hash of the plan that is looked for.
    followed : bool
        Whether the replay follows a file, whose end is no end: it may have grown.

    Returns
    -------
    Trace or None
        None for a message of another plan, and for one that says nothing of how far it came.

    Examples
    --------
    >>> mark = b"1-0f3a5b7c9d11-77e0c4a1b2d3-18bcfe56800-3"
    >>> trace_of([("streamscore-row", b"a.csv:7"), ("streamscore-replay", mark)],
    ...     "0f3a5b7c9d11").message_id
    'a.csv:7'
    """
    values = dict(headers)
    if ORIGINAL in values:
        return None  # sent back from the dead letters: it says nothing of what came before it
    mark = ReplayMark.read(values.get(REPLAY))
    if mark is None or mark.plan != plan:
        return None
    control = values.get(CONTROL)
    if control is None:
        row_id = values.get(ROW)
        return None if row_id is None else Trace(mark, "row", row_id.decode())
    if control == CONTROL_BEGIN:
        return Trace(mark, "begin")
    if control == CONTROL_RESUME or followed:
        return None
    return Trace(mark, "end")


def find_traces(kafka: Kafka, topic: str, plan: str, *, followed: bool = False) -> Traces:
    """Look from the end of each partition for the last message of a replay.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    topic : str
        The topic; it must exist.
    plan : str
        Hash of the replay's plan.
    followed : bool
        Whether the replay follows a file.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or refuses to let the topic be read.
    """
    try:
        # A replay sends without transactions: a foreign one that is still open must not hide it.
        with TopicReading(kafka, topic, group="streamscore-producer", committed=False) as reading:
            spans = reading.spans()
            found = last_traces(reading, spans, plan, followed=followed)
    except KafkaException as error:
        reason = error.args[0]
        raise BrokerError(
            f"{topic} must be readable, so that a replay can be taken up where it broke off; "
            f"Kafka answered {reason.name()}: {reason.str()}. Check that it runs, the settings of "
            "[kafka], and the rights that `streamscore topics check` lists."
        ) from None
    return Traces(found, any(span.low > 0 for span in spans.values()))


class Tail(Protocol):
    """What gives stretches of a topic."""

    def messages(self, stretches: Mapping[int, Span]) -> Iterator[Any]:
        """Yield what partitions hold between two offsets each, the first of them included."""


def last_traces(
    tail: Tail, spans: Mapping[int, Span], plan: str, *, followed: bool = False
) -> dict[int, Trace | None]:
    """Return the last trace of a replay in each partition, looking further and further back.

    Parameters
    ----------
    tail : Tail
        Gives the messages.
    spans : mapping of int to Span
        Where each partition begins and ends.
    plan : str
        Hash of the replay's plan.
    followed : bool
        Whether the replay follows a file.
    """
    found: dict[int, Trace | None] = dict.fromkeys(spans)
    left = dict(spans)
    look_back = FIRST_LOOK_BACK
    while left:
        stretches = {
            n: Span(max(span.low, span.high - look_back), span.high) for n, span in left.items()
        }
        for message in tail.messages(stretches):
            trace = trace_of(headers_of(message), plan, followed=followed)
            if trace is not None:
                found[message.partition() or 0] = trace
        left = {
            number: Span(spans[number].low, stretch.low)
            for number, stretch in stretches.items()
            if found[number] is None and stretch.low > spans[number].low
        }
        look_back *= 10
    return found
