"""A text is known again by its fingerprint."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streamscore.features import ColumnPlan, plan_columns
from streamscore.features.fingerprints import encode_fingerprints
from streamscore.features.text import bytes_of
from streamscore.sources import load_source
from tests.naive.text import naive_fingerprint

LONG = "We ordered this mask for Halloween, for my son."
TEXTS = st.text(st.characters(codec="utf-8"), max_size=50) | st.lists(
    st.sampled_from(["Ab9", " ", ".", "é", "ÉT", "—", "\n", "word", "_", "x" * 9])
).map("".join)


def fingerprints(*texts: str | None) -> list[float]:
    out = np.full(len(texts), np.nan)
    encode_fingerprints(bytes_of(texts), out)
    numbers: list[float] = out.tolist()
    return numbers


@given(st.lists(st.none() | TEXTS, max_size=5))
@example([LONG, None, "", "é" * 30, "é" * 29, "a" * 30, "." * 60])
def test_fingerprints_equal_the_naive_version(texts: list[str | None]) -> None:
    assert fingerprints(*texts) == [float(naive_fingerprint(text)) for text in texts]


@pytest.mark.parametrize(
    "same", [LONG.upper(), f"  {LONG} ", LONG.replace(" ", "\n\n"), LONG.replace(",", " ...")]
)
def test_case_white_space_and_punctuation_make_no_other_text(same: str) -> None:
    one, other = fingerprints(LONG, same)
    assert one == other > 0


def test_another_word_makes_another_text() -> None:
    one, other = fingerprints(LONG, LONG.replace("son", "daughter"))
    assert one != other


def test_each_text_field_has_a_fingerprint_where_it_is_wanted() -> None:
    source = load_source("reviews")
    wanted = plan_columns(source, ColumnPlan(text_fingerprints=True))
    assert [c.name for c in wanted if c.kind == "text_fingerprint"] == [
        "title.fingerprint",
        "text.fingerprint",
    ]
    assert not [c for c in plan_columns(source, ColumnPlan()) if c.kind == "text_fingerprint"]
