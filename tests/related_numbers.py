"""Tables of numbers that have to do with each other, and what is learned of them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.invariant_relations import Relations
from streamscore.detectors.invariants import Invariants
from streamscore.features import Column

Numbers = NDArray[np.float64]
Rng = np.random.Generator

ROWS = 1500


def columns(names: Mapping[str, Numbers]) -> list[Column]:
    return [Column(name=name, field=name, kind="number") for name in names]


def fit(table: Mapping[str, Numbers]) -> Invariants:
    return Invariants.fit(np.column_stack(list(table.values())), columns(table), 1)


def relations(found: Invariants) -> Relations:
    arrays = found.arrays()
    return Relations(*(arrays[name] for name in Relations._fields))


def equations(table: Mapping[str, Numbers]) -> list[str]:
    """What was learned, as text."""
    names, found = list(table), relations(fit(table))
    sums = [
        " + ".join(f"{row[i]:.6g} {names[i]}" for i in np.flatnonzero(row)) + f" = {constant:g}"
        for row, constant in zip(found.coefficients, found.constants, strict=True)
    ]
    products = [
        f"{names[whole]} = {factor:g} {names[first]} {names[second]}"
        for (whole, first, second), factor in zip(found.products, found.factors, strict=True)
    ]
    return sums + products


def prices(rng: Rng, rows: int = ROWS, decimals: int = 2) -> Numbers:
    return np.exp(rng.normal(3.0, 1.0, rows)).round(decimals) + 1.0


def quantities(rng: Rng, rows: int = ROWS) -> Numbers:
    return rng.geometric(0.5, rows).astype(float)


def orders(rng: Rng, rows: int = ROWS) -> dict[str, Numbers]:
    quantity, price = quantities(rng, rows), prices(rng, rows)
    return {"quantity": quantity, "unit_price": price, "total": (quantity * price).round(2)}


def shop(rng: Rng, rows: int) -> dict[str, Numbers]:
    """Orders with two products, a sum and a share."""
    table = orders(rng, rows)
    table["rate"] = rng.choice([7.0, 19.0], rows)
    table["tax"] = (table["total"] * table["rate"] / 100).round(2)
    table["gross"] = (table["total"] + table["tax"]).round(2)
    table["in_euros"] = (table["gross"] * 0.9217).round(2)
    return table


def kinds(rng: Rng) -> dict[str, tuple[dict[str, Numbers], list[str]]]:
    """Tables, and what is to be learned of each."""
    a, b, quantity = prices(rng), prices(rng), quantities(rng)
    exact, hidden = rng.gamma(2.0, 9.0, (2, ROWS))
    rate = rng.choice([7.0, 19.0], ROWS)
    fee = np.where(rng.random(ROWS) < 0.7, 0.0, b)
    hours, gap = exact.round(1) + 1.0, (hidden + 1.0).round(2)
    whole, yen = rng.integers(10, 400, ROWS).astype(float), (100.0 * a).round()
    part = rng.binomial(whole.astype(int), 0.3).astype(float)
    return {
        "sum": ({"c": (a + b).round(2), "a": a, "b": b}, ["1 c + -1 a + -1 b = 0"]),
        "sum of many": (
            {
                "c": (a + quantity - fee + hours).round(2),
                "a": a,
                "q": quantity,
                "f": fee,
                "h": hours,
            },
            ["1 c + -1 a + -1 q + 1 f + -1 h = 0"],
        ),
        "sum, each rounded": (
            {"c": (exact + hidden).round(2), "a": exact.round(2), "b": hidden.round(2)},
            ["1 c + -1 a + -1 b = 0"],
        ),
        "constant factor": ({"t": (0.19 * a).round(2), "a": a}, ["1 t + -0.19 a = 0"]),
        "cut off": ({"t": np.floor(yen * 0.1), "a": yen}, ["1 t + -0.1 a = 0"]),
        "equal but rounded": ({"r": a.round(1), "a": a}, ["1 r + -1 a = 0"]),
        "percent": ({"t": (a * rate / 100).round(2), "rate": rate, "a": a}, ["t = 0.01 rate a"]),
        "whole numbers": ({"c": quantity * yen, "q": quantity, "y": yen}, ["c = 1 q y"]),
        "square metres": ({"c": (hours * gap).round(1), "a": hours, "b": gap}, ["c = 1 a b"]),
        "hidden decimals": (
            {"c": (quantity * exact).round(2), "q": quantity, "a": exact.round(2)},
            ["c = 1 q a"],
        ),
        "a quotient": ({"v": (hours / gap).round(2), "d": hours, "t": gap}, ["d = 1 v t"]),
        "a share in percent": (
            {"p": (100 * part / whole).round(1), "part": part, "whole": whole},
            ["part = 0.01 p whole"],
        ),
        "returns": (
            {"c": (quantity * -a).round(2), "q": -quantity, "a": a},
            ["c = 1 q a"],
        ),
        "not rounded": ({"v": exact / hidden, "d": exact, "t": hidden}, ["d = 1 v t"]),
        "huge": ({"c": (quantity * a * 1e9).round(2), "q": quantity, "a": a * 1e9}, ["c = 1 q a"]),
    }
