"""What a processor is connected to, and how librdkafka is configured for it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from streamscore.settings import Scorer


class Wiring(Struct, frozen=True, kw_only=True):
    """What a processor is connected to.

    Attributes
    ----------
    name : str
        Name of the processor.
    group : str
        The consumer group, and the start of transactional ids.
    connection : mapping
        How librdkafka connects.
    settings : Scorer
        Batches, timeouts, checkpoints.
    input_topic, state_topic : str
        What is read and where state is kept; partition p of one belongs to p of the other.
    slot : int
        The worker's slot: stable over restarts, unique among workers alive.
    max_message_bytes : int
        Largest output, in bytes.
    is_static : bool
        Whether the worker stays a member of the group while it is away for less than a session. A
        run's is not: its group must be empty, and go, as soon as the run is closed.
    """

    name: str
    group: str
    connection: Mapping[str, str]
    settings: Scorer
    input_topic: str
    state_topic: str
    slot: int
    max_message_bytes: int
    is_static: bool = True


def consumer_config(wiring: Wiring) -> dict[str, Any]:
    """Return the configuration of the consumer of records."""
    settings = wiring.settings
    return {
        **wiring.connection,
        "group.id": wiring.group,
        # A static member that comes back within the session takes its partitions at once.
        **({"group.instance.id": f"{wiring.group}.{wiring.slot}"} if wiring.is_static else {}),
        "client.id": f"{wiring.group}.{wiring.slot}",
        "partition.assignment.strategy": "range",
        "session.timeout.ms": settings.session_timeout_ms,
        "heartbeat.interval.ms": min(3000, settings.session_timeout_ms // 3),
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        # The default of a second stalls a consumer that is faster than its fetches.
        "fetch.queue.backoff.ms": 5,
        "fetch.wait.max.ms": 100,
        "retry.backoff.ms": 5,
    }


def producer_config(wiring: Wiring) -> dict[str, Any]:
    """Return the configuration of the transactional producer."""
    return {
        **wiring.connection,
        "client.id": f"{wiring.group}.{wiring.slot}",
        # Stable by slot: a successor ends at once what its predecessor left open.
        "transactional.id": f"{wiring.group}.{wiring.slot}",
        "transaction.timeout.ms": wiring.settings.transaction_timeout_ms,
        "message.timeout.ms": wiring.settings.transaction_timeout_ms,
        "message.max.bytes": wiring.max_message_bytes,
        "partitioner": "murmur2_random",
        "linger.ms": 1,
        "queue.buffering.max.messages": 1_000_000,
        # 100 ms by default, which shows at the 99th percentile of latency.
        "retry.backoff.ms": 5,
        "compression.type": "lz4",
        # Bootstrapping anew forgets the group's coordinator and then waits for it, until the
        # call's limit: https://github.com/confluentinc/librdkafka/issues/5511
        "metadata.recovery.strategy": "none",
    }
