"""Replays files of records into Kafka: in order of event time, paced, and each row once."""
