"""Feature tails: each column's own tail, so that what is odd in one way only is found.

A joint detector averages over its columns: a number that contradicts its text, or a text of
letters at random, is one column among many. Here every kind of oddness is a channel with a tail and
an alarm budget of its own; which there are follows from the fields' roles and from the history
(`measures`). A channel that several texts have is the highest of theirs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.feature_tails_kernels import (
    highest_of_each,
    means_of_fields,
    measure_rows,
)
from streamscore.detectors.feature_tails_words import words_of
from streamscore.detectors.measures import SCALES, Measure, measures_of
from streamscore.detectors.reasons import Reason, Wording
from streamscore.errors import BundleError, HistoryError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_LEARNED = Measure._fields[2:]
_INTEGERS = ("place", "scale", "length_place")
_MOST_COLUMNS = 1 << 20


class FeatureTails:
    """Fitted feature tails.

    Parameters
    ----------
    measures : sequence of Measure
        What is measured; at least one, those of a channel together.

    Attributes
    ----------
    channels : tuple of Channel
        The kinds of oddness.
    """

    name: ClassVar[str] = "feature-tails"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, text_statistics=True, text_learned=True)
    has_memory: ClassVar[bool] = False

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = list(measures)
        kinds = {
            one.channel: Channel(one.channel, share=one.share, is_plain=one.is_plain)
            for one in measures
        }
        self.channels = tuple(kinds.values())
        fields = list(dict.fromkeys((one.channel, one.field) for one in measures))
        self._field = np.array([fields.index((m.channel, m.field)) for m in measures], np.int64)
        self._channel = np.array([list(kinds).index(channel) for channel, _ in fields], np.int64)
        self._places, self._scales, self._length_places = (
            np.array([getattr(one, name) for one in measures], np.int64) for name in _INTEGERS
        )
        self._fewest_columns = int(max(self._places.max(), self._length_places.max())) + 1
        self._signs = np.array([one.sign for one in measures])
        self._usual = np.array(
            [[one.center, one.variance, one.letter_variance] for one in measures]
        ).T.copy()

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "FeatureTails":
        """Decide what is measured, and learn what is usual.

        Raises
        ------
        HistoryError
            When no column has a tail.
        """
        if not (measures := measures_of(matrix, columns)):
            raise HistoryError(
                "feature-tails needs a text or a number whose values differ; the history has none. "
                "Choose another detector"
            )
        return cls(measures)

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "FeatureTails":
        """Rebuild from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not those of as many measures as are named.
        """
        names = [(str(channel), str(field)) for channel, field in parameters["measures"]]
        shapes = {name: (len(names),) for name in _LEARNED}
        got = {name: arrays[name].shape for name in _LEARNED}
        if got != shapes or names != sorted(names) or not names:
            raise BundleError(f"feature tails have arrays of {shapes}, by channel; got {got}")
        places = np.stack([arrays["place"], arrays["length_place"]])
        # The kernel looks nothing up twice.
        if not (
            ((places >= 0) & (places < _MOST_COLUMNS)).all()
            and np.isin(arrays["scale"], SCALES).all()
            and (arrays["variance"] > 0.0).all()
            and (arrays["letter_variance"] >= 0.0).all()
        ):
            raise BundleError("feature tails are of columns from 0 on, and have variances above 0")
        rows = zip(*(arrays[name].tolist() for name in _LEARNED), strict=True)
        return cls([Measure(*name, *row) for name, row in zip(names, rows, strict=True)])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is measured how."""
        return {name: np.array([getattr(one, name) for one in self._measures]) for name in _LEARNED}

    def parameters(self) -> dict[str, Any]:
        """Return the channel and the field of each measure."""
        return {"measures": [[measure.channel, measure.field] for measure in self._measures]}

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def measured(self, matrix: Matrix) -> Matrix:
        """Return the measures of rows: of shape (n, measures), 0 where a value is missing.

        Raises
        ------
        ValueError
            When the rows have fewer columns than are measured.
        """
        if matrix.shape[1] < self._fewest_columns:
            raise ValueError(
                f"feature tails read {self._fewest_columns} columns, got rows of {matrix.shape[1]}"
            )
        out = np.empty((len(matrix), len(self._measures)))
        rows = np.ascontiguousarray(matrix, np.float64)
        columns = (self._places, self._signs, self._scales, self._length_places)
        measure_rows(rows, *columns, self._usual, out)
        return out

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: the highest field of each channel, float64 of shape (n, channels)."""
        out = np.empty((len(matrix), len(self.channels)))
        highest_of_each(self._of_fields(self.measured(matrix)), self._channel, out)
        return out

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Give the measures of a channel's highest field to their columns.

        Where none is positive, all columns of that field get 1.
        """
        measured = self.measured(matrix)
        fields = np.where(self._channel == channel, self._of_fields(measured), -np.inf)
        own = self._field == fields.argmax(axis=1)[:, None]
        positive = np.where(own, np.clip(measured, 0.0, None), 0.0)
        positive[~positive.any(axis=1)] = 1.0
        parts = np.zeros(matrix.shape)
        for j, place in enumerate(self._places):
            parts[:, place] += np.where(own[:, j], positive[:, j], 0.0)
        return parts

    def _of_fields(self, measured: Matrix) -> Matrix:
        out = np.empty((len(measured), len(self._channel)))
        means_of_fields(measured, self._field, out)
        return out

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the channel's highest field, and what is usual there."""
        name = self.channels[channel].name
        measures = {one.place: one for one in self._measures if one.channel == name}
        places = self.contributions(rows, channel).argmax(axis=1).tolist()
        return [
            [_reason(measures[place], row, wording)]
            for place, row, wording in zip(places, rows, wordings, strict=True)
        ]


def _reason(measure: Measure, row: NDArray[np.float64], wording: Wording) -> Reason:
    column = wording.column(measure.place)
    return Reason((column.field, *column.also), 1.0, words_of(measure, row, wording))
