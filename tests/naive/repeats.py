"""Repeats, repeated texts and stray times in plain Python: lists of all that came before."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = tuple[int, ...]


def naive_chance(record: Bytes, other: Bytes, learned: dict[str, NDArray[Any]]) -> float:
    """-ln of the probability, by the tree, of what two records have in common."""
    told = 0.0
    for i, byte in enumerate(record):
        if byte != other[i]:
            continue
        above = int(learned["parent"][i])
        widths, start = learned["widths"], int(learned["starts"][i])
        given = float(learned["marginal"][i, byte])
        follows = above >= 0 and record[above] == other[above]
        if follows and record[above] < widths[above] and byte < widths[i]:
            given = float(learned["joint"][start + record[above] * int(widths[i]) + byte])
        told += given
    return told


def naive_repeats(
    records: Sequence[Bytes],
    times: Sequence[float],
    learned: dict[str, NDArray[Any]],
    most: int,
    window_ms: float,
) -> list[tuple[float, float]]:
    """Score each record against all before it, same and alike, looking at every one."""
    scores = []
    for n, record in enumerate(records):
        same = alike = 0.0
        for earlier in range(n):
            other = records[earlier]
            differing = sum(a != b for a, b in zip(record, other, strict=True))
            if differing > most or abs(times[n] - times[earlier]) > window_ms:
                continue
            patterns = math.comb(len(record), differing)
            told = naive_chance(record, other, learned) - math.log((n - earlier) * patterns)
            if differing:
                alike = max(alike, told)
            else:
                same = max(same, told)
        scores.append((same, alike))
    return scores


def naive_counts(
    rows: Sequence[Sequence[float]], usual: dict[float, float], longest_gap: int, remembered: int
) -> list[list[float]]:
    """Count each row's texts, and their bursts, among the latest ones, less what is usual."""
    arrived: list[tuple[int, float]] = []
    scores = []
    for row in rows:
        highest = [0.0, 0.0]
        for column, text in enumerate(row):
            if not text > 0:
                continue
            arrived.append((column, text))
            latest = range(max(0, len(arrived) - remembered), len(arrived))
            places = [place for place in latest if arrived[place] == (column, text)]
            gaps = [later - earlier for earlier, later in pairwise(places)]
            found = (len(gaps), sum(gap > longest_gap for gap in gaps))
            highest = [
                max(h, n - usual.get(text, 0.0)) for h, n in zip(highest, found, strict=True)
            ]
        scores.append(highest)
    return scores


def naive_strays(times: Sequence[float]) -> list[float]:
    """Score each event time by all before it."""
    scores: list[float] = []
    behinds: list[float] = []
    aheads: list[float] = []
    limits = (math.inf, math.inf)
    for n, at in enumerate(times):
        score = 0.0
        if n >= 5:
            latest = times[n - 5 : n]
            to_those_before = [
                0.0 if 0 <= at - other <= limits[1] else abs(at - other) for other in latest[-2:]
            ]
            behind = max(min(sorted(latest)[-2] - at, *to_those_before), 0.0)
            ahead = max(at - max(latest), 0.0)
            if n == 69 or (n > 69 and n % 64 == 0):
                limits = (naive_limit(behinds[-1024:]), naive_limit(aheads[-1024:]))
            own, limit = (aheads, limits[1]) if ahead > 0 else (behinds, limits[0])
            far, farthest = max(limit, limits[1] / 2, 1.0), max(behind, ahead)
            if farthest > far / 2:
                far = max(far, 2 * sorted(map(edge, own[-32:]))[-2])
            score = math.log1p(farthest / far) if n >= 69 else 0.0
            behinds.append(behind)
            aheads.append(ahead)
        scores.append(score)
    return scores


def edge(distance: float) -> float:
    """Upper edge of the quarter octave that a distance lies in; 0 below a millisecond."""
    if distance < 1:
        return 0.0
    return float(2.0 ** (min(1 + math.floor(4 * np.log2(distance)), 255) / 4))


def naive_limit(distances: Sequence[float]) -> float:
    """Twice the upper edge of the quarter octave beyond which at most 2% of distances lie."""
    edges = sorted(map(edge, distances))
    allowed = math.floor(0.02 * len(edges))
    return 2.0 * edges[len(edges) - 1 - allowed]
