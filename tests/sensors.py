"""A small source of the tests' own, and records of it."""

from pathlib import Path

import msgspec
import numpy as np

from streamscore.sources import Source
from streamscore.sources.source_files import parse_source

SENSORS_TOML = b"""
name = "sensors"
key = "sensor"
nominal_rate = 0.02
[event_time]
field = "at"
format = "epoch_milliseconds"
[calibration]
window_records = 300
[fields.at]
type = "integer"
role = "time"
[fields.sensor]
type = "string"
role = "category"
[fields.owner]
type = "string"
role = "text"
private = true
[fields.temperature]
type = "float"
role = "number"
min = -100
max = 100
[fields.pressure]
type = "float"
role = "number"
required = false
[fields.is_open]
type = "boolean"
role = "flag"
[fields.readings]
type = "any"
role = "ignored"
required = false
"""

SENSORS: Source = parse_source(SENSORS_TOML, "sensors")

FIRST_AT_MS = 1_700_000_000_000
STEP_MS = 60_000


def sensor_values(count: int, seed: int = 0, first: int = 0) -> list[bytes]:
    """Records a minute apart, as they lie on a topic; one in ten has no pressure."""
    rng = np.random.default_rng(seed)
    values = []
    for i in range(first, first + count):
        record = {
            "at": FIRST_AT_MS + i * STEP_MS,
            "sensor": str(rng.choice(["north", "south", "attic"], p=[0.6, 0.35, 0.05])),
            "owner": f"ann {rng.integers(100)}",
            "temperature": round(float(rng.normal(20, 3)), 3),
            "pressure": None if rng.random() < 0.1 else round(float(rng.normal(1013, 5)), 2),
            "is_open": bool(rng.random() < 0.3),
            "readings": [1, {"x": 2}],
        }
        values.append(msgspec.json.encode(record))
    return values


def nested(source: Source) -> Source:
    """The source whose records hold the same fields within objects."""
    fields = {
        name: msgspec.structs.replace(field, path=f"payload.{name[:1]}.{name}")
        for name, field in source.fields.items()
    }
    changed: Source = msgspec.structs.replace(source, fields=fields)
    return changed


def write_lines(path: Path, values: list[bytes]) -> Path:
    """Write records as JSON lines."""
    path.write_bytes(b"\n".join(values) + b"\n")
    return path
