"""Detectors that are compared and not promoted: those of PyOD and River, each in its own process."""
