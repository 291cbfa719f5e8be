"""What the process of a compared detector may take."""

from msgspec import Struct

from streamscore.settings import Settings


class Limits(Struct, frozen=True, kw_only=True):
    """What the process of a compared detector may take.

    Attributes
    ----------
    timeout_seconds : float
        How long it may take.
    memory_bytes : int
        How much memory for data.
    """

    timeout_seconds: float
    memory_bytes: int


def limits_of(settings: Settings) -> Limits:
    """Return the limits that the settings give.

    Examples
    --------
    >>> limits_of(Settings()).timeout_seconds
    600.0
    """
    return Limits(
        timeout_seconds=settings.trainer.compared_timeout_seconds,
        memory_bytes=settings.trainer.compared_memory_bytes,
    )
