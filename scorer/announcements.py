"""What is said on the `models` topic: each announcement wakes the model source of its source.

An announcement that is lost costs a wait of `scorer.model_poll_seconds` and no more.
"""

import logging
from collections.abc import Callable

import msgspec

from streamscore.events import Announcement

log = logging.getLogger(__name__)


def announcements(wake: Callable[[str], None]) -> Callable[[bytes | None], None]:
    """Return what hears the values of the `models` topic.

    Parameters
    ----------
    wake : callable
        Called with the name of the source of each announcement.

    Examples
    --------
    >>> hear = announcements(print)
    >>> hear(b'{"source": "reviews", "model": "m", "version": "2", "alias": "production"}')
    reviews
    """

    def hear(value: bytes | None) -> None:
        try:
            announced = msgspec.json.decode(value or b"", type=Announcement)
        except msgspec.MsgspecError as error:
            log.warning("an announcement cannot be read: %s", error)
            return
        wake(announced.source)

    return hear
