"""Text to numbers: plain statistics and a hashed embedding, in one pass over the UTF-8 bytes.

The embedding is the signed hashing trick (Weinberger et al., "Feature Hashing for Large Scale
Multitask Learning", ICML 2009) over lower-cased words, scaled to unit length.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamscore.features.columns import TEXT_STATISTICS

_FNV_OFFSET = np.uint64(14695981039346656037)
_FNV_PRIME = np.uint64(1099511628211)
# 64-bit FNV-1a: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm".


class Bytes(NamedTuple):
    """Texts as a kernel reads them.

    Attributes
    ----------
    data : uint8 array
        Their UTF-8 bytes, one text after the other.
    ends : int64 array of shape (n,)
        Where each text ends.
    """

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]


def bytes_of(texts: Sequence[str | None]) -> Bytes:
    """Return the bytes of texts; none counts as empty.

    Examples
    --------
    >>> bytes_of(["ab", None, "c"]).ends.tolist()
    [2, 2, 3]
    """
    encoded = [b"" if text is None else text.encode() for text in texts]
    ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
    return Bytes(np.frombuffer(b"".join(encoded), np.uint8), ends)


def encode_texts(texts: Bytes, dimensions: int, out: NDArray[np.float64]) -> None:
    """Write the statistics and the embedding of each text.

    Parameters
    ----------
    texts : Bytes
        The n texts.
    dimensions : int
        Width of the embedding.
    out : float64 array of shape (n, 6 + dimensions)
        Overwritten: log(1 + characters), log(1 + words), shares of upper-case, digit and
        punctuation characters in [0, 1], number of links, then the embedding.

    Examples
    --------
    >>> out = np.empty((1, 6))
    >>> encode_texts(bytes_of(["Hi 5!"]), 0, out)
    >>> out.round(2).tolist()
    [[1.79, 1.1, 0.2, 0.2, 0.2, 0.0]]
    """
    _encode(*texts, dimensions, out)


@njit(cache=True, nogil=True)
def _encode(data, ends, dimensions, out):  # type: ignore[no-untyped-def]
    start = 0
    for row in range(len(ends)):
        end = ends[row]
        for i in range(out.shape[1]):
            out[row, i] = 0.0
        _encode_one(data[start:end], dimensions, out[row])
        start = end


@njit(cache=True, nogil=True)
def _encode_one(data, dimensions, out):  # type: ignore[no-untyped-def]
    characters = words = upper = digits = punctuation = links = 0
    hashed = _FNV_OFFSET
    in_word = False
    for i in range(len(data)):
        byte = data[i]
        if byte & 0xC0 != 0x80:
            characters += 1
        is_upper = 65 <= byte <= 90
        is_digit = 48 <= byte <= 57
        if is_upper:
            upper += 1
            byte += 32
        letter = 97 <= byte <= 122 or is_digit or byte >= 128
        digits += is_digit
        if 33 <= byte <= 126 and not letter:
            punctuation += 1
        if letter:
            links += not in_word and _link_starts(data, i)
            hashed = (hashed ^ np.uint64(byte)) * _FNV_PRIME
            in_word = True
        elif in_word:
            words += 1
            _add_word(hashed, dimensions, out)
            hashed = _FNV_OFFSET
            in_word = False
    if in_word:
        words += 1
        _add_word(hashed, dimensions, out)
    total = max(characters, 1)
    out[0] = np.log1p(characters)
    out[1] = np.log1p(words)
    out[2] = upper / total
    out[3] = digits / total
    out[4] = punctuation / total
    out[5] = links
    _to_unit_length(out)


@njit(cache=True, nogil=True)
def _add_word(hashed, dimensions, out):  # type: ignore[no-untyped-def]
    if dimensions > 0:
        slot = np.int64((hashed >> np.uint64(20)) % np.uint64(dimensions))
        sign = 1.0 if hashed >> np.uint64(63) else -1.0
        out[6 + slot] += sign


@njit(cache=True, nogil=True)
def _to_unit_length(out):  # type: ignore[no-untyped-def]
    squares = 0.0
    for i in range(6, len(out)):
        squares += out[i] * out[i]
    if squares > 0.0:
        norm = np.sqrt(squares)
        for i in range(6, len(out)):
            out[i] /= norm


@njit(cache=True, nogil=True)
def _link_starts(data, i):  # type: ignore[no-untyped-def]
    if i + 4 > len(data):
        return False
    a, b, c, d = data[i] | 32, data[i + 1] | 32, data[i + 2] | 32, data[i + 3] | 32
    http = a == 104 and b == 116 and c == 116 and d == 112
    www = a == 119 and b == 119 and c == 119 and data[i + 3] == 46
    return http or www


STATISTICS = len(TEXT_STATISTICS)
