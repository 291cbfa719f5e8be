"""An isolation forest as scikit-learn walks it, one row and one tree at a time."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.isolation_forest import average_path_length


def naive_scores(forest: Any, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Higher is more anomalous: scikit-learn's own score, turned round."""
    return np.array([-forest.score_samples(row[None])[0] for row in matrix])


def naive_contributions(forest: Any, row: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each column shortened the row's mean path."""
    parts = np.zeros(len(row))
    for tree, chosen in zip(forest.estimators_, forest.estimators_features_, strict=True):
        path = tree.decision_path(row[None, chosen].astype(np.float32)).indices
        for node, child in pairwise(path):
            column = chosen[tree.tree_.feature[node]]
            parts[column] += mean_length(tree.tree_, node) - mean_length(tree.tree_, child)
    return parts / len(forest.estimators_)


def naive_root_length(forest: Any) -> float:
    """Mean over the trees of the length that the rows of each were isolated at."""
    return float(np.mean([mean_length(tree.tree_, 0) for tree in forest.estimators_]))


def mean_length(tree: Any, node: int) -> float:
    """Mean path length, from the root, of the training rows below a node."""
    return _depth(tree, node) + _below(tree, node)


def _below(tree: Any, node: int) -> float:
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        return float(average_path_length(tree.n_node_samples[[node]])[0])
    lengths = [_below(tree, left), _below(tree, right)]
    return 1.0 + float(np.average(lengths, weights=tree.n_node_samples[[left, right]]))


def _depth(tree: Any, node: int) -> int:
    depth = 0
    while node:
        in_left = np.flatnonzero(tree.children_left == node)
        node = (
            int(in_left[0]) if len(in_left) else int(np.flatnonzero(tree.children_right == node)[0])
        )
        depth += 1
    return depth
