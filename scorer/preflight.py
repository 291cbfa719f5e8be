"""What is checked before scoring begins."""

import logging
import socket
from collections import Counter
from collections.abc import Sequence

from streamscore.calibration import records_to_promise
from streamscore.errors import UsageError
from streamscore.features.minilm import require_embedding
from streamscore.sources import Source
from streamscore.topics import topic_name

log = logging.getLogger(__name__)


def refuse_repeated_sources(sources: Sequence[Source], prefix: str) -> None:
    """Refuse sources that would share a name or the topic of their records.

    Raises
    ------
    UsageError
        When a name or a topic occurs more than once: two processors would take it from each other.
    """
    names = Counter(source.name for source in sources)
    topics = Counter(topic_name("records", source, prefix=prefix) for source in sources)
    for what, counted in (("name", names), ("records topic", topics)):
        repeated = [one for one, count in counted.items() if count > 1]
        if repeated:
            raise UsageError(
                f"sources scored by one worker have a {what} each; received {repeated[0]} more "
                "than once. Give each source once"
            )


def refuse_a_taken_address(bind: str, port: int) -> None:
    """Refuse an address for the pages that cannot be listened on.

    Raises
    ------
    UsageError
        When another program has the port, or the address is none of this machine's.
    """
    try:
        socket.create_server((bind, port)).close()
    except OSError as error:
        raise UsageError(
            f"a worker's pages need an address of their own; {bind}, port {port} cannot be had: "
            f"{error.strerror}. Name another with --port, or 0 for any free one (worker.bind, "
            "worker.port)"
        ) from None


def refuse_a_missing_embedding(sources: Sequence[Source]) -> None:
    """Refuse sources whose texts need a language model that is not installed.

    Raises
    ------
    UsageError
        As `require_embedding`.
    """
    for source in sources:
        require_embedding(source)


def warn_of_a_short_window(source: Source, partitions: int) -> None:
    """Warn where a partition's window is too short to keep the promised flag rate."""
    wanted = records_to_promise(source.nominal_rate)
    capacity = source.calibration.window_records // partitions
    if capacity < wanted:
        log.warning(
            "%s: a window should hold at least %d records for a nominal rate of %g; each of %d "
            "partitions has %d, so their flag rate may be off. Use fewer partitions, or raise "
            "calibration.window_records to %d",
            source.name,
            wanted,
            source.nominal_rate,
            partitions,
            capacity,
            wanted * partitions,
        )
