"""Measures: one column looked at in one direction, on a scale that means the same for every row.

Which columns are measured, and in which direction, follows from their kind and from what the
history shows. A number has no tail where every row has the same value, or where its extreme is a
common one. Counts in texts are measured also where the history has none: then one is news.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.features import Column

SCALES = PLAIN, LOG, BY_LENGTH = range(3)
"""Scales: the value; sign(x) log(1 + |x|); the value, where that of short texts varies more."""

_HEAVY_KURTOSIS = 9.0
"""That of the exponential distribution: heavier numbers are measured on a logarithmic scale."""

_COMMON = 0.02
"""A highest or lowest value of as many rows is the end of a scale: a tail is of rarer ones."""

_LIMIT = 0.99
_ROUNDS = 8
_FARTHEST = 9.0
"""Squared deviations that a text counts for at most where its variance is fitted."""

_LEAST_SHARE = 0.01
_LEAST_VARIANCE = 1e-9


class Measure(NamedTuple):
    """One column, looked at in one direction.

    Attributes
    ----------
    channel : str
        The score that it belongs to: the highest of its fields, each the mean of its measures.
    field : str
        The field.
    place : int
        The column.
    sign : float
        1 where high values are anomalous, -1 where low ones are.
    scale : int
        `PLAIN`, `LOG` or `BY_LENGTH`.
    length_place : int
        The column with log(1 + characters) of the same text, where the scale needs it.
    center, variance, letter_variance : float
        What is usual on the scale, and how it varies: at n characters by variance +
        letter_variance / n.
    usual : float
        What people are told of the column: a limit that 99% keep, or the middle.
    share : float
        The channel's part of the alarm budget; 1 is an even part.
    is_plain : bool
        Whether the column is as usual in the history as in later rows: nothing was learned of it.
    """

    channel: str
    field: str
    place: int
    sign: float = 1.0
    scale: int = PLAIN
    length_place: int = 0
    center: float = 0.0
    variance: float = 1.0
    letter_variance: float = 0.0
    usual: float = 0.0
    share: float = 1.0
    is_plain: bool = True


def measures_of(matrix: Matrix, columns: Sequence[Column]) -> list[Measure]:
    """Decide what is measured, by the columns' kinds and a history of shape (n, d).

    Returns
    -------
    list of Measure
        Those of one channel stand together, and in them those of one field.
    """
    predicted = {column.field for column in columns if column.also}
    found: list[Measure] = []
    for place, column in enumerate(columns):
        if np.isnan(matrix[:, place]).all():
            continue
        if column.kind == "number" and column.field not in predicted:
            found += _of_a_number(column, place, matrix[:, place])
        elif column.also:
            found += _of_a_residual(column, place, _part_of_all_text(column, matrix, columns))
        elif column.kind in ("text_statistic", "text_learned"):
            found += _of_a_text(matrix, columns, place)
    return sorted(found, key=lambda measure: (measure.channel, measure.field))


def _of_a_number(column: Column, place: int, values: NDArray[np.float64]) -> list[Measure]:
    known = values[~np.isnan(values)]
    deviation = known.std()
    if not deviation > 0.0:
        return []
    scale = LOG if np.mean(((known - known.mean()) / deviation) ** 4) > _HEAVY_KURTOSIS else PLAIN
    scaled = signed_log(known) if scale == LOG else known
    center, variance = float(np.median(scaled)), float(scaled.var())
    low, high = np.quantile(known, [1.0 - _LIMIT, _LIMIT]).tolist()
    found = []
    for end, sign, extreme, usual in (
        ("high", 1.0, known.max(), high),
        ("low", -1.0, known.min(), low),
    ):
        if np.mean(known == extreme) < _COMMON:
            name = f"{column.field}.{end}"
            parts = (0, center, max(variance, _LEAST_VARIANCE), 0.0, usual)
            found.append(Measure(name, column.field, place, sign, scale, *parts))
    return found


def _of_a_residual(column: Column, place: int, share: float) -> list[Measure]:
    """Measure a number against a text in both directions, each with an alarm budget of its own.

    Where several texts predict it, so does their mean, in which each counts by the root of its
    length: none of them may be odd enough alone.
    """
    field, (text,) = column.field, column.also
    found = []
    for direction, sign in (("above", 1.0), ("below", -1.0)):
        name = f"{field}.{direction}"
        alone = Measure(f"{name}.{text}", field, place, sign, share=share, is_plain=False)
        found.append(alone)
        if share < 1.0:
            found.append(alone._replace(channel=name, variance=1.0 / share, share=1.0))
    return found


def _part_of_all_text(column: Column, matrix: Matrix, columns: Sequence[Column]) -> float:
    """Return how much of the texts that predict a number is the one that a column is made of.

    A title has few words, and what it predicts varies more than what a long text does: a number's
    alarm budget is divided among its texts by their characters.
    """
    characters = {
        one.also[0]: float(np.expm1(matrix[:, place_of(columns, one.also[0], "length")]).mean())
        for one in columns
        if one.also and one.field == column.field
    }
    return max(characters[column.also[0]] / max(sum(characters.values()), 1.0), _LEAST_SHARE)


def _of_a_text(matrix: Matrix, columns: Sequence[Column], place: int) -> list[Measure]:
    column, values = columns[place], matrix[:, place]
    field, length_place = column.field, place_of(columns, column.field, "length")
    lengths = np.expm1(matrix[:, length_place])
    part = column.name.removeprefix(f"{column.field}.")
    high = float(np.nanquantile(values, _LIMIT))
    if part == "length":
        low = float(np.quantile(values, 1.0 - _LIMIT))
        variance = max(float(values.var()), _LEAST_VARIANCE)
        center = float(np.median(values))
        return [Measure("short", field, place, -1.0, PLAIN, 0, center, variance, 0.0, low)]
    if part in ("number", "repeats"):
        return [Measure(part, field, place, usual=high)]
    if part == "addresses":
        return [Measure("links", field, place, usual=high)]
    if part == "upper":
        fitted = _by_chance(values, lengths)
        return [Measure(part, field, place, 1.0, BY_LENGTH, length_place, *fitted, high)]
    if part in ("surprise", "rarity"):
        # What has strange letters has strange words, and together they say it more surely.
        parts = (length_place, *_by_length(values, lengths), float(np.nanmedian(values)))
        return [Measure("strange", field, place, 1.0, BY_LENGTH, *parts, is_plain=False)]
    return []


def place_of(columns: Sequence[Column], text: str, part: str) -> int:
    """Return the place of the column that holds a part of a text; another field may be called so.

    Examples
    --------
    >>> other = Column(name="note.length", field="note.length", kind="number")
    >>> own = Column(name="note.length", field="note", kind="text_statistic")
    >>> place_of([other, own], "note", "length")
    1
    """
    name = f"{text}.{part}"
    return next(i for i, one in enumerate(columns) if (one.field, one.name) == (text, name))


def _by_chance(
    values: NDArray[np.float64], lengths: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the share of all characters, and its variance p (1 - p) / n were each drawn alone.

    So a long text in capitals is odder than a word in capitals.
    """
    share = float(np.sum(values * lengths) / max(lengths.sum(), 1.0))
    return share, _LEAST_VARIANCE, max(share * (1.0 - share), _LEAST_VARIANCE)


