"""Isolation forest: trained by scikit-learn, scored by a compiled kernel.

Liu, Ting, Zhou, "Isolation Forest", ICDM 2008. A row that random splits isolate early is
anomalous: its score is 2^(-E[path length] / c(subsample)), in (0, 1), the negative of
scikit-learn's `score_samples`.

Every tree is laid out as a perfect binary tree: node i's children are 2i + 1 and 2i + 2, a leaf
above the lowest level is continued by nodes that change nothing. So the kernel needs no child
pointers and no test for leaves, and walks several rows through a tree at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.isolation_kernels import contributions, path_lengths
from streamscore.detectors.reasons import Reason, Wording
from streamscore.detectors.spoken_columns import column_reasons
from streamscore.detectors.usual_values import UsualValues
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan

_DEEPEST = 12


class IsolationForest:
    """A fitted isolation forest.

    Parameters
    ----------
    split : uint32 array of shape (trees, inner)
        What each inner node reads: 2 * column where a missing value goes left, 2 * column + 1 where
        it goes right.
    limit : float32 array of shape (trees, inner)
        A row goes left where its value, as float32, is at most this.
    expected : float64 array of shape (trees, 2 * inner + 1)
        Mean path length of the training rows that reach the node; at the lowest level, the path
        length of a row that ends there.
    subsample : int
        Rows that each tree was grown on.
    usual : UsualValues or None
        What is usual in each column, for the reasons; None where nothing is known of it.
    """

    name: ClassVar[str] = "isolation-forest"
    plan: ClassVar[ColumnPlan] = ColumnPlan(cycles=True, text_dimensions=32)
    has_memory: ClassVar[bool] = False
    channels: ClassVar = (Channel("score"),)

    def __init__(
        self,
        split: NDArray[np.uint32],
        limit: NDArray[np.float32],
        expected: NDArray[np.float64],
        subsample: int,
        usual: UsualValues | None = None,
    ) -> None:
        # Unsigned, so that the kernel need not look for negative indices at each step.
        self._split = np.ascontiguousarray(split, np.uint32)
        self._limit = np.ascontiguousarray(limit, np.float32)
        self._expected = np.ascontiguousarray(expected, np.float64)
        self._subsample = subsample
        self._normal_length = float(average_path_length(np.array([subsample]))[0])
        self._fewest_columns = int(self._split.max()) // 2 + 1
        self._usual = usual

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        columns: Sequence[Column],
        seed: int,
        trees: int = 100,
        subsample: int = 256,
    ) -> "IsolationForest":
        """Grow a forest with scikit-learn and turn it into arrays."""
        from sklearn.ensemble import IsolationForest as SklearnForest

        forest = SklearnForest(
            n_estimators=trees,
            max_samples=min(subsample, len(matrix)),
            random_state=seed,
            n_jobs=1,
        )
        return cls.from_sklearn(forest.fit(matrix), UsualValues.fit(matrix, columns))

    @classmethod
    def from_sklearn(cls, forest: Any, usual: UsualValues | None = None) -> "IsolationForest":
        """Turn a fitted `sklearn.ensemble.IsolationForest` into arrays.

        Raises
        ------
        ValueError
            When its trees are deeper than 12 levels (`max_samples` above 4096).
        """
        depth = max(tree.tree_.max_depth for tree in forest.estimators_)
        if depth > _DEEPEST:
            raise ValueError(f"trees have at most {_DEEPEST} levels, got {depth}")
        layout = [
            _perfect_tree(tree.tree_, chosen, max(depth, 1))
            for tree, chosen in zip(forest.estimators_, forest.estimators_features_, strict=True)
        ]
        split, threshold, expected = (np.stack(parts) for parts in zip(*layout, strict=True))
        limit = _float32_below(threshold)
        return cls(split, limit, expected, int(forest.max_samples_), usual)

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "IsolationForest":
        """Rebuild a forest from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not those of a forest of perfect trees.
        """
        split, limit, expected = (arrays[name] for name in ("split", "limit", "expected"))
        trees, inner = split.shape
        # The kernel looks nothing up twice: a wrong shape would read beyond the arrays.
        perfect = inner > 0 and inner & (inner + 1) == 0
        fits = limit.shape == split.shape and expected.shape == (trees, 2 * inner + 1)
        if not (trees and perfect and fits):
            raise BundleError(
                f"a forest has perfect trees; got split {split.shape}, limit {limit.shape}, "
                f"expected {expected.shape}"
            )
        usual = UsualValues.restore(arrays, int(split.max()) // 2 + 1)
        return cls(split, limit, expected, int(parameters["subsample"]), usual)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees, and what is usual."""
        usual = {} if self._usual is None else self._usual.arrays()
        return usual | {"split": self._split, "limit": self._limit, "expected": self._expected}

    def parameters(self) -> dict[str, Any]:
        """Return the size of the forest."""
        return {"trees": len(self._split), "subsample": self._subsample}

    def score(self, matrix: Matrix) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n,) in (0, 1), higher is more anomalous.

        Raises
        ------
        ValueError
            When the rows have fewer columns than the trees read.
        """
        lengths = path_lengths(self._checked(matrix), self._split, self._limit, self._expected)
        if self._normal_length == 0.0:
            # Grown on single rows: every path has no length, and is as long as a normal one.
            return np.full(len(matrix), 0.5)
        scores: NDArray[np.float64] = np.exp2(-lengths / self._normal_length)
        return scores

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n, 1)."""
        return self.score(matrix)[:, None]

    def contributions(self, matrix: Matrix, channel: int = 0) -> NDArray[np.float64]:
        """Split the shortening of each row's mean path over the columns.

        At each node the expected path length changes from the node's to its child's; that change
        belongs to the column the node splits on (Saabas, "Interpreting random forests", 2014).
        The sum over the columns is the expected length at the roots minus the row's own.
        """
        rows = self._checked(matrix)
        parts: Matrix = contributions(rows, self._split, self._limit, self._expected)
        return parts

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the columns that shortened the row's paths, and what is usual there."""
        parts, usual = self.contributions(rows), self._usual
        if usual is None:
            return column_reasons(parts, rows, wordings)
        cells = rows.tolist()
        return column_reasons(
            parts, rows, wordings, lambda i, place: usual.words(wordings[i], place, cells[i])
        )

    def _checked(self, matrix: Matrix) -> Matrix:
        if matrix.shape[1] < self._fewest_columns:
            raise ValueError(
                f"the trees read {self._fewest_columns} columns, got rows of {matrix.shape[1]}"
            )
        return np.ascontiguousarray(matrix, np.float64)


