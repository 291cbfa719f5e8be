"""A small source with fields of every role, and records of it, usual and odd."""

from typing import Any

import msgspec
import numpy as np

from streamscore.sources import Source
from streamscore.sources.source_files import parse_source

ORDERS: Source = parse_source(
    b"""
name = "orders"
[event_time]
field = "placed_at"
format = "epoch_milliseconds"
zone = "Europe/Berlin"
[fields.placed_at]
type = "integer"
role = "time"
[fields.order]
type = "string"
role = "id"
[fields.country]
type = "string"
role = "category"
missing = ["UNKNOWN"]
[fields.channel]
type = "string"
role = "category"
required = false
missing = ["UNKNOWN"]
[fields.carrier]
type = "string"
role = "category"
missing = ["UNKNOWN"]
[fields.is_gift]
type = "boolean"
role = "flag"
[fields.items_new]
type = "integer"
role = "number"
[fields.items_used]
type = "integer"
role = "number"
[fields.items]
type = "integer"
role = "number"
[fields.amount]
type = "float"
role = "number"
required = false
[fields.rating]
type = "integer"
role = "number"
[fields.note]
type = "string"
role = "text"
""",
    "orders",
)

_FIRST_AT_MS = 1_700_000_000_000
_STEP_MS = 1_200_000
_CARRIERS = {"DE": ["DHL", "DPD"], "FR": ["POSTE", "DPD"], "NL": ["POSTNL", "DHL"]}
_WORDS = {
    True: ["lovely", "great", "quick", "perfect", "kind", "happy", "recommended", "wonderful"],
    False: ["broken", "late", "rude", "awful", "refund", "never", "terrible", "missing"],
}
_PLAIN = ["the", "parcel", "came", "on", "monday", "with", "all", "of", "our", "things"]


def orders(count: int, seed: int = 0, first: int = 0) -> list[dict[str, Any]]:
    """Usual records, twenty minutes apart; the carrier depends on the country.

    The items are the sum of new and used ones, the rating agrees with the note, and the amount,
    which one in ten lacks, grows with the items.
    """
    rng = np.random.default_rng([seed, first])
    return [_order(i, rng) for i in range(first, first + count)]


def _order(i: int, rng: np.random.Generator) -> dict[str, Any]:
    country = str(rng.choice(list(_CARRIERS), p=[0.6, 0.3, 0.1]))
    new, used = int(rng.poisson(2)), int(rng.poisson(1))
    is_good = bool(rng.random() < 0.7)
    words = [*rng.choice(_PLAIN, 7), *rng.choice(_WORDS[is_good], 3)]
    return {
        "placed_at": _FIRST_AT_MS + i * _STEP_MS + int(rng.integers(_STEP_MS)),
        "order": f"o{i}",
        "country": country,
        "channel": str(rng.choice(["web", "shop", "phone"], p=[0.7, 0.27, 0.03])),
        "carrier": str(rng.choice(_CARRIERS[country], p=[0.9, 0.1])),
        "is_gift": bool(rng.random() < 0.1),
        "items_new": new,
        "items_used": used,
        "items": new + used,
        "amount": None if rng.random() < 0.1 else round(20.0 * (new + used + rng.gamma(2)), 2),
        "rating": int(rng.integers(4, 6) if is_good else rng.integers(1, 3)),
        "note": " ".join(str(word) for word in words),
    }


def odd_orders(usual: dict[str, Any]) -> list[dict[str, Any]]:
    """Records that differ from a usual one, which came last, each in another way."""
    good, bad = (" ".join([*_PLAIN, *_WORDS[is_good]]) for is_good in (True, False))
    usual = usual | {"country": "DE", "carrier": "DHL", "channel": "web"}
    shouting = "XQZJV WWKPQ!!! HTTP://WIN.EXAMPLE/NOW 999 #$%& " * 40
    changes: list[dict[str, Any]] = [
        {"country": "ATLANTIS", "carrier": "DRAGON", "channel": "crystal ball"},
        {"country": "UNKNOWN", "carrier": "UNKNOWN", "channel": "UNKNOWN"},
        {"country": "NL", "carrier": "POSTE", "channel": None, "is_gift": True},
        {"items_new": 900, "items_used": 70, "items": 4, "amount": 1e7},
        {"rating": 5, "note": bad},
        {"rating": 1, "note": good},
        {"note": ""},
        {"note": shouting},
        {"note": "late late late late late"},
        {"placed_at": usual["placed_at"] - 90 * 86_400_000},
        {"placed_at": usual["placed_at"] + 90 * 86_400_000},
        # The same again, three times over.
        {},
        {},
        {},
    ]
    return [usual, *(usual | change | {"order": f"odd{i}"} for i, change in enumerate(changes))]


def encoded_orders(records: list[dict[str, Any]]) -> list[bytes]:
    """Records as they lie on a topic."""
    return [msgspec.json.encode(record) for record in records]
