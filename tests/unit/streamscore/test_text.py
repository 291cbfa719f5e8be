"""Texts become statistics and a hashed embedding."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.features.columns import TEXT_STATISTICS
from streamscore.features.text import bytes_of, encode_texts
from tests.naive.text import fnv1a, naive_text

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
WORDY = st.lists(
    st.sampled_from(["http", "WWW.", "www", "a", "Ab9", " ", ".", "é", "ÉT", "://", "-", "\n", "9"])
).map("".join)


def encode(texts: list[str | None], dimensions: int) -> NDArray[np.float64]:
    out = np.full((len(texts), len(TEXT_STATISTICS) + dimensions), 99.0)
    encode_texts(bytes_of(texts), dimensions, out)
    return out


@given(st.lists(st.none() | ANY_TEXT | WORDY, max_size=5), st.integers(0, 9))
@example(["", None], 3)
@example(["www.a.b HTTP://x wwwx xhttp 9www. éwww."], 4)
def test_texts_equal_the_naive_version(texts: list[str | None], dimensions: int) -> None:
    out = encode(texts, dimensions)
    naive = np.reshape([naive_text(text, dimensions) for text in texts], out.shape)
    np.testing.assert_allclose(out, naive, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("data", "hashed"),
    [(b"", 0xCBF29CE484222325), (b"a", 0xAF63DC4C8601EC8C), (b"foobar", 0x85944171F73967E8)],
)
def test_the_naive_hash_is_fnv_1a_as_published(data: bytes, hashed: int) -> None:
    assert fnv1a(data) == hashed


@given(ANY_TEXT, st.integers(1, 9))
def test_an_embedding_has_unit_length_or_is_zero(text: str, dimensions: int) -> None:
    length = float(np.linalg.norm(encode([text], dimensions)[0, len(TEXT_STATISTICS) :]))
    assert length == 0.0 or abs(length - 1.0) < 1e-12


@given(st.lists(st.sampled_from(["red", "Green", "BLUE", "été"]), min_size=1))
def test_an_embedding_ignores_the_case_and_the_order_of_words(words: list[str]) -> None:
    text, turned = " ".join(words), ", ".join(sorted(words)).upper().replace("ÉTÉ", "été")
    embedding = slice(len(TEXT_STATISTICS), None)
    np.testing.assert_allclose(
        encode([text], 8)[0, embedding], encode([turned], 8)[0, embedding], atol=1e-15
    )


def test_statistics_of_a_known_text() -> None:
    (row,) = encode(["Go to WWW.a.com, 10% off!"], 0)
    log_length, log_words, upper, digits, punctuation, links = row.tolist()
    assert np.expm1([log_length, log_words]).round(9).tolist() == [25, 7]
    assert [upper * 25, digits * 25, punctuation * 25, links] == pytest.approx([4, 2, 5, 1])


def test_a_character_counts_once_whatever_its_bytes() -> None:
    assert encode(["ab"], 0)[0, 0] == encode(["é🎈"], 0)[0, 0]
