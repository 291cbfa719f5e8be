"""Compiled kernels of `stray_times`."""

import numpy as np
from numba import njit

LATEST = 5
"""Event times that are compared with."""

REMEMBERED = 1024
"""Distances, of each direction, that say what is usual."""

_FEWEST = 64
_EVERY = 64
"""What is usual is asked again after so many records, by their count: never by their batch."""

_SHARE_ABOVE = 0.02
_NEAREST = 32
"""Distances that say whether the stream has just become slower: the second highest of them."""

FACTOR = 2.0
"""So many times as far as is usual is far."""

_BUCKETS_AN_OCTAVE = 4.0


@njit(cache=True, nogil=True)
def fold(times, memory, out):  # type: ignore[no-untyped-def]
    """Write the score of each event time, and take it in.

    Parameters
    ----------
    times : float64 array of shape (n,)
        Milliseconds since the epoch.
    memory : tuple of arrays
        The latest times, a ring; the buckets of the latest distances behind and ahead, rings; the
        farthest usual distances; number of records seen.
    out : float64 array of shape (n, 1), of zeros
        Overwritten.
    """
    latest, distances, limits, seen = memory
    for row in range(len(times)):
        at, count = times[row], seen[0]
        if count >= LATEST:
            behind, ahead = _distances(at, latest, count, limits[1])
            here = (count - LATEST) & (REMEMBERED - 1)
            if count - LATEST >= _FEWEST:
                if count % _EVERY == 0 or count - LATEST == _FEWEST:
                    known = min(count - LATEST, REMEMBERED)
                    for direction in range(2):
                        limits[direction] = FACTOR * _usual(distances[direction], known)
                direction = 1 if ahead > 0.0 else 0
                farthest = max(behind, ahead)
                far = max(limits[direction], limits[1] / FACTOR, 1.0)
                if farthest > far / FACTOR:
                    far = max(far, FACTOR * _second_highest(distances[direction], here))
                out[row, 0] = np.log1p(farthest / far)
            distances[0, here], distances[1, here] = _bucket(behind), _bucket(ahead)
        latest[count % LATEST] = at
        seen[0] += 1


@njit(cache=True, nogil=True)
def _distances(at, latest, count, usual_step):  # type: ignore[no-untyped-def]
    """Return how far a time lies behind and ahead of the latest ones."""
    highest, second = -np.inf, -np.inf
    for i in range(LATEST):
        if latest[i] > highest:
            highest, second = latest[i], highest
        elif latest[i] > second:
            second = latest[i]
    # One stray time ahead must not make those that follow it late; and what goes on from one of
    # the two before it, as after a jump or in one of two interleaved streams, is not late at all.
    behind = second - at
    for back in range(1, 3):
        step = at - latest[(count - back) % LATEST]
        behind = min(behind, 0.0 if 0.0 <= step <= usual_step else abs(step))
    return max(behind, 0.0), max(at - highest, 0.0)


@njit(cache=True, nogil=True)
def _bucket(distance):  # type: ignore[no-untyped-def]
    """Return the bucket of a distance: 0 for less than a millisecond, then four an octave."""
    if distance < 1.0:
        return 0
    return min(1 + np.int64(_BUCKETS_AN_OCTAVE * np.log2(distance)), 255)


@njit(cache=True, nogil=True)
def _second_highest(buckets, here):  # type: ignore[no-untyped-def]
    """Return the upper edge of the second highest of the latest buckets before a place."""
    highest = second = np.int64(0)
    for back in range(1, _NEAREST + 1):
        bucket = np.int64(buckets[(here - back) & (REMEMBERED - 1)])
        if bucket > highest:
            highest, second = bucket, highest
        elif bucket > second:
            second = bucket
    return _upper_edge(second)


@njit(cache=True, nogil=True)
def _upper_edge(bucket):  # type: ignore[no-untyped-def]
    return 0.0 if bucket == 0 else 2.0 ** (bucket / _BUCKETS_AN_OCTAVE)


@njit(cache=True, nogil=True)
def _usual(buckets, known):  # type: ignore[no-untyped-def]
    """Return the upper edge of the bucket beyond which at most 2% of the known distances lie."""
    counts = np.zeros(256, np.int64)
    for i in range(known):
        counts[buckets[i]] += 1
    above, bucket = 0, 255
    while bucket > 0 and above + counts[bucket] <= _SHARE_ABOVE * known:
        above += counts[bucket]
        bucket -= 1
    return _upper_edge(bucket)
