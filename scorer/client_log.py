"""What librdkafka has to say, in the log of the service and without its everyday noise."""

import logging

_EVERYDAY = (
    # A broker that has just started; librdkafka asks again by itself.
    "Coordinator load in progress",
    # Said of every idle connection that the broker closes.
    "Disconnected while requesting ApiVersion",
)


def client_log(client: str) -> logging.Logger:
    """Return the logger of one kind of client.

    Parameters
    ----------
    client : str
        `consumer` or `producer`.
    """
    logger = logging.getLogger(f"librdkafka.{client}")
    logger.addFilter(_is_news)
    return logger


def _is_news(record: logging.LogRecord) -> bool:
    """Tell whether a line is worth reading.

    Examples
    --------
    >>> _is_news(logging.makeLogRecord({"msg": "Coordinator load in progress: retrying"}))
    False
    """
    message = record.getMessage()
    return not any(words in message for words in _EVERYDAY)
