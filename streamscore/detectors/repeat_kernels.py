"""Compiled kernels of `repeats`: look earlier records up by parts of their bytes, compare them.

The latest records of a partition lie in a ring, a byte a column. Their columns are cut into four
bands. One table leads from a hash of all bands to the latest record that has them, which finds what
is the same. Four more do so from two bands each, the halves of two cuts in two, which finds what
differs in the rest (blocking, as in Manku, Jain, Das Sarma, "Detecting near-duplicates for web
crawling", WWW 2007). A table may be wrong: what it leads to is compared. And a common half leads to
the latest record of many that have it, which is no loss: they prove little.
"""

import numpy as np
from numba import njit

UNKNOWN = 255
"""The byte of a value that is missing, never seen, or not expected: its likeness proves nothing."""

_MIX = np.uint64(0x9E3779B97F4A7C15)
_MIX_2 = np.uint64(0xFF51AFD7ED558CCD)
# The golden ratio (Knuth), and a constant of the finaliser of MurmurHash3 (Appleby).
_HIGH = np.uint64(32)
_TOP_BYTE = np.uint64(56)
_LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)
_ONES = np.uint64(0x0101010101010101)


@njit(cache=True, nogil=True)
def record_bytes(matrix, places, is_hashed, unseen, lanes):  # type: ignore[no-untyped-def]
    """Write the bytes of rows into `lanes`, a column each."""
    for row in range(len(matrix)):
        for i in range(len(places)):
            lanes[row, i] = _byte(matrix[row, places[i]], is_hashed[i], unseen[i])


@njit(cache=True, nogil=True)
def _byte(value, is_hashed, unseen):  # type: ignore[no-untyped-def]
    if not is_hashed:
        if not 0.0 <= value < 255.0:
            return np.uint8(255)
        whole = np.int64(value)
        return np.uint8(whole) if whole == value else np.uint8(255)
    if np.isnan(value) or value == unseen:
        return np.uint8(255)
    mixed = np.float64(value + 0.0).view(np.uint64)  # so that -0.0 is 0.0
    mixed = (mixed ^ (mixed >> _HIGH)) * _MIX_2
    return np.uint8(((mixed >> _TOP_BYTE) * np.uint64(255)) >> np.uint64(8))


@njit(cache=True, nogil=True)
def fold(  # type: ignore[no-untyped-def]
    records, times, bands, probabilities, patterns, window_ms, memory, out
):
    """Score records in their order into `out`, of shape (n, 2), and take them into the memory.

    Parameters
    ----------
    records : uint8 array of shape (n, w)
        Their bytes; w is a multiple of 8, the last ones are 0.
    times : float64 array of shape (n,)
        Their event times, milliseconds.
    bands : int64 array
        Where the bands of columns begin, and the end of the last.
    probabilities : tuple of arrays
        Parent, marginal, joint, starts, widths, as `Repeats` has them.
    patterns : float64 array
        ln of the number of ways to choose 0, 1, ... columns; no more of them may differ.
    window_ms : float
        How far apart two event times may lie.
    memory : tuple of arrays
        Ring of bytes, ring of times, tables, number of records seen.
    out : float64 array of shape (n, 2)
        Overwritten: scores of what is the same, and of what is alike.
    """
    ring, ring_times, slots, seen = memory
    words, ring_words = records.view(np.uint64), ring.view(np.uint64)
    last, most = len(ring) - 1, len(patterns) - 1
    own, given = np.empty(records.shape[1]), np.empty(records.shape[1])
    keys, tried = np.empty(len(slots), np.int64), np.empty(len(slots), np.int64)
    for row in range(len(records)):
        _keys(records, row, bands, slots.shape[1], keys)
        same, alike, tries, most_told = 0.0, 0.0, 0, -1.0
        for table in range(len(slots)):
            slot = np.int64(slots[table, keys[table]])
            place = (slot - 1) & last
            if slot == 0 or _was_tried(tried, tries, place):
                continue
            tried[tries] = place
            tries += 1
            differing = _differing(words, row, ring_words, place, most)
            if differing > most or abs(times[row] - ring_times[place]) > window_ms:
                continue
            if most_told < 0.0:
                most_told = weigh(records, row, probabilities, own, given)
            chances = np.log(((seen[0] - 1 - place) & last) + 1) + patterns[differing]
            if most_told - chances <= (alike if differing else same):
                continue
            told = _told(records, row, ring, place, probabilities[0], own, given) - chances
            if differing:
                alike = max(alike, told)
            else:
                same = max(same, told)
        out[row, 0], out[row, 1] = same, alike
        here = seen[0] & last
        for word in range(words.shape[1]):
            ring_words[here, word] = words[row, word]
        ring_times[here] = times[row]
        for table in range(len(slots)):
            slots[table, keys[table]] = here + 1
        seen[0] += 1


