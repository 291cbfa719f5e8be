"""The beginning of a file: bytes that are looked at first, and then read like the others."""

import io
from typing import IO, Any

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What a file in UTF-8 may begin with."""

_BUFFER_BYTES = 1 << 16


def rejoined(head: bytes, rest: IO[bytes], buffer_bytes: int = _BUFFER_BYTES) -> io.BufferedReader:
    r"""Return a file with the bytes that were taken from its beginning; it leaves the file open.

    Parameters
    ----------
    head : bytes
        What was taken.
    rest : binary file
        The file, after that.
    buffer_bytes : int
        How much of it is read at once.

    Examples
    --------
    >>> rejoined(b"a,", io.BytesIO(b"b\n1,2")).readline()
    b'a,b\n'
    """
    return io.BufferedReader(Rejoined(head, rest), buffer_bytes)


class Rejoined(io.RawIOBase):
    """What was taken from the beginning of a file, and what follows; it leaves the file open.

    Parameters
    ----------
    head : bytes
        What was taken.
    rest : binary file
        The file, after that.
    """

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, into: Any) -> int:
        """Fill in what comes next; 0 at the end."""
        target = memoryview(into)
        found = self._head[: len(target)]
        self._head = self._head[len(found) :]
        found = found or self._rest.read(len(target))
        target[: len(found)] = found
        return len(found)
