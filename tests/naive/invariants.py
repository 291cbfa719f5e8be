"""Relations between columns, one row and one triple after the other."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.invariant_relations import Relations

Row = Sequence[float]


def naive_breaks(row: Row, relations: Relations) -> list[bool]:
    """Which sums and products a row breaks, sums first; what is missing breaks nothing."""
    found = []
    for coefficients, constant, most in zip(
        relations.coefficients, relations.constants, relations.sum_tolerances, strict=True
    ):
        terms = [c * x for c, x in zip(coefficients, row, strict=True) if c]
        total = sum(terms, -constant)
        found.append(abs(total) > most[0] + most[1] * sum(map(abs, terms)))
    for (whole, first, second), factor, most in zip(
        relations.products, relations.factors, relations.product_tolerances, strict=True
    ):
        value = factor * row[first] * row[second]
        off = (
            most[0] + most[1] * abs(row[first]) + most[2] * abs(row[second]) + most[3] * abs(value)
        )
        found.append(abs(value - row[whole]) > off)
    return found


def naive_triples(
    table: NDArray[np.float64], decimals: Sequence[int]
) -> set[tuple[int, int, int, str]]:
    """Columns that are the rounded sum or product of two others in all rows but 2%.

    Numbers are taken for what they are written as, and worked out without any error.
    """
    written = [
        [Fraction(round(x * 10**d), 10**d) for x in column]
        for column, d in zip(table.T.tolist(), decimals, strict=True)
    ]
    found = set()
    for whole in range(len(written)):
        half = Fraction(1, 2 * 10 ** decimals[whole])
        others = [place for place in range(len(written)) if place != whole]
        for first, second in combinations(others, 2):
            rows = list(zip(written[whole], written[first], written[second], strict=True))
            for name, off in (
                ("sum", [abs(a + b - c) for c, a, b in rows]),
                ("product", [abs(a * b - c) for c, a, b in rows]),
            ):
                if sum(one > half for one in off) <= 0.02 * len(rows):
                    found.add((whole, first, second, name))
    return found


def naive_decimals(texts: Sequence[str]) -> int:
    """The fewest decimals that are enough to write nearly all numbers of a column."""
    lengths = [len(text.partition(".")[2].rstrip("0")) for text in texts]
    return min(d for d in lengths if sum(n <= d for n in lengths) >= 0.98 * len(lengths))
