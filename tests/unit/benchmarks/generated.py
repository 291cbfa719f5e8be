"""Generated records as they lie on a topic."""

import msgspec
import numpy as np

from streamscore.synthetic import generate


def values_of(name: str, count: int) -> list[bytes]:
    """Return generated records of a source as JSON."""
    rng = np.random.default_rng(7)
    return [msgspec.json.encode(record) for record in generate(name, count, rng)]
