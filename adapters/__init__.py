"""Kafka, MLflow and Prometheus, as far as several services need them."""