def _by_length(
    values: NDArray[np.float64], lengths: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Fit the mean of a text's share or mean, and its variance a + b / n at n characters.

    Squared distances from the mean are regressed on 1 / n, each divided by what was last fitted to
    it, and cut at three deviations, for the strangest texts would decide alone.
    """
    known = ~np.isnan(values) & (lengths >= 1.0)
    if not known.any():
        return 0.0, 1.0, 0.0
    values, lengths = values[known], np.rint(lengths[known])
    center = float(np.average(values, weights=np.sqrt(lengths)))
    squares, terms = (values - center) ** 2, np.stack([np.ones(len(lengths)), 1.0 / lengths], 1)
    own, letter = max(float(squares.mean()), _LEAST_VARIANCE), 0.0
    for _ in range(_ROUNDS):
        fitted = own + letter / lengths
        cut = np.minimum(squares / fitted, _FARTHEST)
        (first, second), *_ = np.linalg.lstsq(terms / fitted[:, None], cut, rcond=None)
        own, letter = max(float(first), _LEAST_VARIANCE), max(float(second), 0.0)
    return center, own, letter


def signed_log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sign(x) log(1 + |x|).

    Examples
    --------
    >>> signed_log(np.array([-1.0, 0.0, 1.0])).round(3).tolist()
    [-0.693, 0.0, 0.693]
    """
    found: NDArray[np.float64] = np.sign(values) * np.log1p(np.abs(values))
    return found
