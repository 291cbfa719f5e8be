"""What a detector is."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.detectors.reasons import Reason, Wording
from streamscore.features import Column, ColumnPlan

Matrix = NDArray[np.float64]
"""Encoded records, float64 of shape (n, d); a missing number is NaN."""

Memory = dict[str, NDArray[Any]]
"""What a detector remembers of a partition's earlier records: arrays that it changes in place."""


class Channel(Struct, frozen=True):
    """One score of a detector.

    Attributes
    ----------
    name : str
        Its name, of its own in the detector.
    share : float
        What it counts for beside the detector's other channels, above 0.
    is_plain : bool
        Whether it fits the rows that it was learned from no better than later ones, so that its
        tail may be learned from those too.
    told_by : int or None
        Place of the channel whose reasons are this one's too; None where it has its own.
    """

    name: str
    share: float = 1.0
    is_plain: bool = False
    told_by: int | None = None


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
    channels : tuple of Channel
        Its scores, at least one.
    """

    name: ClassVar[str]
    plan: ClassVar[ColumnPlan]
    has_memory: ClassVar[bool]

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Its scores, at least one."""
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
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Say why rows are abnormal in a channel.

        Parameters
        ----------
        rows : float64 array of shape (n, d)
            The rows, as they were scored.
        channel : int
            The channel.
        scores : float64 array of shape (n,)
            The channel's scores of the rows, as `fold` gave them.
        wordings : sequence of Wording, of length n
            Turn the columns and codes of each row into words.

        Returns
        -------
        list of lists of Reason
            For each row at least one; the shares sum to 1. Interchangeable fields are named
            together.
        """
        ...
