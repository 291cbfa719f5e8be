"""The bytes of the files of a replay, hashed while they are read."""

import hashlib
import io
from typing import IO, Any, cast

from streamscore.sources.record_files import Layout, RecordFile

_DIGITS = 12
_CHUNK_BYTES = 1 << 16


class ContentHash:
    """The hash of all files of a replay, in their order.

    Examples
    --------
    >>> from pathlib import Path
    >>> from streamscore.sources.record_files import LocalFile
    >>> hashing = ContentHash()
    >>> file = hashing.watched(LocalFile(Path("a.csv")))
    >>> file.name, hashing.text()
    ('a.csv', '2a9de08d916b')
    """

    def __init__(self) -> None:
        self._files: list[_WatchedFile] = []

    def watched(self, file: RecordFile) -> RecordFile:
        """Return the file as one whose bytes are hashed when it is read to its end."""
        watched = _WatchedFile(file)
        self._files.append(watched)
        return watched

    def text(self) -> str:
        """Return the hash of what was read, 12 hex digits."""
        whole = hashlib.blake2b()
        for file in self._files:
            whole.update(file.digest())
        return whole.hexdigest()[:_DIGITS]


class _WatchedFile:
    def __init__(self, file: RecordFile) -> None:
        self._file = file
        self._bytes = hashlib.blake2b()

    @property
    def name(self) -> str:
        return self._file.name

    @property
    def layout(self) -> Layout:
        return self._file.layout

    def open(self) -> IO[bytes]:
        self._bytes = hashlib.blake2b()
        stream = _Hashing(self._file.open(), self._bytes)
        return cast("IO[bytes]", io.BufferedReader(stream, _CHUNK_BYTES))

    def digest(self) -> bytes:
        return self._bytes.digest()


class _Hashing(io.RawIOBase):
    def __init__(self, stream: IO[bytes], hashed: "hashlib.blake2b") -> None:
        self._stream = stream
        self._hashed = hashed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read(len(buffer))
        self._hashed.update(found)
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._stream.close()
        super().close()
