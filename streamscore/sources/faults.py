"""Why a record cannot be scored: a short, fixed list of reasons, so that it can label a metric."""

from typing import Literal, get_args

Reason = Literal[
    "null_value",
    "too_big",
    "schema_registry",
    "not_utf8",
    "not_json",
    "missing_field",
    "wrong_type",
    "out_of_range",
    "event_time_unreadable",
    "event_time_absurd",
]

REASONS: tuple[Reason, ...] = get_args(Reason)
"""Every reason, in the order in which a record is checked."""


class RecordFault(Exception):
    """A record breaks a rule of its source: it becomes a dead letter, never a crash.

    Parameters
    ----------
    reason : Reason
        One of `REASONS`.
    detail : str
        The rule and the value received, for a person to read.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Reason = reason
        self.detail = detail
