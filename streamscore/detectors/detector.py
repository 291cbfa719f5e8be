"""What a detector is, and the list of them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from streamscore.errors import UsageError
from streamscore.features import Column, ColumnPlan

Matrix = NDArray[np.float64]


class Detector(Protocol):
    """A fitted detector: plain arrays and a kernel over them.

    A detector's score of a row depends on that row alone, never on the rest of its batch.
    """

    name: ClassVar[str]
    plan: ClassVar[ColumnPlan]

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> Self:
        """Learn from an encoded history of shape (n, d); `seed` decides every random choice."""
        ...

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]) -> Self:
        """Rebuild a detector from what `arrays` and `parameters` returned."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, for the bundle."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Return the parameters, as plain values, for the bundle and MLflow."""
        ...

    def score(self, matrix: Matrix) -> NDArray[np.float64]:
        """Score rows: float64 of shape (n,), higher is more anomalous."""
        ...

    def contributions(self, matrix: Matrix) -> NDArray[np.float64]:
        """Split each row's abnormality over the columns.

        Returns
        -------
        float64 array of shape (n, d)
            Positive where a column made the row more anomalous than the average one.
        """
        ...


def detector_names() -> tuple[str, ...]:
    """Names of the detectors that can score a stream."""
    return ("isolation-forest",)


def detector_named(name: str) -> type[Detector]:
    """Return the detector of that name.

    Raises
    ------
    UsageError
        When there is none.
    """
    if name == "isolation-forest":
        from streamscore.detectors.isolation_forest import IsolationForest

        return IsolationForest
    raise UsageError(f"a detector is one of {', '.join(detector_names())}; got {name!r}")
