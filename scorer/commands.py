"""What is said on the `commands` topic: `resume` ends the pause of a source's processor."""

import logging
from collections.abc import Callable

import msgspec

from streamscore.events import RESUME, Command
from streamscore.formats import refusal, version_of

log = logging.getLogger(__name__)


def commands(resume: Callable[[str], None]) -> Callable[[bytes | None], None]:
    """Return what hears the values of the `commands` topic.

    Parameters
    ----------
    resume : callable
        Called with the name of the source whose pause is to end.

    Examples
    --------
    >>> commands(print)(b'{"format": 1, "source": "reviews", "command": "resume"}')
    reviews
    """

    def hear(value: bytes | None) -> None:
        try:
            why = refusal("command", version_of(value or b""))
            if why is not None:
                log.warning("a command is passed over: %s", why)
                return
            command = msgspec.json.decode(value or b"", type=Command)
        except msgspec.MsgspecError as error:
            log.warning("a command cannot be read: %s", error)
            return
        if command.command == RESUME:
            resume(command.source)
        # Any other one is for another reader, or of a later version.

    return hear
