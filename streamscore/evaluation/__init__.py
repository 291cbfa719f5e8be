"""Evaluation: how well detectors find labelled anomalies in records that they were not fit on."""
