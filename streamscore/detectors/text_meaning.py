"""Text meaning: texts about something else, and numbers that contradict what texts mean.

It reads the vectors that a language model makes of texts, so a source has it where its `embedding`
says so. What texts of the history are about is kept as prototypes; a text is odd by how little it
is like the nearest. A number that follows from the texts (a rating) is odd by how far it lies
above, or below, what they predict: two channels, for the one may be usual where the other is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Channel, Matrix, Memory
from streamscore.detectors.meaning_learning import Regression, prototypes_of, regress
from streamscore.detectors.reasons import Reason, Wording, written
from streamscore.detectors.text_meaning_kernels import likeness_to_nearest, residuals
from streamscore.errors import BundleError
from streamscore.features import Column, ColumnPlan
from streamscore.features.columns import planned

_SIGNS = {"above": 1.0, "below": -1.0}


class Subjects(NamedTuple):
    """What the texts of each field are about.

    Attributes
    ----------
    starts : int64 array of shape (t,)
        Where each text's vector begins.
    prototypes : float32 array of shape (p, width)
        Prototypes of all texts, one text's behind the other's.
    bounds : int64 array of shape (t + 1,)
        Where each text's begin, and the end.
    usual : float64 array of shape (t,)
        What 99% of the texts learned from reach of likeness.
    """

    starts: NDArray[np.int64]
    prototypes: NDArray[np.float32]
    bounds: NDArray[np.int64]
    usual: NDArray[np.float64]


class Predictions(NamedTuple):
    """Which numbers follow from the texts.

    Attributes
    ----------
    numbers : int64 array of shape (r,)
        Their columns.
    means : float64 array of shape (r,)
    centers, weights : float64 arrays of shape (r, t * width)
        As of `Regression`.
    limits : float64 array of shape (r, 2)
        The lowest and the highest value of each number, to which predictions are cut.
    """

    numbers: NDArray[np.int64]
    means: NDArray[np.float64]
    centers: NDArray[np.float64]
    weights: NDArray[np.float64]
    limits: NDArray[np.float64]


class TextMeaning:
    """Fitted text meaning.

    Parameters
    ----------
    texts, numbers : sequence of str
        Names of the text fields, and of the number fields that follow from them.
    subjects : Subjects
        What the texts are about.
    predictions : Predictions
        How the numbers follow.
    """

    name: ClassVar[str] = "text-meaning"
    plan: ClassVar[ColumnPlan] = planned(scalars=True, text_embeddings=True)
    has_memory: ClassVar[bool] = False

    def __init__(
        self,
        texts: Sequence[str],
        numbers: Sequence[str],
        subjects: Subjects,
        predictions: Predictions,
    ) -> None:
        self._texts, self._numbers = tuple(texts), tuple(numbers)
        self._subjects, self._predictions = subjects, predictions
        self._width = subjects.prototypes.shape[1]
        ends = [*subjects.starts + self._width, *predictions.numbers + 1]
        self._fewest_columns = int(max(ends))
        self._columns_of_prototypes = np.ascontiguousarray(subjects.prototypes.T)
        self.channels = (
            *(Channel(f"subject of {text}") for text in texts),
            *(Channel(f"{number} {side} its texts") for number in numbers for side in _SIGNS),
        )

    @classmethod
    def fit(cls, matrix: Matrix, columns: Sequence[Column], seed: int) -> "TextMeaning":
        """Find prototypes, and the numbers that follow from the texts."""
        starts: dict[str, int] = {}
        for place, column in enumerate(columns):
            if column.kind == "text_embedding":
                starts.setdefault(column.field, place)
        width = sum(column.kind == "text_embedding" for column in columns) // len(starts)
        each = [matrix[:, start : start + width] for start in starts.values()]
        subjects = _subjects(matrix, np.array(list(starts.values()), np.int64), each, seed)
        vectors = np.hstack(each)
        found = {
            place: regression
            for place, column in enumerate(columns)
            if column.kind in ("number", "flag")
            and (regression := regress(vectors, matrix[:, place])) is not None
        }
        names = [columns[place].field for place in found]
        return cls(list(starts), names, subjects, _predictions(found, vectors.shape[1]))

    @classmethod
    def restore(
        cls, arrays: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]
    ) -> "TextMeaning":
        """Rebuild from a bundle.

        Raises
        ------
        BundleError
            When the arrays are not those of the texts and numbers that are named.
        """
        texts, numbers = ([str(name) for name in parameters[key]] for key in ("texts", "numbers"))
        columns = int(parameters["columns"])
        subjects = Subjects(*(arrays[name] for name in Subjects._fields))
        predictions = Predictions(*(arrays[name] for name in Predictions._fields))
        if not _fits(len(texts), len(numbers), columns, subjects, predictions):
            shapes = {name: array.shape for name, array in arrays.items()}
            raise BundleError(
                f"text-meaning of {len(texts)} texts and {len(numbers)} numbers among {columns} "
                f"columns has arrays of other shapes or places; got {shapes}"
            )
        return cls(texts, numbers, subjects, predictions)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return prototypes and regressions."""
        return {**self._subjects._asdict(), **self._predictions._asdict()}

    def parameters(self) -> dict[str, Any]:
        """Return the fields, and how many columns a row has at least."""
        return {
            "texts": list(self._texts),
            "numbers": list(self._numbers),
            "columns": self._fewest_columns,
        }

    def begin(self) -> Memory:
        """Return no memory."""
        return {}

    def fold(self, matrix: Matrix, memory: Memory) -> NDArray[np.float64]:
        """Score rows: one less the likeness of each text, and residuals in both directions.

        Returns
        -------
        float64 array of shape (n, channels)
            Of texts within [0, 2], of numbers in their own units.
        """
        if matrix.shape[1] < self._fewest_columns:
            raise ValueError(
                f"text-meaning reads {self._fewest_columns} columns; got rows of {matrix.shape[1]}"
            )
        out = np.empty((len(matrix), len(self.channels)))
        texts = len(self._texts)
        out[:, :texts] = 1.0 - self._likeness(matrix)
        found = self._residuals(matrix)
        for place, sign in enumerate(_SIGNS.values()):
            out[:, texts + place :: len(_SIGNS)] = sign * found
        return out

    def _likeness(self, matrix: Matrix) -> NDArray[np.float64]:
        subjects, out = self._subjects, np.empty((len(matrix), len(self._texts)))
        prototypes = self._columns_of_prototypes
        likeness_to_nearest(matrix, subjects.starts, prototypes, subjects.bounds, out)
        return out

    def _residuals(self, matrix: Matrix) -> NDArray[np.float64]:
        out = np.empty((len(matrix), len(self._numbers)))
        residuals(matrix, self._subjects.starts, self._width, *self._predictions, out)
        return out

    def contributions(self, matrix: Matrix, channel: int) -> NDArray[np.float64]:
        """Give all of a text's columns alike, or the number and each column its part of a residual.

        Where there is no residual the number has it.
        """
        parts, texts = np.zeros(matrix.shape), len(self._texts)
        if channel < texts:
            start = self._subjects.starts[channel]
            parts[:, start : start + self._width] = 1.0
            return parts
        place, side = divmod(channel - texts, len(_SIGNS))
        sign, number = list(_SIGNS.values())[side], self._predictions.numbers[place]
        known = self._residuals(matrix)[:, place] != 0.0
        parts[~known, number] = 1.0
        parts[known, number] = sign * (matrix[known, number] - self._predictions.means[place])
        for text, start in enumerate(self._subjects.starts):
            own = slice(text * self._width, (text + 1) * self._width)
            apart = (
                matrix[known, start : start + self._width] - self._predictions.centers[place, own]
            )
            parts[known, start : start + self._width] = (
                -sign * self._predictions.weights[place, own] * apart
            )
        return parts

    def reasons(
        self,
        rows: Matrix,
        channel: int,
        scores: NDArray[np.float64],
        wordings: Sequence[Wording],
    ) -> list[list[Reason]]:
        """Name the text, or the number together with the texts that it contradicts."""
        if channel < len(self._texts):
            return [[self._of_a_subject(channel, score)] for score in scores.tolist()]
        place, side = divmod(channel - len(self._texts), len(_SIGNS))
        sign = list(_SIGNS.values())[side]
        told = zip(rows, scores.tolist(), wordings, strict=True)
        return [
            [self._of_a_contradiction(place, row, sign * score, wording)]
            for row, score, wording in told
        ]

    def _of_a_subject(self, text: int, score: float) -> Reason:
        name, usual = self._texts[text], self._subjects.usual[text]
        like, least = (written(round(float(part), 2)) for part in (1.0 - score, usual))
        words = (
            f"{name} is about something else: likeness {like} with the nearest learned texts; "
            f"99% have at least {least}"
        )
        return Reason((name,), 1.0, words)

    def _of_a_contradiction(
        self, place: int, row: NDArray[np.float64], apart: float, wording: Wording
    ) -> Reason:
        number, column = self._numbers[place], int(self._predictions.numbers[place])
        seen, reads = wording.seen(column, float(row[column])), float(row[column]) - apart
        words = f"{number} is {seen}; {_joined(self._texts)} mean {written(round(reads, 1))}"
        return Reason((number, *self._texts), 1.0, words)


