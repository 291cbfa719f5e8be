"""The slow and obvious encoder that the generated one must agree with: dictionaries and loops."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.features import Column
from streamscore.features.encoder import Learned

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # local wall time
_LARGEST = 1e30


def encode_plainly(
    columns: Sequence[Column],
    learned: Learned,
    rows: Sequence[Mapping[str, Any]],
    local_ms: Sequence[int],
) -> NDArray[np.float64]:
    """Encode rows, given as JSON objects, one value at a time: float64 of shape (n, d)."""
    out = np.empty((len(rows), len(columns)))
    for i, row in enumerate(rows):
        texts: dict[str, list[float]] = {}
        for j, column in enumerate(columns):
            if column.kind in ("text_statistic", "text_hash"):
                if column.field not in texts:
                    text = row.get(column.field) or ""
                    texts[column.field] = _of_text(text, learned.plan.text_dimensions)
                out[i, j] = texts[column.field].pop(0)
            elif column.kind == "cycle":
                out[i, j] = _of_cycle(column.name, local_ms[i])
            else:
                out[i, j] = _of_scalar(column, learned, row.get(column.field))
    return out


def _of_scalar(column: Column, learned: Learned, value: Any) -> float:
    if column.kind == "code":
        vocabulary = learned.vocabularies[column.field]
        if value is None:
            return float(len(vocabulary) + 1)
        return float(vocabulary.index(value) if value in vocabulary else len(vocabulary))
    if value is None:
        return math.nan
    if column.kind == "flag":
        return float(value)
    scaled = (float(value) - learned.centers[column.field]) * learned.scales[column.field]
    return max(-_LARGEST, min(_LARGEST, scaled))


def _of_cycle(name: str, local_ms: int) -> float:
    moment = _EPOCH + timedelta(milliseconds=local_ms)
    _, cycle, part = name.rsplit(".", 2)
    places = {
        "hour": (moment.hour, 24),
        "weekday": (moment.weekday(), 7),
        "month": (moment.month - 1, 12),
    }
    place, period = places[cycle]
    angle = 2 * math.pi * place / period
    return math.sin(angle) if part == "sin" else math.cos(angle)


def _of_text(text: str, dimensions: int) -> list[float]:
    words = _words(text.encode())
    characters = max(len(text), 1)
    ascii_marks = [c for c in text if "!" <= c <= "~" and not c.isalnum()]
    statistics = [
        math.log1p(len(text)),
        math.log1p(len(words)),
        sum("A" <= c <= "Z" for c in text) / characters,
        sum("0" <= c <= "9" for c in text) / characters,
        len(ascii_marks) / characters,
        float(_links(text.encode())),
    ]
    hashed = [0.0] * dimensions
    for word in words if dimensions else []:
        code = _fnv1a(word)
        hashed[(code >> 20) % dimensions] += 1.0 if code >> 63 else -1.0
    norm = math.sqrt(sum(value * value for value in hashed)) or 1.0
    return statistics + [value / norm for value in hashed]


def _words(data: bytes) -> list[bytes]:
    is_letter = bytes(
        b if (chr(b).isascii() and chr(b).isalnum()) or b >= 128 else 32 for b in data
    )
    # Lower case of ASCII alone: other bytes are parts of characters.
    return [word.lower() for word in is_letter.split(b" ") if word]


def _links(data: bytes) -> int:
    count = 0
    for i in range(len(data)):
        starts = i == 0 or not (chr(data[i - 1]).isascii() and chr(data[i - 1]).isalnum())
        starts = starts and (i == 0 or data[i - 1] < 128)
        found = data[i : i + 4].lower()
        count += starts and found in {b"http", b"www."}
    return count


def _fnv1a(word: bytes) -> int:
    code = 14695981039346656037
    for byte in word:
        code = ((code ^ byte) * 1099511628211) % 2**64
    return code
