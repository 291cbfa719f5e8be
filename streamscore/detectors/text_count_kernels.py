"""Compiled kernels of `repeated_texts`: a table of counts of the latest texts.

Open addressing with linear probing; what is taken out is filled from behind (Knuth, "The Art of
Computer Programming", volume 3, algorithm 6.4 R), so that no mark is left. The table is twice as
large as the ring, so it is at most half full.
"""

import numpy as np
from numba import njit

_MIX = np.uint32(0x9E3779B1)
_LARGEST = 65_535


@njit(cache=True, nogil=True)
def fold(matrix, known, usual, longest_gap, memory, out):  # type: ignore[no-untyped-def]
    """Write the scores of each row, and take its texts in.

    Parameters
    ----------
    matrix : float64 array of shape (n, texts)
        Fingerprints; what is not above 0 is not counted.
    known, usual : float64 arrays of shape (m,)
        Texts that are usual, ascending, and how many of them.
    longest_gap : int
        Occurrences of a text that lie at most so many texts apart are one burst.
    memory : tuple of arrays
        Ring of texts, table of texts, their counts, number of texts seen. 0 is no text.
    out : float64 array of shape (n, 2)
        Overwritten: occurrences before, and bursts before, beyond what is usual.
    """
    ring, texts, counts, seen = memory
    for row in range(len(matrix)):
        highest = returned = 0.0
        for column in range(matrix.shape[1]):
            fingerprint = matrix[row, column]
            if not fingerprint > 0.0:
                continue
            text = _text(fingerprint, column)
            here = seen[0] & (len(ring) - 1)
            if ring[here] != 0:
                _take_out(ring[here], texts, counts)
            ring[here] = text
            seen[0] += 1
            before = float(_count_in(text, texts, counts))
            if before > 0.0:
                expected = _usual(fingerprint, known, usual)
                highest = max(highest, before - expected)
                if before - expected > returned:
                    bursts = float(_bursts_before(text, ring, seen[0], longest_gap))
                    returned = max(returned, bursts - expected)
        out[row, 0], out[row, 1] = highest, returned


@njit(cache=True, nogil=True)
def _bursts_before(text, ring, seen, longest_gap):  # type: ignore[no-untyped-def]
    """Count the bursts of a text in the ring before the one that its latest occurrence is in."""
    mask = len(ring) - 1
    latest, bursts = 1, 0
    for back in range(2, min(seen, len(ring)) + 1):
        if ring[(seen - back) & mask] == text:
            bursts += back - latest > longest_gap
            latest = back
    return bursts


@njit(cache=True, nogil=True)
def _text(fingerprint, column):  # type: ignore[no-untyped-def]
    """Return 32 bits that stand for a text of a column, never 0."""
    bits = np.uint64(fingerprint)
    text = np.uint32(bits ^ (bits >> np.uint64(32))) ^ (np.uint32(column) * _MIX)
    return max(text, np.uint32(1))


@njit(cache=True, nogil=True)
def _usual(fingerprint, known, usual):  # type: ignore[no-untyped-def]
    place = np.searchsorted(known, fingerprint)
    return usual[place] if place < len(known) and known[place] == fingerprint else 0.0


@njit(cache=True, nogil=True)
def _home(text, size):  # type: ignore[no-untyped-def]
    return np.int64((text * _MIX) >> np.uint32(8)) & (size - 1)


@njit(cache=True, nogil=True)
def _find(text, texts):  # type: ignore[no-untyped-def]
    """Return the slot of a text, or the free one that it would take."""
    slot = _home(text, len(texts))
    for _ in range(len(texts)):
        if texts[slot] == text or texts[slot] == 0:
            break
        slot = (slot + 1) & (len(texts) - 1)
    return slot


@njit(cache=True, nogil=True)
def _count_in(text, texts, counts):  # type: ignore[no-untyped-def]
    """Count a text in, and return how many there were."""
    slot = _find(text, texts)
    before = counts[slot] if texts[slot] == text else np.uint16(0)
    texts[slot] = text
    counts[slot] = min(before + 1, _LARGEST)
    return before


@njit(cache=True, nogil=True)
def _take_out(text, texts, counts):  # type: ignore[no-untyped-def]
    slot = _find(text, texts)
    if texts[slot] != text:
        return
    counts[slot] -= 1
    if counts[slot] > 0:
        return
    last = len(texts) - 1
    free, probe = slot, slot
    for _ in range(len(texts)):
        probe = (probe + 1) & last
        if texts[probe] == 0:
            break
        # It may move to the free slot unless its home lies between that and itself.
        if (probe - _home(texts[probe], len(texts))) & last >= (probe - free) & last:
            texts[free], counts[free] = texts[probe], counts[probe]
            free = probe
    texts[free], counts[free] = 0, 0
