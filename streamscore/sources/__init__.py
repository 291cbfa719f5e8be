"""Sources: what a stream's records look like, as one TOML file each."""

from streamscore.sources.codec import Codec
from streamscore.sources.faults import REASONS, Reason, RecordFault
from streamscore.sources.source import Field, Source
from streamscore.sources.source_files import builtin_names, load_source, source_argument

__all__ = [
    "REASONS",
    "Codec",
    "Field",
    "Reason",
    "RecordFault",
    "Source",
    "builtin_names",
    "load_source",
    "source_argument",
]
