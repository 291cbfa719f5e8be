"""A small task of the tests' own sensors."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from streamscore.evaluation.task import Injecting, Slice, Task
from streamscore.sources import Codec
from streamscore.sources.codec import Batch
from streamscore.synthetic.role_anomalies import role_kinds
from tests.sensors import SENSORS, sensor_values

CODEC = Codec(SENSORS)
PREVALENCE = 0.01
SEEDS = (1, 2)


def sliced(batch: Batch) -> Slice:
    return Slice(batch.records, batch.utc_ms, batch.local_ms)


@cache
def slices() -> tuple[Slice, Slice, Slice]:
    every = sliced(CODEC.read(sensor_values(1200)))
    return every.part(0, 700), every.part(700, 900), every.part(900, 1200)


@cache
def asked() -> Task:
    train, calibrate, test = slices()
    injecting = Injecting(CODEC, train, test, PREVALENCE)
    kinds = role_kinds(SENSORS, injecting.history)
    injected = [
        one for number, seed in enumerate(SEEDS) for one in injecting.trial(kinds, seed, number)
    ]
    return Task(codec=CODEC, train=train, calibrate=calibrate, test=test, injected=injected)


def values_of(rows: Slice) -> list[bytes]:
    return [CODEC.encode(record) for record in rows.records]


def of_kind(task: Task, kind: str) -> int:
    return next(i for i, one in enumerate(task.injected) if one.kind == kind)


def no_time() -> float:
    return 0.0


def is_rising(values: NDArray[np.int64]) -> bool:
    return bool(np.all(np.diff(values) >= 0))
