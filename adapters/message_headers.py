"""The headers of a consumed message, also of one whose headers no client of ours would write."""

import logging
from operator import methodcaller
from typing import Any

from streamscore.headers import HEADERS

log = logging.getLogger(__name__)

Headers = list[tuple[str, bytes | None]]

UNREADABLE: Headers = [(HEADERS, b"unreadable")]
"""What stands for headers that cannot be read."""

# Not `message.headers()`: where a name is not UTF-8 the client hands out a list with holes and
# leaves the error behind. A specialised call instruction does not look for it and the process
# dies at the first use of the hole; a call from C looks, and raises `SystemError`.
_read_headers = methodcaller("headers")


def headers_of(message: Any) -> Headers:
    """Return the headers of a message of confluent-kafka.

    Kafka takes any bytes as the name of a header, the client UTF-8 only: a record of a careless
    writer must not end who reads it.

    Parameters
    ----------
    message : confluent_kafka.Message
        The message. Where its headers cannot be read they are replaced in it.

    Returns
    -------
    list of (str, bytes or None)
        Names and values, in their order; `UNREADABLE` for a list with a name that is not UTF-8.
    """
    try:
        found: Headers | None = _read_headers(message)
    except SystemError as error:
        log.warning(
            "%s/%d/%d: headers are left out, a name is not UTF-8: %s",
            message.topic(),
            message.partition(),
            message.offset(),
            error.__cause__,
        )
        # The message has kept the list with holes.
        message.set_headers(UNREADABLE)
        return UNREADABLE
    return found or []
