"""What a detector is."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.reasons import Reason, Wording
from streamscore.features import Column, ColumnPlan

Matrix = NDArray[np.float64]
"""Encoded records, float64 of shape (n, d); a missing number is NaN."""

Memory = dict[str, NDArray[Any]]
"""What a detector remembers of a partition's earlier records: arrays that it changes in place."""


class Detector(Protocol):
    """A fitted detector: plain arrays and kernels over them.

    A detector gives each row one score or several, its channels: scores that are blind in different
    places and are weighed as such. Every score is higher for a more anomalous row.

    A stateless detector's score of a row depends on that row alone, never on the rest of its batch.
    One that declares `has_memory` also looks at the rows before it in the same partition, as a fold
    over them in their order: how they are cut into batches changes nothing.

    Attributes
    ----------
    name : str
        Its name in bundles and on the command line.
    plan : ColumnPlan
        The columns that it wants. It is given those and no others.
    has_memory : bool
        Whether it remembers earlier rows.
    channels : tuple of str
        Names of its scores, at least one.

    A detector whose channels all have the same reasons says so by `channels_agree`. One whose
    channels should not all count alike has `shares` too: a tuple with each one's part, above 0; 1
    is what a channel gets otherwise. One of whose channels some fit the rows that they learned from
    no better than later ones has `is_plain`: a tuple that says so of each.
    """

    name: ClassVar[str]
    plan: ClassVar[ColumnPlan]
    has_memory: ClassVar[bool]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of its scores, at least one."""
        ...

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> Self:
        """Learn from a history of shape (n, d) in order of time; `seed` decides what is random."""
        ...

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]) -> Self:
        """Rebuild a detector from what `arrays` and `parameters` returned.

        Raises
        ------
        KeyError, TypeError, ValueError, BundleError
            When they are not a detector's of this kind.
        """
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, for the bundle."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Return the parameters, as plain values, for the bundle and MLflow."""
        ...

    def begin(self) -> Memory:
        """Return the memory of a partition of which no record was seen; empty where it has none."""
        ...

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows in their order, and take them into the memory.

        Returns
        -------
        float64 array of shape (n, channels)
            Finite scores, higher is more anomalous.
        """
        ...

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Split what made each row abnormal in a channel over the columns.

        Returns
        -------
        float64 array of shape (n, d)
            Positive where a column made the row more anomalous. Only ratios within a row matter.
            What a memory held is not known any more: such a detector names all columns that it
            compares.
        """
        ...

    def reasons(
        self, row: NDArray[np.float64], channel: int, score: float, wording: Wording
    ) -> list[Reason]:
        """Say why one row is abnormal in a channel.

        Parameters
        ----------
        row : float64 array of shape (d,)
            The row, as it was scored.
        channel : int
            The channel.
        score : float
            The channel's score of the row, as `fold` gave it.
        wording : Wording
            Turns columns and codes into words.

        Returns
        -------
        list of Reason
            The shares sum to 1. Interchangeable fields are named together.
        """
        ...