def average_path_length(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Average path length of an unsuccessful search in a binary tree of that many rows.

    Equation 1 of Liu, Ting, Zhou 2008: 2 H(n - 1) - 2 (n - 1) / n, with H(i) = ln i + gamma.

    Examples
    --------
    >>> average_path_length(np.array([1, 2, 256])).round(4).tolist()
    [0.0, 1.0, 10.2448]
    """
    n = np.maximum(rows, 3).astype(np.float64)
    length = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, length))


def _float32_below(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each; `x > t` is the same for every float32 x."""
    rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def _perfect_tree(
    tree: Any, chosen: NDArray[np.int64], depth: int
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]]:
    inner = 2**depth - 1
    split = np.zeros(inner, np.uint32)
    threshold = np.full(inner, np.inf)
    expected = np.zeros(2 * inner + 1)
    lengths = _expected_lengths(tree)
    places = [(0, 0)]
    while places:
        place, node = places.pop()
        expected[place] = lengths[node]
        if place >= inner:
            continue
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            # Whatever the value of column 0, it goes left; both children are the leaf.
            places += [(2 * place + 1, node), (2 * place + 2, node)]
            continue
        missing_right = not tree.missing_go_to_left[node]
        split[place] = 2 * chosen[tree.feature[node]] + missing_right
        threshold[place] = tree.threshold[node]
        places += [(2 * place + 1, left), (2 * place + 2, right)]
    return split, threshold, expected


def _expected_lengths(tree: Any) -> NDArray[np.float64]:
    """Mean path length of the training rows below each node of a scikit-learn tree."""
    lengths = np.zeros(tree.node_count)
    depths = np.zeros(tree.node_count)
    rows = tree.n_node_samples
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depths[child] = depths[node] + 1
    extra = average_path_length(rows)
    # scikit-learn numbers children after their parent, so backwards meets children first.
    for node in range(tree.node_count - 1, -1, -1):
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            lengths[node] = depths[node] + extra[node]
        else:
            weighted = rows[left] * lengths[left] + rows[right] * lengths[right]
            lengths[node] = weighted / rows[node]
    return lengths
