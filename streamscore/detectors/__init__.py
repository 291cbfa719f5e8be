"""Detectors: one file each; fit, then arrays, then a compiled kernel.

A score is higher for a more anomalous record, always.
"""

from streamscore.detectors.detector import Detector, detector_named, detector_names

__all__ = ["Detector", "detector_named", "detector_names"]
