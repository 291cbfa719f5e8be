"""Event times by the standard library alone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from streamscore.sources.source import EventTime

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001


def naive_event_time(plan: EventTime, value: str | float) -> tuple[int, int]:
    """Milliseconds since the epoch, in UTC and on the wall clock; ValueError if unreadable."""
    zone = ZoneInfo(plan.zone)
    if plan.format.startswith("epoch_"):
        assert not isinstance(value, str)
        number = value * 1000 if plan.format == "epoch_seconds" else value
        moment = EPOCH.replace(tzinfo=UTC) + timedelta(milliseconds=round(number))
    else:
        assert isinstance(value, str)
        moment = _read(plan.format, value)
    if moment.tzinfo is None:
        local = moment.replace(tzinfo=zone, fold=0)
        return _since_epoch(local.astimezone(UTC)), _since_epoch(local)
    return _since_epoch(moment.astimezone(UTC)), _since_epoch(moment.astimezone(zone))


def _read(layout: str, text: str) -> datetime:
    if layout == "iso8601":
        return datetime.fromisoformat(text)
    return datetime.strptime(text, layout)  # noqa: DTZ007


def _since_epoch(moment: datetime) -> int:
    return (moment.replace(tzinfo=None) - EPOCH) // timedelta(milliseconds=1)
