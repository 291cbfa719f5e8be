"""PyOD's detectors, built by name with its own defaults, seeded and silent."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.compared.names import Compared

_LOCAL_NEIGHBOURS = (10, 20, 30)
"""Neighbours of the LOFs that LSCP chooses from: it has no default."""

_BLOCK_ROWS = 4096
"""Rows scored in one call; some detectors take memory for each row times all they learned."""

_SHORTEST = 1e-12

_BESIDE_SHARE = 16
"""Of the sample and the records laid beside it, one in so many is to be scored."""


class _Judge:
    """A detector of PyOD as it is compared.

    Parameters
    ----------
    compared : Compared
        Which detector.
    seed : int
        Decides what is random in it.
    """

    def __init__(self, compared: Compared, seed: int) -> None:
        self.compared = compared
        self.seed = seed

    def _learn_range(self, train: NDArray[np.float64]) -> None:
        self._low, self._high = train.min(axis=0), train.max(axis=0)

    def _first(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Do what the method demands of records before it sees them."""
        if self.compared.first == "cut":
            return np.clip(rows, self._low, self._high)
        if self.compared.first == "unit":
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
            unit: NDArray[np.float64] = rows / np.maximum(lengths, _SHORTEST)
            return unit
        return rows


class Alone(_Judge):
    """A detector whose score of a record depends on what was learned and the record alone."""

    def fit(self, train: NDArray[np.float64]) -> None:
        """Learn from records of shape (n, d)."""
        self._learn_range(train)
        self.detector = _build(self.compared, train.shape[1], self.seed)
        self.detector.fit(self._first(train))

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score records of shape (m, d), higher is more anomalous."""
        rows = self._first(rows)
        blocks = [rows[i : i + _BLOCK_ROWS] for i in range(0, len(rows), _BLOCK_ROWS)]
        return np.concatenate([np.ravel(self.detector.decision_function(b)) for b in blocks])


class Beside(_Judge):
    """An algorithm that judges a set of records as a whole and cannot judge one by itself.

    A few records at a time are laid beside the records learned from, one to fifteen, and all are
    judged together; so a score depends a little on those that it is judged with. They are drawn by
    the seed: neighbours in time may be anomalous together.
    """

    def fit(self, train: NDArray[np.float64]) -> None:
        """Keep the records that others are laid beside."""
        self._learn_range(train)
        self.detector = self._first(train)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score records of shape (m, d), higher is more anomalous."""
        rows = self._first(rows)
        size = max(1, len(self.detector) // (_BESIDE_SHARE - 1))
        drawn = np.random.default_rng(self.seed).permutation(len(rows))
        scores = np.empty(len(rows))
        for start in range(0, len(rows), size):
            places = drawn[start : start + size]
            judge = _build(self.compared, rows.shape[1], self.seed)
            judge.fit(np.concatenate([self.detector, rows[places]]))
            scores[places] = np.ravel(judge.decision_scores_)[-len(places) :]
        return scores


def _build(compared: Compared, width: int, seed: int) -> Any:
    """Return the detector, not yet fitted, with whatever it takes of seed, width and silence."""
    module, _, name = compared.kind.partition(":")
    if name == "FeatureBagging":
        _stand_in_for_combo()
    kind = getattr(import_module(module), name)
    given = {
        "random_state": seed,
        "n_features": width,
        "verbose": 0,
        "device": "cpu",
        "detector_list": _local_detectors() if name == "LSCP" else None,
    }
    takes = inspect.signature(kind.__init__).parameters
    parameters = {key: value for key, value in given.items() if key in takes}
    return kind(**(parameters | dict(compared.parameters)))


def _local_detectors() -> list[Any]:
    from pyod.models.lof import LOF

    return [LOF(n_neighbors=neighbours) for neighbours in _LOCAL_NEIGHBOURS]


def _stand_in_for_combo() -> None:
    """Give PyOD the mean and the maximum for which it asks a package that is no longer kept."""
    functions: dict[str, Any] = {
        "average": lambda scores: np.mean(scores, axis=1),
        "maximization": lambda scores: np.max(scores, axis=1),
    }
    name = "pyod.models.combination"
    combination = ModuleType(name, "Mean and maximum of several scores.")
    combination.__dict__.update(functions)
    sys.modules.setdefault(name, combination)
