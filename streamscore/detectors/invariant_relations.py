"""Relations between columns, as they are kept and as the kernels read them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.invariant_equations import Equation, Product, Sum
from streamscore.detectors.invariant_rounding import FLOAT_ERROR, UNWRITTEN
from streamscore.errors import BundleError

WHOLE_TOLERANCE = (1e-3, FLOAT_ERROR)
"""Sums of whole numbers are whole: what is further off is another number."""

_TOTAL_SHARE = 0.6
"""What a total has of the blame; its parts share the rest."""

_LATER = ("sum_tolerances", "products", "factors", "product_tolerances", "decimals")
"""What bundles of the first versions do not have."""

_FLOATS, _PLACES, _CODES = np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.int16)
_DTYPES = (
    *(_FLOATS, _FLOATS, _PLACES, _PLACES, _CODES, _FLOATS),
    *(_FLOATS, _PLACES, _FLOATS, _FLOATS, _PLACES),
)
"""Of the arrays in their order."""


class Relations(NamedTuple):
    """Relations between d columns: m sums, k translations and p products.

    Attributes
    ----------
    coefficients : float64 array of shape (m, d)
        Of each sum; at least two of them are not 0.
    constants : float64 array of shape (m,)
        What the sums of coefficient times value are.
    pairs : int64 array of shape (k, 2)
        The columns of each translation.
    firsts : int64 array of shape (k,)
        Where each translation begins in `translated`.
    translated : int16 array
        The code of the second column for each one of the first; -1 where history has none.
    weights : float64 array of shape (m + k + p,)
        What each one counts when it is broken: sums, translations, products; above 0.
    sum_tolerances : float64 array of shape (m, 2)
        How far off each sum may be: so much, and this share of its terms.
    products : int64 array of shape (p, 3)
        The columns of each product: the whole and the two that are multiplied.
    factors : float64 array of shape (p,)
        What the two are multiplied with besides.
    product_tolerances : float64 array of shape (p, 4)
        How far off each product may be: so much, so much for each unit of the first and of the
        second that is multiplied, and this share of the product.
    decimals : int64 array of shape (d,)
        With how many decimals columns are written; -1 where that is not known.
    """

    coefficients: NDArray[np.float64]
    constants: NDArray[np.float64]
    pairs: NDArray[np.int64]
    firsts: NDArray[np.int64]
    translated: NDArray[np.int16]
    weights: NDArray[np.float64]
    sum_tolerances: NDArray[np.float64]
    products: NDArray[np.int64]
    factors: NDArray[np.float64]
    product_tolerances: NDArray[np.float64]
    decimals: NDArray[np.int64]

    def for_kernel(self) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...]]:
        """Return the arrays that the kernel reads, up to the weights and after them."""
        return self[:6], self[6:10]


class Translations(NamedTuple):
    """Translations as they are learned: columns, codes, and how many of the rows break each."""

    pairs: Sequence[tuple[int, int]]
    translated: Sequence[NDArray[np.int16]]
    broken: Sequence[float]
    rows: int


def relations_of(
    equations: Sequence[Equation], translations: Translations, decimals: NDArray[np.int64]
) -> Relations:
    """Put together what was learned of d columns; `decimals` is int64 of shape (d,)."""
    sums = [one for one in equations if isinstance(one, Sum)]
    products = [one for one in equations if isinstance(one, Product)]
    coefficients = np.zeros((len(sums), len(decimals)))
    for number, one in enumerate(sums):
        coefficients[number, list(one.columns)] = one.coefficients
    weights = [
        *(_weight(one.broken, one.judged) for one in sums),
        *(_weight(broken, translations.rows) for broken in translations.broken),
        *(_weight(one.broken, one.judged) for one in products),
    ]
    return Relations(
        coefficients,
        np.array([one.constant for one in sums], np.float64),
        np.array(translations.pairs, np.int64).reshape(-1, 2),
        np.cumsum([0, *map(len, translations.translated)])[:-1].astype(np.int64),
        np.concatenate([np.zeros(0, np.int16), *translations.translated]),
        np.array(weights, np.float64),
        np.array([one.tolerance for one in sums], np.float64).reshape(-1, 2),
        np.array([one.columns for one in products], np.int64).reshape(-1, 3),
        np.array([one.factor for one in products], np.float64),
        np.array([one.tolerance for one in products], np.float64).reshape(-1, 4),
        decimals,
    )


def _weight(broken: float, judged: int) -> float:
    # As if one row more had been met that breaks it.
    return -float(np.log((broken + 1.0) / (judged + 1.0)))


def restored(arrays: Mapping[str, NDArray[Any]], book: Codebook) -> Relations:
    """Return the relations of a bundle; one of the first versions has no products.

    Raises
    ------
    KeyError, BundleError
        When the arrays are not those of relations between the columns of the codebook.
    """
    first = [arrays[name] for name in Relations._fields if name not in _LATER]
    if any(name in arrays for name in _LATER):
        later = [arrays[name] for name in _LATER]
    else:
        later = _without_products(len(arrays["constants"]), len(book.known))
    found = Relations(*(np.ascontiguousarray(array) for array in (*first, *later)))
    if not _fit(found, book):
        shapes = ", ".join(f"{n} {a.dtype} {a.shape}" for n, a in found._asdict().items())
        raise BundleError(f"relations are between columns that there are; got {shapes}")
    return found


def _without_products(sums: int, columns: int) -> list[NDArray[Any]]:
    return [
        np.tile(WHOLE_TOLERANCE, (sums, 1)),
        np.zeros((0, 3), np.int64),
        np.zeros(0),
        np.zeros((0, 4)),
        np.full(columns, UNWRITTEN, np.int64),
    ]


def _fit(found: Relations, book: Codebook) -> bool:
    """Tell whether the kernel, which looks nothing up twice, stays within the arrays."""
    d, m, k = len(book.known), len(found.constants), len(found.pairs)
    p = len(found.products)
    first = ((m, d), (m,), (k, 2), (k,), (len(found.translated),), (m + k + p,))
    later = ((m, 2), (p, 3), (p,), (p, 4), (d,))
    arrays: list[NDArray[Any]] = list(found)
    for array, shape, dtype in zip(arrays, first + later, _DTYPES, strict=True):
        if array.shape != shape or array.dtype != dtype:
            return False
    places = np.concatenate([found.pairs.ravel(), found.products.ravel()])
    if not ((places >= 0) & (places < d)).all():
        return False
    is_said = (np.count_nonzero(found.coefficients, axis=1) >= 2).all()
    lengths = book.sizes[found.pairs[:, 0]]
    ends = np.append(found.firsts[1:], len(found.translated))
    is_told = np.array_equal(found.firsts + lengths, ends[:k]) and (found.firsts >= 0).all()
    return bool(is_said and is_told and np.isfinite(found.weights).all())


def blame_of(relations: Relations) -> NDArray[np.float64]:
    """Return what each column bears of each relation: float64 of shape (m + k + p, d).

    A total bears most of the blame, its parts the rest; columns that say the same share alike. Rows
    sum to 1.
    """
    coefficients = relations.coefficients
    sums = len(coefficients)
    blame = np.zeros((len(relations.weights), coefficients.shape[1]))
    for number, one in enumerate(coefficients):
        parts = np.flatnonzero(one)
        total = total_of(one)
        blame[number, parts] = 1.0 / len(parts)
        if total is not None:
            blame[number, parts] = (1.0 - _TOTAL_SHARE) / (len(parts) - 1)
            blame[number, total] = _TOTAL_SHARE
    for number, pair in enumerate(relations.pairs, sums):
        blame[number, pair] = 0.5
    for number, (whole, *others) in enumerate(relations.products, sums + len(relations.pairs)):
        blame[number, others] = 0.5 * (1.0 - _TOTAL_SHARE)
        blame[number, whole] = _TOTAL_SHARE
    return blame


def total_of(coefficients: NDArray[np.float64]) -> int | None:
    """Return the column that is the sum of two others or more, if there is one.

    Examples
    --------
    >>> total_of(np.array([-1.0, 0.0, 2.0, -1.0])), total_of(np.array([1.0, -1.0]))
    (2, None)
    """
    for side in (coefficients > 0, coefficients < 0):
        if side.sum() == 1 and np.count_nonzero(coefficients) > 2:
            return int(side.argmax())
    return None