def _subjects(
    matrix: Matrix, starts: NDArray[np.int64], each: Sequence[Matrix], seed: int
) -> Subjects:
    found = [prototypes_of(vectors, seed) for vectors in each]
    bounds = np.cumsum([0, *map(len, found)])
    prototypes = np.vstack(found)
    likeness = np.empty((len(matrix), len(starts)))
    likeness_to_nearest(matrix, starts, np.ascontiguousarray(prototypes.T), bounds, likeness)
    return Subjects(starts, prototypes, bounds, np.quantile(likeness, 0.01, axis=0))


def _predictions(found: Mapping[int, Regression], width: int) -> Predictions:
    numbers, each = np.array(list(found), np.int64), list(found.values())
    centers, weights = (
        np.array([getattr(one, name) for one in each], np.float64).reshape(len(each), width)
        for name in ("center", "weights")
    )
    limits = np.array([one.limits for one in each], np.float64).reshape(len(each), 2)
    return Predictions(numbers, np.array([one.mean for one in each]), centers, weights, limits)


def _fits(
    texts: int, numbers: int, columns: int, subjects: Subjects, predictions: Predictions
) -> bool:
    """Tell whether the kernels can read the arrays, which look nothing up twice."""
    if subjects.prototypes.ndim != 2 or texts < 1:
        return False
    count, width = subjects.prototypes.shape
    shapes = [array.shape for array in (*subjects, *predictions)]
    expected = [(texts,), (count, width), (texts + 1,), (texts,), (numbers,), (numbers,)]
    expected += [(numbers, texts * width)] * 2 + [(numbers, 2)]
    types = [array.dtype.kind for array in (*subjects, *predictions)]
    if shapes != expected or "".join(types) != "ifififfff":
        return False
    starts, bounds, places = subjects.starts, subjects.bounds, predictions.numbers
    return bool(
        width > 0
        and (starts >= 0).all()
        and (starts <= columns - width).all()
        and bounds[0] == 0
        and bounds[-1] == count
        and (np.diff(bounds) >= 0).all()
        and (places >= 0).all()
        and (places < columns).all()
    )


def _joined(names: Sequence[str]) -> str:
    return " and ".join(names)
