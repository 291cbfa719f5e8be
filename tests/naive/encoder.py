"""The encoder with dictionaries: one record, one column at a time."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from streamscore.features import ColumnPlan
from streamscore.features.encoder import Learned
from streamscore.sources import Source
from tests.naive.codec import naive_value
from tests.naive.text import naive_text

Values = dict[str, Any]


def naive_fit(source: Source, history: Sequence[Values], plan: ColumnPlan) -> Learned:
    """Learn vocabularies, medians and interquartile ranges from records as JSON values."""
    vocabularies, centers, scales = {}, {}, {}
    for name, field in source.fields.items():
        known = [v for r in history if (v := naive_value(source, r, name)) is not None]
        if field.role == "category":
            counts = Counter(known)
            vocabularies[name] = sorted(counts, key=lambda v: (-counts[v], v))
        elif field.role == "number":
            centers[name], scales[name] = _center_and_scale([float(v) for v in known])
    return Learned(plan=plan, vocabularies=vocabularies, centers=centers, scales=scales)


def _center_and_scale(known: list[float]) -> tuple[float, float]:
    if not known:
        return 0.0, 1.0
    if len(known) == 1:
        return known[0], 1.0
    low, median, high = statistics.quantiles(known, n=4, method="inclusive")
    spread = high - low or statistics.fmean(abs(v - median) for v in known)
    return median, 1.0 / spread if spread > 1e-100 else 1.0


def naive_encode(source: Source, learned: Learned, record: Values, local_ms: int) -> list[float]:
    """Encode one record of JSON values."""
    row: list[float] = []
    for name, field in source.fields.items():
        value = naive_value(source, record, name)
        if field.role == "category":
            row.append(_code(learned.vocabularies[name], value))
        elif field.role == "number":
            row.append(_scaled(value, learned.centers[name], learned.scales[name]))
        elif field.role == "flag":
            row.append(math.nan if value is None else float(value))
    if learned.plan.cycles:
        for cycle in source.event_time.cycles:
            row += naive_cycle(cycle, local_ms)
    for name, field in source.fields.items():
        if field.role == "text":
            row += naive_text(naive_value(source, record, name), learned.plan.text_dimensions)
    return row


def _scaled(value: float | None, center: float, scale: float) -> float:
    if value is None:
        return math.nan
    return max(-1e30, min(1e30, (float(value) - center) * scale))


def _code(vocabulary: list[Any], value: Any) -> float:
    if value is None:
        return len(vocabulary) + 1.0
    return float(vocabulary.index(value)) if value in vocabulary else float(len(vocabulary))


def naive_cycle(cycle: str, local_ms: int) -> list[float]:
    """Sine and cosine of one calendar part."""
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=local_ms)  # noqa: DTZ001
    at, period = {
        "hour": (moment.hour, 24),
        "weekday": (moment.weekday(), 7),
        "month": (moment.month - 1, 12),
    }[cycle]
    angle = 2 * math.pi * at / period
    return [math.sin(angle), math.cos(angle)]
