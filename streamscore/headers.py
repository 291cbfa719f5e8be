"""The one list of the Kafka headers that carry meaning between the services."""

from typing import Final

ROW: Final = "streamscore-row"
"""Where a record came from, `file:line`: unique within one replay. An injected copy has `#kind`."""

INJECTED: Final = "streamscore-injected"
"""The kind of anomaly that was put into this record on purpose; absent from true records."""

CONTROL: Final = "streamscore-control"
"""Marks a message that is no record: neither scored nor dead-lettered."""

CONTROL_END: Final = b"end"
"""Value of `CONTROL`: the writer has nothing more for this partition, so windows may close."""

TRACEPARENT: Final = "traceparent"
"""W3C Trace Context; passed on from a record to its events."""
