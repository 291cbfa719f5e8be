"""Records like the real ones, and anomalies put into them on purpose, both seeded."""

from streamscore.synthetic.anomalies import Injection, Injector, kinds_of
from streamscore.synthetic.generation import DEFAULT_PER_DAY, DEFAULT_START, GENERATED, generate

__all__ = [
    "DEFAULT_PER_DAY",
    "DEFAULT_START",
    "GENERATED",
    "Injection",
    "Injector",
    "generate",
    "kinds_of",
]
