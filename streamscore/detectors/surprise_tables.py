"""Tables of surprise: what a dependency network says of every value in every context."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.network_learning import Codes, Level, View, levels
from streamscore.errors import BundleError

_ANYTHING = 0.02
"""Share of wrong values that are as likely to be any as any other; the rest come as often as such
values do."""

_WRONG = 0.1
"""How likely a value is to be wrong, before anything is known of it."""

EXTRA = 2
"""Numbers that follow the surprises of a row: the likeliest code, and its share."""


class SurpriseTables(NamedTuple):
    """Surprises by context, ready for the kernels. There are e views of d columns.

    A row of the table holds a surprise for each code of the column, then the likeliest code and its
    share. Contexts that never occurred share the row of the first parent alone, or of none.

    Attributes
    ----------
    column : int64 array of shape (e,)
        Whose view it is; the first d are 0, 1, ..., d - 1.
    parents : int64 array of shape (e, 2)
        The columns it depends on; d stands for none.
    widths : int64 array of shape (e,)
        How many codes the second parent has; 1 for none.
    firsts : int64 array of shape (e,)
        Where the contexts of each view begin.
    contexts : int32 array
        Where the row of each context begins.
    table : float32 array
        The rows.
    parts : float64 array of shape (d,)
        What each column counts for: one over the number of its copies, itself included; 0 for one
        that says nothing.
    """

    column: NDArray[np.int64]
    parents: NDArray[np.int64]
    widths: NDArray[np.int64]
    firsts: NDArray[np.int64]
    contexts: NDArray[np.int32]
    table: NDArray[np.float32]
    parts: NDArray[np.float64]


def make_tables(
    codes: Codes, book: Codebook, views: Sequence[View], parts: NDArray[np.float64]
) -> SurpriseTables:
    """Count a history of shape (n, d), and turn the counts into surprises."""
    d = codes.shape[1]
    sizes = book.sizes
    contexts, rows = [], []
    begun = 0
    for view in views:
        own, table = _of_a_view(levels(codes, sizes, view), int(book.known[view.column]))
        contexts.append(own + begun)
        rows.append(table)
        begun += len(table)
    parents = [(*view.parents, d, d)[:2] for view in views]
    lengths = [len(own) for own in contexts]
    return SurpriseTables(
        column=np.array([view.column for view in views], np.int64),
        parents=np.array(parents, np.int64).reshape(len(views), 2),
        widths=np.append(sizes, 1)[[second for _, second in parents]].astype(np.int64),
        firsts=np.cumsum([0, *lengths[:-1]]).astype(np.int64),
        contexts=np.concatenate(contexts).astype(np.int32),
        table=np.concatenate(rows),
        parts=parts,
    )


def _of_a_view(found: Sequence[Level], known: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return where each context's row begins, and the rows one after the other."""
    alone = found[0].shares[0]
    wrong = (1.0 - _ANYTHING) * alone + _ANYTHING / (known + 1)
    place, rows, begun = np.zeros(1, np.int64), [], 0
    for level in found:
        # Every context begins with the row of the coarser one.
        place = np.repeat(place, len(level.met) // len(place))
        place[level.met] = begun + np.arange(int(level.met.sum()))
        rows.append(_rows(level.shares[level.met], wrong))
        begun += len(rows[-1])
    table = np.concatenate(rows)
    return place * table.shape[1], table.ravel()


def _rows(shares: NDArray[np.float64], wrong: NDArray[np.float64]) -> NDArray[np.float32]:
    ratio = wrong / shares
    likeliest = shares.argmax(axis=1)
    surprise = np.log1p(_WRONG * (ratio - 1.0))
    extra = likeliest, shares[np.arange(len(shares)), likeliest]
    return np.column_stack([surprise, *extra]).astype(np.float32)


def restored_tables(arrays: Mapping[str, NDArray[Any]], book: Codebook) -> SurpriseTables:
    """Rebuild tables from a bundle.

    Raises
    ------
    KeyError, BundleError
        When the arrays are not the tables of such columns.
    """
    found = SurpriseTables(*(np.ascontiguousarray(arrays[name]) for name in SurpriseTables._fields))
    if not _fit(found, book):
        shapes = ", ".join(f"{n} {a.dtype} {a.shape}" for n, a in found._asdict().items())
        raise BundleError(f"a network's tables have rows for every context; got {shapes}")
    return found


def _fit(found: SurpriseTables, book: Codebook) -> bool:
    """Tell whether the kernels, which look nothing up twice, stay within the arrays."""
    d, e = len(book.known), len(found.column)
    shapes = [found.column.shape, found.widths.shape, found.firsts.shape] == [(e,)] * 3
    whole = [a.dtype for a in found[:5]] == [np.int64] * 4 + [np.int32]
    one_way = found.contexts.ndim == found.table.ndim == 1 and found.parts.shape == (d,)
    if not (shapes and whole and one_way and found.parents.shape == (e, 2) and e >= d):
        return False
    if not ((found.parents >= 0) & (found.parents <= d)).all():
        return False
    sizes = np.append(book.sizes, 1)
    lengths = np.prod(sizes[found.parents], axis=1)
    ends = np.append(found.firsts[1:], len(found.contexts))
    if not (np.array_equal(found.firsts + lengths, ends) and (found.firsts[:1] == 0).all()):
        return False
    in_order = np.array_equal(found.column[:d], np.arange(d))
    if not (in_order and ((found.column >= 0) & (found.column < d)).all()):
        return False
    last = np.repeat(sizes[found.column] + EXTRA, lengths)
    within = (found.contexts >= 0) & (found.contexts + last <= len(found.table))
    return bool(within.all() and np.array_equal(found.widths, sizes[found.parents[:, 1]]))
