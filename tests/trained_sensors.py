"""A model of the tests' own sensors, trained once a process."""

from functools import cache

from streamscore.scoring import Model
from streamscore.sources import Codec
from tests.sensors import SENSORS, sensor_values
from trainer.history import History, HistoryBuilder
from trainer.training import Training, train

CODEC = Codec(SENSORS)
DETECTOR = "isolation-forest"


def history_of(values: list[bytes]) -> History:
    """History of some records, as if a file held them."""
    builder = HistoryBuilder(CODEC, 100_000)
    for line, value in enumerate(values, 1):
        builder.take(value, 0, line)
    return builder.history("sensors.jsonl")


@cache
def sensors_history() -> History:
    """Two thousand records."""
    return history_of(sensor_values(2000))


@cache
def sensors_training() -> Training:
    """The model of `sensors_history`."""
    return train(CODEC, sensors_history(), DETECTOR, 7, lambda: 0.0)


def sensors_model() -> Model:
    """The model, ready to score."""
    return Model(CODEC, sensors_training().bundle, "sensors", "1")
