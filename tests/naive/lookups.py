"""Look-ups of codes, pairs, views and measures, one value at a time, as anyone would write them."""

from collections.abc import Sequence
from math import expm1, floor, isnan, log1p, sqrt

from streamscore.detectors.codebook import BELOW, MISSING, UNSEEN, Codebook
from streamscore.detectors.measures import BY_LENGTH, LOG, Measure
from streamscore.detectors.surprise_tables import EXTRA, SurpriseTables

Rows = Sequence[Sequence[float]]


def naive_code(book: Codebook, place: int, value: float) -> int:
    """The code of one value of a column."""
    known = int(book.known[place])
    if isnan(value):
        return known + MISSING
    slots = book.slots[book.starts[place] : book.starts[place + 1]].tolist()
    at = (value - float(book.low[place])) * float(book.per_unit[place])
    if at < 0.0:
        return known + BELOW
    if at >= len(slots) or (book.is_exact[place] and at != floor(at)):
        return known + UNSEEN
    return int(slots[floor(at)])


def naive_loudest(
    row: Sequence[int], known: Sequence[int], tables: SurpriseTables, groups: Sequence[int]
) -> dict[int, tuple[int, int, float]]:
    """By group: the view of most evidence, its likeliest code, and how likely that is.

    The row ends with a 0 for the parent that there is not.
    """
    found: dict[int, tuple[int, int, float]] = {}
    loudest: dict[int, float] = {}
    for view, column in enumerate(tables.column.tolist()):
        first, second = (row[parent] for parent in tables.parents[view])
        context = int(tables.firsts[view]) + first * int(tables.widths[view]) + second
        begin, size = int(tables.contexts[context]), known[column] + EXTRA + 1
        said = tables.table[begin : begin + size + EXTRA].tolist()
        group = groups[column]
        if group not in loudest or said[row[column]] > loudest[group]:
            loudest[group] = said[row[column]]
            found[group] = view, int(said[size]), said[size + 1]
    return found


def naive_told_by_pairs(
    said: dict[tuple[int, int], float], columns: int, telling: float
) -> list[tuple[float, int, float]]:
    """By column: what its pairs say together, the other column of the most telling, and its part.

    Of pairs that say less than that part of what the most telling one of all does nothing is told.
    """
    least = telling * max(said.values(), default=0.0)
    loud = {pair: part for pair, part in said.items() if part > 0.0 and part >= least}
    told = []
    for column in range(columns):
        own = {pair: part for pair, part in loud.items() if column in pair}
        most = max(own.values(), default=0.0)
        others = [sum(pair) - column for pair, part in own.items() if part == most]
        told.append((sum(own.values()), (others or [column])[0], most))
    return told


def naive_sentinels(row: Sequence[float], meaningless: set[tuple[int, float]]) -> int:
    """How many values of a row are missing, or codes that say nothing."""
    return sum(isnan(value) or (i, value) in meaningless for i, value in enumerate(row))


def naive_measure(measure: Measure, row: Sequence[float]) -> float:
    """How far a row's value lies from the usual one in the measure's direction, in deviations."""
    value, variance = row[measure.place], measure.variance
    if isnan(value):
        return 0.0
    if measure.scale == LOG:
        value = log1p(abs(value)) * (1 if value >= 0 else -1)
    if measure.scale == BY_LENGTH:
        variance += measure.letter_variance / max(expm1(row[measure.length_place]), 1.0)
    return measure.sign * (value - measure.center) / sqrt(variance)


def naive_channels(measures: Sequence[Measure], row: Sequence[float]) -> dict[str, float]:
    """By channel: the highest of its fields, each the mean of its measures."""
    means: dict[tuple[str, str], list[float]] = {}
    for one in measures:
        means.setdefault((one.channel, one.field), []).append(naive_measure(one, row))
    highest: dict[str, float] = {}
    for (channel, _), values in means.items():
        mean = sum(values) / len(values)
        highest[channel] = max(highest.get(channel, mean), mean)
    return highest
