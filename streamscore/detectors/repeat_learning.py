"""What `repeats` learns of a history: which columns to compare, and how probable a value is.

Each compared column becomes one byte of a record. Columns depend on each other, so that what many
of them have in common may be one coincidence only: their joint probability is that of a tree in
which each column depends on one other (Chow, Liu, "Approximating discrete probability distributions
with dependence trees", IEEE Transactions on Information Theory, 1968).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.detector import Matrix
from streamscore.detectors.passing_time import EXCEPTIONS, grows
from streamscore.detectors.repeat_kernels import UNKNOWN, record_bytes
from streamscore.features import Column

MOST_COLUMNS = 64
_MOST_IN_TREE = 64
"""Only columns whose bytes are below this take part in the tree: tables of pairs stay small."""

_MOST_ROWS = 200_000
_MOST_LEAVES = 254
_COMPARED = ("code", "flag", "number", "text_fingerprint")
_LEAST_CHANGING = 0.1
_PRIOR_ROWS = 10.0
"""As many rows as the prior of a conditional probability counts for."""


def learn(matrix: Matrix, columns: Sequence[Column]) -> dict[str, NDArray[Any]]:
    """Learn the arrays of `Repeats` from a history in order of time; see there what they are."""
    rows = matrix[-_MOST_ROWS:]
    places = compared(rows, columns)
    unseen = np.array([_unseen(columns[place]) for place in places])
    is_hashed = np.array([_is_hashed(rows[:, place], columns[place]) for place in places], np.uint8)
    lanes = np.empty((len(rows), len(places)), np.uint8)
    record_bytes(np.ascontiguousarray(rows), places, is_hashed, unseen, lanes)
    parent, order = _tree(lanes, is_hashed)
    lanes, place_of = lanes[:, order], np.argsort(order)
    parent = np.array([place_of[p] if p >= 0 else -1 for p in parent[order]], np.int64)
    marginal = _marginal(lanes)
    joint, starts, widths = _joint(lanes, parent, marginal)
    return {
        "places": places[order],
        "is_hashed": is_hashed[order],
        "unseen": unseen[order],
        "parent": parent,
        "marginal": marginal,
        "joint": joint,
        "starts": starts,
        "widths": widths,
        "bands": _bands(lanes),
    }


def compared(rows: Matrix, columns: Sequence[Column]) -> NDArray[np.int64]:
    """Return the places of the columns to compare: those that tell more than when it was.

    Left out is what follows the calendar, as an hour that is reported beside the event time, and
    what grows from record to record, as a counter. At most 64 are taken, the first.
    """
    calendar = [i for i, column in enumerate(columns) if column.kind == "calendar"]
    found = [
        place
        for place, column in enumerate(columns)
        if column.kind in _COMPARED
        and not grows(rows[:, place])
        and not any(_follows(rows[:, place], rows[:, other]) for other in calendar)
    ]
    return np.array(found[:MOST_COLUMNS], np.int64)


def _follows(values: NDArray[np.float64], calendar: NDArray[np.float64]) -> bool:
    """Tell whether values are known from a part of the calendar, and would not be without it."""
    different, codes = np.unique(values, return_inverse=True)
    if len(different) > _MOST_LEAVES:
        return False
    parts = np.nan_to_num(calendar).astype(np.int64)
    counts = np.zeros((int(parts.max(initial=0)) + 1, len(different)))
    np.add.at(counts, (parts, codes), 1.0)
    total = max(len(values), 1)
    wrong = 1.0 - counts.max(axis=1).sum() / total
    wrong_without = 1.0 - counts.sum(axis=0).max() / total
    return bool(wrong <= EXCEPTIONS and wrong_without >= _LEAST_CHANGING)


def _unseen(column: Column) -> float:
    if column.kind == "text_fingerprint":
        return 0.0  # too short to have one: two such texts need not be the same
    return float(column.values) if column.kind == "code" else -1.0


def _is_hashed(values: NDArray[np.float64], column: Column) -> bool:
    """Tell whether a column's values are too many, or no whole numbers, to be bytes as they are."""
    if column.kind == "code":
        return column.values + 1 > _MOST_LEAVES
    known = values[~np.isnan(values)]
    is_byte = (known >= 0) & (known <= _MOST_LEAVES) & (known == np.floor(known))
    return bool(np.mean(is_byte) < 1.0 - EXCEPTIONS) if len(known) else False


