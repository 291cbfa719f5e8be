"""Kernels that tell a web address from other words, by its bytes.

An address has `://` in it, begins with `www.`, or has a bare domain: a dot with a name before it
and at least two small letters behind it, where a word ends. A sentence that goes on without a space
behind a full stop looks like a bare domain too; but its words are ones that history has.
"""

from numba import njit

_DOT, _COLON, _DASH, _SLASH, _W = 46, 58, 45, 47, 119
_LEAST_LETTERS = 2
"""No top-level domain has fewer (RFC 1591 and what came after)."""


BARE, NEW, WHOLE = 1, 2, 3
"""A bare domain; one with a word that is new; an address that is spelled out."""


@njit(cache=True, nogil=True)
def address_in(data, start, end):  # type: ignore[no-untyped-def]
    """Return `WHOLE`, `BARE` or 0 for the bytes between two places, which have no spaces."""
    found = 0
    for i in range(start, end):
        if data[i] == _COLON and i + 2 < end and data[i + 1] == _SLASH and data[i + 2] == _SLASH:
            return WHOLE
        if data[i] == _DOT:
            if _is_behind_www(data, start, i):
                return WHOLE
            if _is_in_a_domain(data, start, i, end):
                found = BARE
    return found


@njit(cache=True, nogil=True)
def _is_behind_www(data, start, dot):  # type: ignore[no-untyped-def]
    if dot - 3 < start:
        return False
    for i in range(dot - 3, dot):
        if data[i] | 32 != _W:
            return False
    return dot - 3 == start or not _is_in_a_name(data[dot - 4])


@njit(cache=True, nogil=True)
def _is_in_a_domain(data, start, dot, end):  # type: ignore[no-untyped-def]
    """Tell whether a name with a letter ends before a dot, and an ending stands behind it."""
    letters = 0
    while dot + 1 + letters < end and 97 <= data[dot + 1 + letters] <= 122:
        letters += 1
    behind = dot + 1 + letters
    if letters < _LEAST_LETTERS or (behind < end and _is_in_a_name(data[behind])):
        return False
    i = dot - 1
    while i >= start and (_is_in_a_name(data[i]) or data[i] == _DASH):
        if not 48 <= data[i] <= 57 and data[i] != _DASH:
            return True
        i -= 1
    return False


@njit(cache=True, nogil=True)
def _is_in_a_name(byte):  # type: ignore[no-untyped-def]
    return 48 <= byte <= 57 or 97 <= byte | 32 <= 122 or byte >= 128
