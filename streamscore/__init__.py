"""The domain: what a record, a model, a window and an event are.

Pure code over numpy, msgspec and numba: no Kafka, no MLflow, no web, no clock, no environment.
A score is higher for a more anomalous record, everywhere.
"""
