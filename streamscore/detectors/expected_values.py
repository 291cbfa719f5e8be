"""Expected values: what the other values of a row lead a network to expect of one, in words."""

from collections.abc import Callable, Sequence
from math import isnan

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.column_features import NO_FEATURES, ColumnFeatures, features_by_column
from streamscore.detectors.design import VALUE, Design
from streamscore.detectors.reasons import Wording
from streamscore.detectors.spoken_columns import cycle_part, told
from streamscore.features.cycles import part_at

_ROUNDS = 4
"""A gap is filled with what the network returns, and again by what it returns of that: more rounds
change little."""

_STEP = 0.1
"""A network knows a number in steps of this many standard deviations, at best."""

_SURE = 0.5
"""From so much on what a network returns of a value says that it is expected."""

_LIKELIEST = "likeliest but not by much"

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""What a network returns of points: of their first features, float32 of shape (m, numbers)."""

Expected = dict[tuple[int, int], list[float]]
"""By row and column: the features of a row, those of the column as they are expected."""


class ExpectedValues:
    """Speaks of columns of rows beside what a network expects there.

    Parameters
    ----------
    design : Design
        How rows become points.
    network : callable
        The network.
    """

    def __init__(self, design: Design, network: Network) -> None:
        self._design = design
        self._network = network
        self._features = features_by_column(design)

    def asked(
        self,
        points: NDArray[np.float32],
        is_asked: NDArray[np.bool_],
        voices: NDArray[np.int64],
    ) -> Expected:
        """Ask the network what it expects of columns, each as if its value were not known.

        What a network returns of a value that it was given is drawn towards that value.

        Parameters
        ----------
        points : float32 array of shape (n, f)
            The points.
        is_asked : bool array of shape (n, d)
            Which columns of which rows are asked.
        voices : int64 array of shape (d,)
            Columns of the same number are asked together, as that column.
        """
        design = self._design
        rows, places = np.nonzero(is_asked)
        gaps = voices[design.column[: design.numbers]] == places[:, None]
        filled = points[rows]
        read = filled[:, : design.numbers]
        read[gaps] = 0.0
        if gaps.any():
            read[gaps] = self._network(filled)[gaps]
        # Fed with itself, what is expected of categories would only become surer.
        gaps &= design.kind[: design.numbers] == VALUE
        for _ in range(_ROUNDS - 1 if gaps.any() else 0):
            read[gaps] = self._network(filled)[gaps]
        entries = zip(rows.tolist(), places.tolist(), strict=True)
        return dict(zip(entries, filled.tolist(), strict=True))

    def words(
        self, wording: Wording, place: int, row: Sequence[float], expected: Sequence[float]
    ) -> str:
        """Say what a row has in a column, and what the others lead one to expect there.

        Parameters
        ----------
        wording : Wording
            Turns columns of the row into words.
        place : int
            The column.
        row : sequence of float
            The row.
        expected : sequence of float
            Its features, those of the column as they are expected.
        """
        own = self._features.get(place, NO_FEATURES)
        if (part := cycle_part(wording.terms, place, row)) is not None:
            return self._of_a_cycle(wording, place, row, part, expected)
        if own.number is not None:
            number, step = own.number_of(expected[own.number]), _STEP / own.scale
            seen, (other,) = told(wording, place, row, (number,), (round,), step)
            return f"{seen}; the other values suggest about {other}"
        if own.values:
            return _of_a_value(wording, place, row, own, expected)
        if own.always is not None:
            seen, (other,) = told(wording, place, row, (own.always,))
            return f"{seen}; always {other} before"
        return told(wording, place, row).seen

    def _of_a_cycle(
        self,
        wording: Wording,
        place: int,
        row: Sequence[float],
        part: int,
        expected: Sequence[float],
    ) -> str:
        own = (self._features.get(i, NO_FEATURES) for i in (place, place + 1))
        sine, cosine = (
            (one.always or 0.0) if one.number is None else one.number_of(expected[one.number])
            for one in own
        )
        likeliest = part_at(sine, cosine, wording.column(place).name.split(".")[-2])
        seen, (other,) = told(wording, place, row, (float(likeliest),))
        return _likelier(seen, other, is_seen=likeliest == part)


def _of_a_value(
    wording: Wording,
    place: int,
    row: Sequence[float],
    own: ColumnFeatures,
    expected: Sequence[float],
) -> str:
    feature, value = max(own.values, key=lambda one: expected[one[0]])
    seen, (other,) = told(wording, place, row, (value,))
    is_seen = value == row[place] or (isnan(value) and isnan(row[place]))
    if not is_seen and expected[feature] >= _SURE:
        return f"{seen}; the other values suggest {other}"
    return _likelier(seen, other, is_seen=is_seen)


def _likelier(seen: str, other: str, *, is_seen: bool) -> str:
    return f"{seen}, {_LIKELIEST}" if is_seen else f"{seen}; {other} would be likelier"
