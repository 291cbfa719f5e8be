"""How far a stream has come: the latest event time of what its topic ends with."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from math import ceil

from confluent_kafka import KafkaException, Message

from adapters.message_headers import headers_of
from adapters.topic_reading import Span, TopicReading
from streamscore.errors import BrokerError
from streamscore.headers import CONTROL
from streamscore.settings import Kafka
from streamscore.sources import Codec, RecordFault

LOOK_BACKS = (300, 3_000, 30_000)
"""Messages at the end of a partition that are looked at, until enough of them are good records."""

LARGEST_SAMPLE = 300
"""Good records of a partition that are judged, the last ones."""

ENOUGH = 60
"""Good records of a partition that are enough not to look further back."""

CONFIRMED_BY = 3
"""Records, or the share `CONFIRMED_BY_SHARE` of them, that must have come so far."""

CONFIRMED_BY_SHARE = 0.05


def topic_watermark(kafka: Kafka, codec: Codec, topic: str) -> int | None:
    """Return the latest event time among the last records of each partition.

    One absurd date must not stand for the whole stream, so a time counts only as
    `confirmed_latest` says. Of each partition the last 300 messages are looked at; where fewer than
    60 of them are good records the last 3,000, then the last 30,000. Beyond that it is judged by
    what there is, and a partition without any good record says nothing.

    Parameters
    ----------
    kafka : Kafka
        How to connect.
    codec : Codec
        Of the source whose records the topic holds.
    topic : str
        The topic; it must exist.

    Returns
    -------
    int or None
        Milliseconds since 1970-01-01T00:00Z; None where no good record was found.

    Raises
    ------
    BrokerError
        When Kafka does not answer, or refuses to let the topic be read.
    """
    try:
        with TopicReading(kafka, topic, group="streamscore-producer", committed=True) as reading:
            samples = _samples(reading, codec)
            return max((confirmed_latest(times) for times in samples if times), default=None)
    except KafkaException as error:
        reason = error.args[0]
        raise BrokerError(
            f"The end of {topic} must be readable, so that a replay cannot go behind it; Kafka "
            f"answered {reason.name()}: {reason.str()}. --allow-behind replays without looking."
        ) from None


def confirmed_latest(times: Collection[int]) -> int:
    """Return the latest of some event times that is not absurd beside the others.

    The k-th largest is taken as reached, k being 5 % of them and at least 3 (of fewer than six, the
    middle one). A later one is believed if it is no further ahead of that than that is ahead of the
    k-th smallest: no further than the times span by themselves.

    Parameters
    ----------
    times : collection of int, of length at least 1
        Milliseconds.

    Examples
    --------
    >>> confirmed_latest([100, 200, 300, 400, 500, 600, 700, 4_070_908_800_000])
    700
    """
    ordered = sorted(times)
    count = len(ordered)
    confirmed_by = max(CONFIRMED_BY, ceil(CONFIRMED_BY_SHARE * count))
    place = min(confirmed_by, (count + 1) // 2) - 1
    reached, early = ordered[-1 - place], ordered[place]
    return max(time for time in ordered if time - reached <= reached - early)


def _samples(reading: TopicReading, codec: Codec) -> Iterator[Sequence[int]]:
    """Yield the event times of the last good records of each partition."""
    spans = reading.spans()
    for look_back in LOOK_BACKS:
        stretches = {
            number: Span(max(low, high - look_back), high) for number, (low, high) in spans.items()
        }
        samples = {number: deque[int](maxlen=LARGEST_SAMPLE) for number in spans}
        for message in reading.messages(stretches):
            time = _event_time(codec, message)
            if time is not None:
                samples[message.partition() or 0].append(time)
        for number, sample in samples.items():
            is_whole = stretches[number].low == spans[number].low
            if is_whole or len(sample) >= ENOUGH or look_back == LOOK_BACKS[-1]:
                del spans[number]
                yield sample


def _event_time(codec: Codec, message: Message) -> int | None:
    if any(name == CONTROL for name, _ in headers_of(message)):
        return None
    try:
        return codec.event_time(codec.decode(message.value())).utc_ms
    except RecordFault:
        return None
