"""Records that obey their source's rules and nothing else."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from streamscore.sources import Field, Source

_SEED = 42
_LETTERS = "aAbZz09 .,!?-_/\"'\\\n\té\u00dfΩ中🙂http://www.x"
_START = datetime(2001, 1, 1)  # noqa: DTZ001  # local wall time


def random_rows(source: Source, count: int) -> list[bytes]:
    """Make records of any values that the source allows, optional ones at times left out."""
    rng = np.random.default_rng(_SEED)
    return [msgspec.json.encode(_row(source, rng)) for _ in range(count)]


def _row(source: Source, rng: np.random.Generator) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, field in source.fields.items():
        if field.required or rng.random() < 0.7:
            row[name] = _value(field, rng)
    row[source.event_time.field] = _moment(source.event_time.format, rng)
    return row


def _value(field: Field, rng: np.random.Generator) -> Any:
    low = max(-1e6, field.min if field.min is not None else -1e6)
    high = min(1e6, field.max if field.max is not None else 1e6)
    if field.type == "integer":
        return int(rng.integers(int(low), int(high), endpoint=True))
    if field.type == "float":
        return float(rng.uniform(low, high))
    if field.type == "boolean":
        return bool(rng.random() < 0.5)
    if field.type == "any":
        return [1, {"a": None}]
    if field.role == "category":
        return f"value {rng.zipf(1.5) % 1000}"
    length = int(rng.integers(0, min(field.max_length or 200, 200), endpoint=True))
    return "".join(rng.choice(list(_LETTERS), length))


def _moment(layout: str, rng: np.random.Generator) -> str | int:
    moment = _START + timedelta(seconds=int(rng.integers(0, 90 * 365 * 86_400)))
    if layout == "epoch_milliseconds":
        return int((moment - datetime(1970, 1, 1)).total_seconds() * 1000)  # noqa: DTZ001
    return moment.strftime(layout)
