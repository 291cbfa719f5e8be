"""Small real parts for tests of scoring: a model trained on generated accidents, and messages."""

from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from scorer.swap import Named
from streamscore.bundle import Bundle, Trained, make_bundle, write_bundle
from streamscore.detectors.combination import Combination
from streamscore.detectors.isolation_forest import IsolationForest
from streamscore.errors import RegistryError, StreamscoreError, UsageError
from streamscore.features import Encoder
from streamscore.scoring import Model
from streamscore.sources import Codec, Source, load_source
from streamscore.synthetic import generate


@cache
def accident_values(rows: int, seed: int = 1) -> tuple[bytes, ...]:
    """Generated accidents as the JSON that travels."""
    records = generate("accidents", rows, np.random.default_rng(seed))
    return tuple(msgspec.json.encode(record) for record in records)


@cache
def accident_bundle(seed: int = 1) -> Bundle:
    """A small forest, fit on 600 generated accidents and calibrated on 400 later ones."""
    codec = Codec(load_source("accidents"))
    records = [codec.decode(value) for value in accident_values(1000)]
    times = [codec.event_time(record) for record in records]
    utc_ms, local_ms = (
        np.array([getattr(time, clock) for time in times]) for clock in ("utc_ms", "local_ms")
    )
    encoder = Encoder.fit(codec, records[:600], IsolationForest.plan)
    matrix = encoder.encode(records, utc_ms, local_ms)
    forest = IsolationForest.fit(matrix[:600], encoder.columns, seed, trees=10)
    trained = Trained(
        first_event_time="2020-01-01T00:00:00.000Z",
        last_event_time="2020-01-10T00:00:00.000Z",
        fit_rows=600,
        calibration_rows=400,
        seed=seed,
    )
    return make_bundle(
        codec, encoder, forest.name, Combination.of_one(forest), forest.score(matrix[600:]), trained
    )


def accident_model(source: Source | None = None, version: str = "1", seed: int = 1) -> Model:
    """A model of that bundle, as a version of the registry."""
    codec = Codec(source or load_source("accidents"))
    return Model(codec, accident_bundle(seed), "streamscore-accidents", version)


class Consumed:
    """A consumed message with everything a step asks for."""

    def __init__(
        self,
        offset: int,
        value: bytes | None,
        *,
        partition: int = 0,
        key: bytes | None = None,
        headers: list[tuple[str, bytes | None]] | None = None,
    ) -> None:
        self._offset = offset
        self._value = value
        self._partition = partition
        self._key = key
        self._headers = headers

    def topic(self) -> str:
        """Return the topic."""
        return "records.accidents"

    def partition(self) -> int:
        """Return the partition."""
        return self._partition

    def offset(self) -> int:
        """Return the offset."""
        return self._offset

    def key(self) -> bytes | None:
        """Return the key."""
        return self._key

    def value(self) -> bytes | None:
        """Return the value."""
        return self._value

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Return the headers."""
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        """Return a kind and milliseconds since the epoch."""
        return 1, 1_700_000_000_000


class FolderRegistry:
    """A registry that is a folder: one bundle a version, and an alias that a test moves."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.alias: Named | None = None
        self.is_down = False
        self.error: StreamscoreError | None = None
        self.fetches = 0
        self.failing_fetches = 0

    def add(self, version: str, bundle: Bundle, run_id: str = "") -> Named:
        """Register a version, in place of one of that number."""
        write_bundle(bundle, self._folder / version)
        return Named("streamscore-accidents", version, run_id)

    def path(self, named: Named) -> Path:
        """Return where a version's bundle lies."""
        return self._folder / named.version

    def production(self, source: str) -> Named | None:
        """Return the version that the alias points to."""
        if self.is_down:
            raise RegistryError(f"the registry must answer for {source}; it is down")
        if self.error is not None:
            raise self.error
        return self.alias

    def fetch(self, named: Named) -> Path:
        """Return the bundle's directory."""
        self.fetches += 1
        if self.fetches <= self.failing_fetches:
            raise RegistryError(f"the registry must give version {named.version}; it is down")
        if not self.path(named).exists():
            raise UsageError(f"version {named.version} must exist; it does not")
        return self.path(named)
