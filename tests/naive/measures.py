"""Measures of detection by going through every pair, and every threshold."""

from collections.abc import Sequence


def naive_auroc(clean: Sequence[float], anomalous: Sequence[float]) -> float:
    """The share of pairs in the right order, ties counted half."""
    pairs = [(a > c) + 0.5 * (a == c) for a in anomalous for c in clean]
    return sum(pairs) / len(pairs)


def naive_auprc(clean: Sequence[float], anomalous: Sequence[float], prevalence: float) -> float:
    """Precision at each threshold, weighed by the recall that it adds."""
    total, before = 0.0, 0.0
    for threshold in sorted({*clean, *anomalous}, reverse=True):
        found = sum(a >= threshold for a in anomalous) / len(anomalous)
        alarms = sum(c >= threshold for c in clean) / len(clean)
        right = prevalence * found
        if right:
            total += (found - before) * right / (right + (1 - prevalence) * alarms)
        before = found
    return total


def naive_recall_at(clean: Sequence[float], anomalous: Sequence[float], rate: float) -> float:
    """The most that is found by any threshold with at most that share of false alarms."""
    best = 0.0
    for threshold in {*clean, *anomalous}:
        if sum(c >= threshold for c in clean) <= rate * len(clean) * (1 + 1e-9):
            best = max(best, sum(a >= threshold for a in anomalous) / len(anomalous))
    return best
