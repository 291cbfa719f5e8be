"""Detectors: one file each; fit, then arrays, then a compiled kernel.

A score is higher for a more anomalous record, always.
"""

from streamscore.detectors.detector import Channel, Detector
from streamscore.detectors.names import detector_named, detector_names
from streamscore.detectors.reasons import Reason, Terms, Wording

__all__ = ["Channel", "Detector", "Reason", "Terms", "Wording", "detector_named", "detector_names"]
