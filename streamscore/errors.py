"""Every error the project raises for a reason that a user or an operator can act on.

::

    StreamscoreError            the command failed (exit code 1)
    ├── UsageError              the command was used wrongly (exit code 2)
    │   ├── SettingsError       settings that break their rules, all reported together
    │   ├── SourceError         a source's TOML that breaks its rules, or a file that does not fit
    │   └── AmbiguityError      a file that may be written in several dialects
    ├── BundleError             a model bundle that cannot be read or does not fit
    ├── RegistryError           MLflow refused, or did not answer
    ├── BrokerError             Kafka refused, or did not answer
    ├── OffsetError             a position in a topic that is missing or has expired
    ├── StackError              the embedded Kafka or MLflow did not start
    ├── HistoryError            records to learn from that are missing or too few
    └── DetectorError           a library's detector that failed, or took too much

A message states the rule, the value received, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class StreamscoreError(Exception):
    """The root of the tree: whoever catches it catches every foreseen failure."""

    exit_code = 1


class UsageError(StreamscoreError):
    """What the user asked for breaks a rule; asking again the same way cannot succeed."""

    exit_code = 2


class SettingsError(UsageError):
    """Settings that break their rules.

    Parameters
    ----------
    faults : Sequence[str]
        One sentence for each fault: the setting, its rule and the value received.

    Examples
    --------
    >>> str(SettingsError(["worker.slot must be at least 0; received -1 (flag)"]))
    'worker.slot must be at least 0; received -1 (flag)'
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class SourceError(UsageError):
    """A source's TOML breaks its rules, no source has that name, or a file does not fit it."""


class AmbiguityError(UsageError):
    """A file of records may be written in several dialects that read it differently."""


class BundleError(StreamscoreError):
    """A model bundle cannot be read, or does not fit the source that is running."""


class RegistryError(StreamscoreError):
    """MLflow cannot be reached, or refused what was asked of it."""


class BrokerError(StreamscoreError):
    """Kafka cannot be reached, or refused what was asked of it."""


class OffsetError(StreamscoreError):
    """A position in a topic is missing or has expired, and guessing would lose records."""


class StackError(StreamscoreError):
    """The embedded Kafka or MLflow did not start, or ended by itself."""


class HistoryError(StreamscoreError):
    """The records to learn from are missing, or too few."""


class DetectorError(StreamscoreError):
    """A detector of a library failed, took too long, or too much memory; nothing else suffers."""
