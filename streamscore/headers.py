"""The one list of the Kafka headers that carry meaning between the services."""

from typing import Final

ROW: Final = "streamscore-row"
"""Where a record came from, `file:line`: unique within one replay."""

REPLAY: Final = "streamscore-replay"
"""Which replay a message is of: `1-plan-content-start-partitions`; 1 is the format."""

INJECTED: Final = "streamscore-injected"
"""The kind of anomaly that was put into this record on purpose; absent from true records."""

INJECTED_FIELDS: Final = "streamscore-injected-fields"
"""JSON list of the fields that were changed for that, and those that they contradict."""

CONTROL: Final = "streamscore-control"
"""Marks a message that is no record: neither scored nor dead-lettered."""

CONTROL_BEGIN: Final = b"begin"
"""Value of `CONTROL`: a replay begins; in every partition before its first record."""

CONTROL_RESUME: Final = b"resume"
"""Value of `CONTROL`: a replay that was broken off looks for its last record and goes on."""

CONTROL_END: Final = b"end"
"""Value of `CONTROL`: the writer has nothing more for this partition, so windows may close."""

TRACEPARENT: Final = "traceparent"
"""W3C Trace Context; passed on from a record to its events."""

REASON: Final = "streamscore-reason"
"""On a dead letter: why, one of the fixed list of reasons."""

DETAIL: Final = "streamscore-detail"
"""On a dead letter: the rule and the value received."""

POSITION: Final = "streamscore-position"
"""On a dead letter: `cluster/topic id/partition/offset` of the record, as in the ids of events."""

TOPIC: Final = "streamscore-topic"
"""On a dead letter: the topic that the record came from."""

FORMAT: Final = "streamscore-format"
"""On a dead letter: the version of its headers; absent means 1."""

HEADERS: Final = "streamscore-headers"
"""Only where a record's own headers are not passed on: `too-large`, or `unreadable`."""

KEY: Final = "streamscore-key"
"""Only where a record's key is too large to be passed on: `hash`, the key is its SHA-256."""

BODY: Final = "streamscore-body"
"""On a dead letter: `original`, or `hash` where the body was too large to be passed on."""

ORIGINAL: Final = "streamscore-original"
"""On a record that was sent back from the dead letters: the position it had at first."""

REDRIVEN: Final = "streamscore-redriven"
"""On a mark among the dead letters, itself none: the position of a record that was sent back."""

OF_DEAD_LETTERS: Final = (REASON, DETAIL, POSITION, TOPIC, BODY, FORMAT)
"""What a scorer adds to each dead letter."""

OF_OUTPUTS: Final = frozenset({*OF_DEAD_LETTERS, HEADERS, KEY, REDRIVEN})
"""What is true on outputs alone: a record that has such a header does not pass it on."""
