"""The rolling window with lists: every count is taken anew for every score."""

import math
from collections import deque
from collections.abc import Iterable


class NaiveWindow:
    """p-value, threshold and tail of each score, one at a time."""

    def __init__(self, scores: Iterable[float], capacity: int, rate: float) -> None:
        self.kept = deque(scores, maxlen=capacity)
        self.extremes = deque([False] * 1000, maxlen=1000)
        self.rate = rate

    def judge(self, score: float) -> tuple[float, float, float]:
        """Judge one score, then take it in."""
        ordered = sorted(self.kept)
        n = len(ordered)
        p = (1 + sum(other >= score for other in ordered)) / (n + 1)
        allowed = math.floor(self.rate * (n + 1) + 1e-9)
        threshold = ordered[-allowed] if 0 < allowed <= n else math.inf
        tail = self._tail(ordered, score, p)
        extreme = p < 0.1 * self.rate and score > self._far(ordered)
        self.extremes.append(extreme)
        if not extreme or sum(self.extremes) > 30:
            self.kept.append(score)
        return p, threshold, tail

    @staticmethod
    def _tail(ordered: list[float], score: float, p: float) -> float:
        above = int(0.02 * len(ordered))
        if p > 0.02 or above < 5:
            return p
        start = ordered[-above - 1]
        mean_excess = sum(other - start for other in ordered[-above:]) / above
        if mean_excess <= 0:
            return p
        return max(min(p, 0.02 * math.exp(-(score - start) / mean_excess)), 1e-300)

    def _far(self, ordered: list[float]) -> float:
        low = ordered[int(0.9 * len(ordered))]
        high = ordered[int(0.98 * len(ordered))]
        return high + (high - low) / math.log(5) * math.log(0.02 * 30 / self.rate)
