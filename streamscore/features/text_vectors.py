"""Vectors of texts, remembered for texts that come again."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

VectorOf = Callable[[str], NDArray[np.float32]]


class TextVectors:
    """Makes the vector of each text once while it is among the latest that were asked for.

    Parameters
    ----------
    vector_of : callable
        Makes a text's vector, always the same.
    most : int
        How many vectors are kept, at least 1.

    Examples
    --------
    >>> asked = []
    >>> def vector_of(text):
    ...     asked.append(text)
    ...     return np.full(2, len(text), np.float32)
    >>> vectors, out = TextVectors(vector_of, 8), np.empty((3, 2))
    >>> vectors.write(["ab", None, "ab"], out)
    >>> out.tolist(), asked
    ([[2.0, 2.0], [0.0, 0.0], [2.0, 2.0]], ['ab'])
    """

    def __init__(self, vector_of: VectorOf, most: int) -> None:
        self._vector_of = vector_of
        self._most = most
        # In the order of their latest use, by a hash of the text, which may be long or private.
        self._kept: dict[bytes, NDArray[np.float32]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def write(self, texts: Sequence[str | None], out: NDArray[np.float64]) -> None:
        """Write the vector of each text.

        Parameters
        ----------
        texts : sequence of str or None, of length n
            The texts.
        out : float64 array of shape (n, d)
            Overwritten; zeros for a text that is absent or empty.
        """
        for row, text in enumerate(texts):
            out[row] = self._vector(text) if text else 0.0

    def _vector(self, text: str) -> NDArray[np.float32]:
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        vector = self._kept.pop(key, None)
        if vector is None:
            vector = self._vector_of(text)
        self._kept[key] = vector
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return vector
