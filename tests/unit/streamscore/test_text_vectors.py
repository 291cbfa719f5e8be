"""A text's vector is made once while it is among the latest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.features.text_vectors import TextVectors


def vector_of(text: str) -> NDArray[np.float32]:
    return np.array([len(text), text.count("a")], np.float32)


@given(st.lists(st.none() | st.text("ab", max_size=3), max_size=40), st.integers(1, 6))
def test_what_is_remembered_is_what_would_be_made(texts: list[str | None], most: int) -> None:
    vectors, out = TextVectors(vector_of, most), np.full((len(texts), 2), np.nan)
    vectors.write(texts, out)
    expected = [vector_of(text or "").tolist() for text in texts]
    assert out.tolist() == expected
    assert len(vectors) <= most


def test_the_text_that_was_not_used_for_longest_is_forgotten() -> None:
    made = []

    def noted(text: str) -> NDArray[np.float32]:
        made.append(text)
        return vector_of(text)

    vectors, out = TextVectors(noted, 2), np.empty((5, 2))
    vectors.write(["a", "b", "a", "c", "a"], out)
    assert made == ["a", "b", "c"]
    vectors.write(["b"], out[:1])
    assert made == ["a", "b", "c", "b"]
