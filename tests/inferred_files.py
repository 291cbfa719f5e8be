"""Files of records in memory, and sources inferred from them."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from streamscore.sources.inference import Draft, InferencePlan, infer_source
from streamscore.sources.record_files import Layout, LocalFile, layout_of
from streamscore.sources.sampling import SampleCheck, check_sample


class FileInMemory:
    """A record file whose bytes are at hand, and that says how often it was opened."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content
        self.opened = 0

    @property
    def layout(self) -> Layout:
        return layout_of(self.name)

    def open(self) -> IO[bytes]:
        self.opened += 1
        return io.BytesIO(self.content)


def csv_bytes(columns: Mapping[str, Any]) -> bytes:
    """A CSV with these columns."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def json_bytes(records: Iterable[dict[str, Any]]) -> bytes:
    """JSON lines of records."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def drafted(file_name: str, content: bytes, **plan: Any) -> Draft:
    """The draft for a file in memory."""
    return infer_source(FileInMemory(file_name, content), InferencePlan(**plan))


def checked(folder: Path, file_name: str, content: bytes, **plan: Any) -> tuple[Draft, SampleCheck]:
    """The draft for a file, and how the whole file fits it."""
    path = folder / file_name
    path.write_bytes(content)
    draft = infer_source(LocalFile(path), InferencePlan(**plan))
    return draft, check_sample(draft.source, LocalFile(path))
