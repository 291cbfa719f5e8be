"""Detectors: one file each; fit, then arrays, then a compiled kernel.

A score is higher for a more anomalous record, always.
"""

from streamscore.detectors.detector import Detector
from streamscore.detectors.names import detector_named, detector_names
from streamscore.detectors.reasons import Reason, Wording

__all__ = ["Detector", "Reason", "Wording", "detector_named", "detector_names"]
