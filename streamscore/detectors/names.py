"""The list of the detectors that can score a stream."""

from importlib import import_module

from streamscore.detectors.detector import Detector
from streamscore.errors import UsageError

_DETECTORS = {
    "autoencoder": ("autoencoder", "Autoencoder"),
    "dependency-network": ("dependency_network", "DependencyNetwork"),
    "feature-tails": ("feature_tails", "FeatureTails"),
    "invariants": ("invariants", "Invariants"),
    "isolation-forest": ("isolation_forest", "IsolationForest"),
    "local-outlier-factor": ("local_outlier_factor", "LocalOutlierFactor"),
    "nearest-neighbours": ("nearest_neighbours", "NearestNeighbours"),
    "pair-surprise": ("pair_surprise", "PairSurprise"),
    "repeated-texts": ("repeated_texts", "RepeatedTexts"),
    "repeats": ("repeats", "Repeats"),
    "sentinel-count": ("sentinel_count", "SentinelCount"),
    "sparse-neighbours": ("sparse_neighbours", "SparseNeighbours"),
    "stray-times": ("stray_times", "StrayTimes"),
    "unseen-count": ("unseen_count", "UnseenCount"),
    "text-meaning": ("text_meaning", "TextMeaning"),
}
"""Name -> module and class; imported when asked for, for kernels load slowly."""


def detector_names() -> tuple[str, ...]:
    """Names of the detectors that can score a stream."""
    return tuple(_DETECTORS)


def detector_named(name: str) -> type[Detector]:
    """Return the detector of that name.

    Raises
    ------
    UsageError
        When there is none.
    """
    if name not in _DETECTORS:
        raise UsageError(f"a detector is one of {', '.join(detector_names())}; got {name!r}")
    module, kind = _DETECTORS[name]
    found: type[Detector] = getattr(import_module(f"streamscore.detectors.{module}"), kind)
    return found