@njit(cache=True, nogil=True)
def weigh(records, row, probabilities, own, given):  # type: ignore[no-untyped-def]
    """Write -ln p of each byte of a record, alone and given its parent's.

    Returns the most that can come of them: the sum of the greater ones.
    """
    parent, marginal, joint, starts, widths = probabilities
    most = 0.0
    for i in range(len(parent)):
        byte = np.int64(records[row, i])
        own[i] = given[i] = marginal[i, byte]
        if parent[i] >= 0:
            above = np.int64(records[row, parent[i]])
            if byte < widths[i] and above < widths[parent[i]]:
                given[i] = joint[starts[i] + above * widths[i] + byte]
        most += max(own[i], given[i])
    return most


@njit(cache=True, nogil=True)
def _told(records, row, ring, place, parent, own, given):  # type: ignore[no-untyped-def]
    """Return -ln of the probability that a record has what these two have in common."""
    told = 0.0
    for i in range(len(parent)):
        if records[row, i] == ring[place, i]:
            above = parent[i]
            follows = above >= 0 and records[row, above] == ring[place, above]
            told += given[i] if follows else own[i]
    return told


@njit(cache=True, nogil=True)
def _keys(records, row, bands, size, keys):  # type: ignore[no-untyped-def]
    """Write the slot of a record in each table: of all bands, then of two each.

    Of three bands each pair has a table, of two each band.
    """
    count = len(bands) - 1
    first = second = third = fourth = whole = np.uint64(0)
    for band in range(count):
        mixed = np.uint64(band + 1)
        for i in range(bands[band], bands[band + 1]):
            mixed = (mixed ^ np.uint64(records[row, i])) * _MIX
        mixed ^= mixed >> _HIGH
        first, second, third, fourth = mixed, first, second, third
        whole = (whole ^ mixed) * _MIX_2
    keys[0] = _slot(whole, size)
    if count == 2:
        keys[1], keys[2] = _slot(first * _MIX, size), _slot(second * _MIX, size)
    if count == 3:
        keys[1] = _slot_of_two(first, second, size)
        keys[2] = _slot_of_two(first, third, size)
        keys[3] = _slot_of_two(second, third, size)
    if count == 4:
        keys[1] = _slot_of_two(first, second, size)
        keys[2] = _slot_of_two(third, fourth, size)
        keys[3] = _slot_of_two(first, third, size)
        keys[4] = _slot_of_two(second, fourth, size)


@njit(cache=True, nogil=True)
def _slot_of_two(one, other, size):  # type: ignore[no-untyped-def]
    return _slot((one * _MIX_2 ^ other) * _MIX, size)


@njit(cache=True, nogil=True)
def _slot(mixed, size):  # type: ignore[no-untyped-def]
    return np.int64((mixed ^ (mixed >> _HIGH)) & np.uint64(size - 1))


@njit(cache=True, nogil=True)
def _was_tried(tried, tries, place):  # type: ignore[no-untyped-def]
    was = False
    for i in range(tries):
        was |= tried[i] == place
    return was


@njit(cache=True, nogil=True)
def _differing(words, row, ring_words, place, most):  # type: ignore[no-untyped-def]
    """Count the bytes in which two records differ, eight at a time; past `most` not all of them."""
    count = np.uint64(0)
    for word in range(words.shape[1]):
        apart = words[row, word] ^ ring_words[place, word]
        # The highest bit of each byte that is not 0; then the sum of these bits.
        high = (((apart & _LOW_BITS) + _LOW_BITS) | apart) & ~_LOW_BITS
        count += ((high >> np.uint64(7)) * _ONES) >> _TOP_BYTE
        if count > np.uint64(most):
            break
    return np.int64(count)
