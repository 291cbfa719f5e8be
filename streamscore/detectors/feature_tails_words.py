"""What a measure says of a row, in words. Texts are not quoted."""

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.measures import Measure, place_of
from streamscore.detectors.reasons import Wording, written
from streamscore.detectors.spoken_columns import told
from streamscore.detectors.written_numbers import (
    percent,
    whole_from,
    whole_to,
    written_alike,
)
from streamscore.features import Column

_TELLING_UNSEEN = 0.2
"""From this share of unseen words on they say more than bits do."""

_LEAST_PERCENT = 1e-4
"""A smaller share is none."""

_DIGITS_OF_BITS = _DIGITS_OF_SHARES = 2
_STRANGE = {
    "rarity": ("its words are rarer", "word"),
    "surprise": ("its letters follow each other in another way", "letter"),
}

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
        is_high = measure.sign > 0
        whole = (whole_to,) if is_high else (whole_from,)
        seen, (usual,) = told(wording, measure.place, row.tolist(), (measure.usual,), whole)
        return f"{seen}; 99% have {'at most' if is_high else 'at least'} {usual}"
    if column.also:
        return _of_a_residual(column, value, row, wording)
    part = column.name.removeprefix(f"{column.field}.")
    if part in ("rarity", "surprise"):
        return _of_strangeness(column, part, value, measure, row, wording)
    if part == "upper":
        return f"{column.field} {_of_capitals(value, measure)}"
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
    unseen = float(row[place_of(wording.columns, column.field, "unseen")])
    if unseen == 1.0:
        return f"{column.field} has no word that was seen before"
    if unseen >= _TELLING_UNSEEN:
        return f"{percent(unseen)} of the words of {column.field} were never seen"
    told_by, each = _STRANGE[part]
    bits, usual = written_alike([value, measure.usual], _DIGITS_OF_BITS)
    said = f"{column.field} reads unlike the texts learned from: {told_by}"
    return f"{said} ({bits} bits a {each}, usually {usual})"


def _of_capitals(value: float, measure: Measure) -> str:
    """Say how many capitals a text has, against what short texts have, or all together."""
    usual = measure.usual
    if usual < _LEAST_PERCENT:
        return f"has {percent(value)} capitals; 99% have none"
    if value <= usual:
        of_all = percent(measure.center)
        return f"has {percent(value)} capitals, many for its length; of all texts {of_all} are"
    seen, limit = written_alike([100.0 * value, 100.0 * usual], _DIGITS_OF_SHARES)
    return f"has {seen}% capitals; 99% have at most {limit}%"


def _of_a_text(part: str, value: float, usual: float) -> str:
    if part == "length":
        count, least = round(np.expm1(value)), round(np.expm1(usual))
        characters = _counted(count, "character")
        return "is empty" if count == 0 else f"has {characters}; 99% have at least {least}"
    if part == "addresses":
        seen = _ADDRESSES[round(value)]
        return f"has {seen}; {'more than 1% have one' if usual else '99% have none'}"
    said = {
        "number": f"has a number of {_counted(round(value), 'digit')}",
        "repeats": f"has a word {_counted(round(value), 'time')} in a row",
    }
    return f"{said[part]}; 99% have {f'at most {written(usual)}' if usual else 'none'}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _place(wording: Wording, name: str) -> int:
    return [column.name for column in wording.columns].index(name)
