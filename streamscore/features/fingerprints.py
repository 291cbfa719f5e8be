"""Fingerprints: a number that names a text, so that it is known again wherever it returns.

A text is normalised first, in one pass over its UTF-8 bytes: ASCII letters become lower case, all
that lies between words becomes one space. The number is 53 bits of a hash, which a float64 holds
exactly. That two different texts share one happens once in 9e15.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from streamscore.features.text import Bytes

LEAST_CHARACTERS = 30
"""Shorter texts, once normalised, have no fingerprint: people write "great product" again and again
without having copied it."""

_FNV_OFFSET = np.uint64(14695981039346656037)
_FNV_PRIME = np.uint64(1099511628211)
# 64-bit FNV-1a: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm".
_MIX = np.uint64(0xFF51AFD7ED558CCD)
# Of the finaliser of MurmurHash3 (Appleby): spreads what the last bytes changed over all bits.


def encode_fingerprints(texts: Bytes, out: NDArray[np.float64]) -> None:
    """Write the fingerprint of each text.

    Parameters
    ----------
    texts : Bytes
        The n texts.
    out : float64 array of shape (n,)
        Overwritten: whole numbers in [1, 2^53), 0 for a text of fewer than 30 characters.

    Examples
    --------
    >>> from streamscore.features.text import bytes_of
    >>> out = np.empty(3)
    >>> long = "A text that is long enough to be known again"
    >>> encode_fingerprints(bytes_of([long, f"  {long.upper()}!!", "short"]), out)
    >>> bool(out[0] == out[1] > 0), out[2].item()
    (True, 0.0)
    """
    _fingerprints(texts.data, texts.ends, out)


@njit(cache=True, nogil=True)
def _fingerprints(data, ends, out):  # type: ignore[no-untyped-def]
    start = 0
    for row in range(len(ends)):
        out[row] = _fingerprint(data, start, ends[row])
        start = ends[row]


@njit(cache=True, nogil=True)
def _fingerprint(data, start, end):  # type: ignore[no-untyped-def]
    hashed, characters, is_between = _FNV_OFFSET, 0, False
    for i in range(start, end):
        byte = data[i]
        if 65 <= byte <= 90:
            byte += 32
        if not (97 <= byte <= 122 or 48 <= byte <= 57 or byte >= 128):
            is_between = True
            continue
        if is_between and characters:
            hashed = (hashed ^ np.uint64(32)) * _FNV_PRIME
            characters += 1
        is_between = False
        hashed = (hashed ^ np.uint64(byte)) * _FNV_PRIME
        # The bytes of a character after its first begin with the bits 10.
        characters += byte & 0xC0 != 0x80
    if characters < LEAST_CHARACTERS:
        return 0.0
    hashed = (hashed ^ (hashed >> np.uint64(32))) * _MIX
    return np.float64(max(hashed >> np.uint64(11), np.uint64(1)))
