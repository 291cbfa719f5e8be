"""Telling a worker that another one took its place."""

from confluent_kafka import KafkaError

from scorer.wiring import Wiring
from streamscore.errors import BrokerError

_FENCED = {
    KafkaError._FENCED,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
}


def end_of(wiring: Wiring, error: KafkaError) -> BrokerError:
    """Return the error that ends a processor, from the one that Kafka gave."""
    # A consumer's fatal error has a code that says no more than that it is one.
    if error.code() in _FENCED or "fenced" in error.str().lower():
        return BrokerError(
            f"a slot belongs to one worker; another one uses slot {wiring.slot} of group "
            f"{wiring.group}. Give each a slot of its own with --slot, or the setting worker.slot. "
            f"Kafka answered: {error.str()}"
        )
    return BrokerError(f"{wiring.name} cannot go on with {wiring.input_topic}: {error.str()}")
