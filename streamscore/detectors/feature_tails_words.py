"""What a measure says of a row, in words. Texts are not quoted."""

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.measures import Measure
from streamscore.detectors.reasons import Wording, percent, written
from streamscore.features import Column

_TELLING_UNSEEN = 0.2
"""From this share of unseen words on they say more than bits do."""

_ADDRESSES = ("no web address", "what may be a web address", "a web address", "a web address")


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
    column, value = wording.column(measure.place), float(row[measure.place])
    if column.kind == "number":
        seen = wording.seen(measure.place, value)
        limit = "at most" if measure.sign > 0 else "at least"
        return f"{column.field} is {seen}; 99% have {limit} {written(measure.usual)}"
    if column.also:
        return _of_a_residual(column, value, row, wording)
    part = column.name.removeprefix(f"{column.field}.")
    if part in ("rarity", "surprise"):
        return _of_strangeness(column, part, value, measure, row, wording)
    return f"{column.field} {_of_a_text(part, value, measure.usual)}"


def _of_a_residual(column: Column, value: float, row: NDArray[np.float64], wording: Wording) -> str:
    place = _place(wording, column.field)
    seen, text = wording.seen(place, float(row[place])), column.also[0]
    reads = written(round(float(row[place]) - value, 1))
    return f"{column.field} is {seen}; its {text} reads like {reads}"


def _of_strangeness(
    column: Column,
    part: str,
    value: float,
    measure: Measure,
    row: NDArray[np.float64],
    wording: Wording,
) -> str:
    unseen = float(row[_place(wording, f"{column.field}.unseen")])
    if unseen == 1.0:
        return f"{column.field}: none of its words was seen before"
    if unseen >= _TELLING_UNSEEN:
        return f"{column.field}: {percent(unseen)} of its words were never seen"
    said = "rare words" if part == "rarity" else "letters in an unusual order"
    bits, usual = written(value), written(measure.usual)
    return f"{column.field} has {said}: {bits} bits each; usual are {usual}"


def _of_a_text(part: str, value: float, usual: float) -> str:
    if part == "length":
        count, least = round(np.expm1(value)), round(np.expm1(usual))
        characters = _counted(count, "character")
        return "is empty" if count == 0 else f"has {characters}; 99% have at least {least}"
    if part == "upper":
        return f"has {percent(value)} capitals; 99% have at most {percent(usual)}"
    if part == "addresses":
        seen = _ADDRESSES[round(value)]
        return f"has {seen}; {'more than 1% have one' if usual else '99% have none'}"
    said = {
        "number": f"has a number of {_counted(round(value), 'digit')}",
        "repeats": f"has a word {_counted(round(value), 'time')} in a row",
    }
    return f"{said[part]}; 99% have at most {written(usual)}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _place(wording: Wording, name: str) -> int:
    return [column.name for column in wording.columns].index(name)
