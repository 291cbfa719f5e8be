"""Detectors of PyOD and River: compared and not promoted, each in a process of its own."""
