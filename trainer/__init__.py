"""Makes models from history: split in time, fitted, calibrated, and kept in MLflow."""