def _tree(
    lanes: NDArray[np.uint8], is_hashed: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each column's parent, -1 for none, and an order in which parents come first.

    The tree of most mutual information, grown from the column that has most of it (Prim). Columns
    that take no part stand at the end of the order.
    """
    width = lanes.shape[1]
    parent = np.full(width, -1, np.int64)
    inner = [i for i in range(width) if not is_hashed[i] and _top(lanes[:, i]) < _MOST_IN_TREE]
    outer = [i for i in range(width) if i not in inner]
    if not inner:
        return parent, np.array(outer, np.int64)
    shared = np.zeros((width, width))
    for n, i in enumerate(inner):
        for j in inner[:n]:
            shared[i, j] = shared[j, i] = _mutual_information(lanes[:, i], lanes[:, j])
    order = [max(inner, key=lambda i: float(shared[i].sum()))]
    while len(order) < len(inner):
        rest = [i for i in inner if i not in order]
        child, best = max(
            ((i, j) for i in rest for j in order), key=lambda pair: float(shared[pair])
        )
        parent[child] = best
        order.insert(order.index(best) + 1, child)
    return parent, np.array(order + outer, np.int64)


def _top(lane: NDArray[np.uint8]) -> int:
    known = lane[lane != UNKNOWN]
    return int(known.max()) if len(known) else 0


def _mutual_information(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    pairs = np.bincount(one.astype(np.int64) * 256 + other, minlength=65_536).reshape(256, 256)
    share = pairs / max(len(one), 1)
    alone = np.outer(share.sum(axis=1), share.sum(axis=0))
    is_there = share > 0
    return float((share[is_there] * np.log(share[is_there] / alone[is_there])).sum())


def _marginal(lanes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return -ln p of each byte of each column: float32 of shape (d, 256).

    It is 0 where nothing is known: for `UNKNOWN`, and for bytes that history does not have, which
    a change of vocabulary may have made common.
    """
    counts = _counts(lanes)
    found = -np.log((counts + 0.5) / (len(lanes) + 0.5))
    found[counts == 0] = 0.0
    found[:, UNKNOWN] = 0.0
    return np.maximum(found, 0.0).astype(np.float32)


def _counts(lanes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How often each column has each byte: of shape (d, 256)."""
    counts = [np.bincount(lane, minlength=256) for lane in lanes.T]
    return np.array(counts, np.float64).reshape(-1, 256)


def _joint(
    lanes: NDArray[np.uint8], parent: NDArray[np.int64], marginal: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return -ln p of each byte given the parent's, one table behind the other.

    Returns
    -------
    joint : float32 array
        The table of column i begins at its start, and has a row of its width for each byte of the
        parent.
    starts : int64 array of shape (d + 1,)
        Where the tables begin, and where the last one ends.
    widths : int64 array of shape (d,)
        How many bytes a column has; 0 where it is not in the tree.
    """
    widths = np.zeros(len(parent), np.int64)
    in_tree = {*np.flatnonzero(parent >= 0).tolist(), *parent[parent >= 0].tolist()}
    for i in in_tree:
        widths[i] = _top(lanes[:, i]) + 1
    tables = []
    for i, above in enumerate(parent.tolist()):
        if above < 0:
            tables.append(np.zeros(0, np.float32))
            continue
        is_known = (lanes[:, i] != UNKNOWN) & (lanes[:, above] != UNKNOWN)
        counts = np.zeros((widths[above], widths[i]))
        np.add.at(counts, (lanes[is_known, above], lanes[is_known, i]), 1.0)
        prior = np.exp(-marginal[i, : widths[i]].astype(np.float64))
        share = (counts + _PRIOR_ROWS * prior) / (counts.sum(axis=1)[:, None] + _PRIOR_ROWS)
        table = np.maximum(-np.log(share), 0.0)
        table[:, marginal[i, : widths[i]] == 0.0] = 0.0
        tables.append(table.astype(np.float32).ravel())
    starts = np.cumsum([0, *map(len, tables)]).astype(np.int64)
    return np.concatenate(tables) if tables else np.zeros(0, np.float32), starts, widths


def _bands(lanes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Cut the columns, in their order, into at most four bands that tell about as much each.

    Returns
    -------
    int64 array of shape (bands + 1,)
        Where each begins, and where the last one ends.
    """
    width = lanes.shape[1]
    if not width:
        return np.zeros(1, np.int64)
    share = _counts(lanes) / max(len(lanes), 1)
    entropy = -(share * np.log(np.maximum(share, 1e-300))).sum(axis=1)
    told = np.cumsum(entropy + 1e-3)
    cuts = [int(np.searchsorted(told, told[-1] * part / 4)) + 1 for part in (1, 2, 3)]
    return np.unique([0, *(min(cut, width) for cut in cuts), width]).astype(np.int64)
