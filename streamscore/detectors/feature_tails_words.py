"""What a measure says of a row, in words. Texts are not quoted."""

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.measures import Measure
from streamscore.detectors.reasons import Wording, percent, written
from streamscore.features import Column

_TELLING_UNSEEN = 0.1


def words_of(measure: Measure, row: NDArray[np.float64], wording: Wording) -> str:
    """Say what a row has in a measure's column and what is usual.

    Parameters
    ----------
    measure : Measure
        What is spoken of.
    row : float64 array of shape (d,)
        The row.
    wording : Wording
        Turns columns into words.
    """
    column, value = wording.columns[measure.place], float(row[measure.place])
    if column.kind == "number":
        seen = wording.seen(measure.place, value)
        limit = "at most" if measure.sign > 0 else "at least"
        return f"{column.field} is {seen}; 99% have {limit} {written(measure.usual)}"
    if column.also:
        return _of_a_residual(column, value, row, wording)
    part = column.name.removeprefix(f"{column.field}.")
    if part == "rarity":
        return _of_rarity(column, value, measure, row, wording)
    return f"{column.field} {_of_a_text(part, value, measure.usual)}"


def _of_a_residual(column: Column, value: float, row: NDArray[np.float64], wording: Wording) -> str:
    place = _place(wording, column.field)
    seen, text = wording.seen(place, float(row[place])), column.also[0]
    reads = written(round(float(row[place]) - value, 1))
    return f"{column.field} is {seen}; its {text} reads like {reads}"


def _of_rarity(
    column: Column, value: float, measure: Measure, row: NDArray[np.float64], wording: Wording
) -> str:
    unseen = float(row[_place(wording, f"{column.field}.unseen")])
    if unseen >= _TELLING_UNSEEN:
        return f"{column.field}: {percent(unseen)} of its words were never seen"
    return (
        f"{column.field} has rare words: {written(value)} bits each; "
        f"usual are {written(measure.usual)}"
    )


def _of_a_text(part: str, value: float, usual: float) -> str:
    if part == "length":
        count, least = round(np.expm1(value)), round(np.expm1(usual))
        return "is empty" if count == 0 else f"has {count} characters; 99% have at least {least}"
    if part == "surprise":
        return (
            f"has letters in an unusual order: {written(value)} bits each; "
            f"usual are {written(usual)}"
        )
    if part == "upper":
        return f"has {percent(value)} capitals; 99% have at most {percent(usual)}"
    said = {
        "links": "has {} links; 99% have at most {}",
        "number": "has a number of {} digits; 99% have at most {}",
        "repeats": "repeats a word {} times in a row; 99% at most {}",
    }
    return said[part].format(written(value), written(usual))


def _place(wording: Wording, name: str) -> int:
    return [column.name for column in wording.columns].index(name)
