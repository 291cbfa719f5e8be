"""Business records as exports have them: orders whose cells are written by many hands.

Dates in two layouts, amounts with separators of thousands, blanks, duplicates, words for what is
not known, and a few cells that nobody can read. The nested form says the same as change events do.
"""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

_START = datetime(2023, 5, 1, tzinfo=UTC)
_MEAN_MINUTES = 9.0
_CUSTOMERS = 400
_COUNTRIES = ("DE", "FR", "AT", "NL", "UNKNOWN", "N/A", "-")
_NOTES = (
    "",
    "customer asks for delivery in the evening",
    "paid late, reminded twice by telephone",
    "gift wrap, please do not enclose the invoice",
)

Order = dict[str, Any]


def dirty_orders(rows: int, seed: int) -> Iterator[tuple[Order, bool]]:
    """Make orders as a CSV writes them, every value a text.

    Parameters
    ----------
    rows : int
        How many.
    seed : int
        Equal seeds make equal orders.

    Yields
    ------
    dict of str to str, bool
        An order, and whether it is readable.
    """
    rng = np.random.default_rng(seed)
    at = _START
    before: tuple[Order, bool] | None = None
    for number in range(rows):
        at += timedelta(minutes=float(rng.exponential(_MEAN_MINUTES)))
        if before is not None and rng.random() < 0.01:
            yield before
            continue
        before = _order(number, at, rng)
        yield before


def write_csv(path: Path, rows: int, seed: int) -> int:
    """Write orders as a CSV; return how many of them are readable."""
    readable = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: Any = None
        for order, is_readable in dirty_orders(rows, seed):
            if writer is None:
                writer = csv.DictWriter(file, list(order))
                writer.writeheader()
            writer.writerow(order)
            readable += is_readable
    return readable


def write_nested(path: Path, rows: int, seed: int) -> int:
    """Write readable orders as change events, one JSON object a line; return how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for order, is_readable in dirty_orders(rows, seed):
            if is_readable:
                file.write(json.dumps(_event(order, count)) + "\n")
                count += 1
    return count


def _order(number: int, at: datetime, rng: np.random.Generator) -> tuple[Order, bool]:
    amount = float(rng.lognormal(5, 1.5))
    quantity = int(rng.poisson(3)) + 1
    layout = "%Y-%m-%d %H:%M:%S" if rng.random() < 0.85 else "%d/%m/%Y %H:%M"
    order = {
        "Order ID": f"{100_000 + number}",
        "Placed at": at.strftime(layout),
        "customer_id": f"C{rng.integers(_CUSTOMERS):05}",
        "E-Mail": f"c{rng.integers(_CUSTOMERS)}@example.org",
        "country": str(rng.choice(_COUNTRIES, p=[0.5, 0.2, 0.15, 0.1, 0.02, 0.02, 0.01])),
        "amount": f"{amount:,.2f}",
        "quantity": "N/A" if rng.random() < 0.02 else str(quantity),
        "paid": str(rng.choice(["Y", "N"], p=[0.93, 0.07])),
        "first_order": str(rng.integers(2)),
        "discount": "" if rng.random() < 0.6 else f"{rng.integers(1, 30)}%",
        "postcode": f"0{rng.integers(1_000, 9_999)}",
        "fax": "",
        "currency": "EUR",
        "note": str(rng.choice(_NOTES)),
        "due_date": (at + timedelta(days=14)).date().isoformat(),
    }
    is_readable = rng.random() >= 0.005
    if not is_readable:
        broken = str(rng.choice(["Placed at", "amount"]))
        order[broken] = "see attachment"
    return order, is_readable


def _event(order: Order, count: int) -> dict[str, Any]:
    quantity = order["quantity"]
    return {
        "op": "c",
        "ts_ms": int(_START.timestamp() * 1000) + count * 540_000,
        "before": None,
        "after": {
            "id": int(order["Order ID"]),
            "customer": {"id": order["customer_id"], "email": order["E-Mail"]},
            "country": order["country"],
            "amount": float(order["amount"].replace(",", "")),
            "quantity": None if quantity == "N/A" else int(quantity),
            "paid": order["paid"] == "Y",
            "note": order["note"] or None,
            "lines": [{"sku": order["postcode"]}],
        },
        "source": {"db": "shop", "table": "orders"},
    }
