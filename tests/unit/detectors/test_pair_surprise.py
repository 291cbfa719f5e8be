"""Values that should have met are a surprise; those that had no chance to are none."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamscore.detectors.codebook import Codebook
from streamscore.detectors.pair_surprise import PairSurprise
from streamscore.detectors.reasons import Terms, Wording
from streamscore.errors import BundleError
from streamscore.features import Column
from tests.naive.network import naive_pair_evidence

COLUMNS = tuple(
    Column(name=name, field=name, kind="code", values=4) for name in ("weather", "season", "colour")
)


def history(rows: int) -> NDArray[np.float64]:
    """Weather 2, snow, never meets season 1, summer; colour 3 is new in the last tenth."""
    rng = np.random.default_rng(1)
    season = np.arange(rows) * 8 // rows % 2
    weather = rng.integers(0, 3, rows)
    weather[(season == 1) & (weather == 2)] = 0
    colour = np.where(np.arange(rows) >= 0.9 * rows, rng.integers(0, 4, rows), 0)
    return np.column_stack([weather, season, colour]).astype(float)


def fitted() -> PairSurprise:
    return PairSurprise.fit(history(4000), COLUMNS, 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_score_is_the_largest_of_plain_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (150, 3))
    codes[codes[:, 0] == 1, 1] = 2
    detector = PairSurprise.fit(codes.astype(float), COLUMNS, 1)
    encoded = Codebook.fit(codes.astype(float), COLUMNS).encode(codes.astype(float))
    kept = {tuple(pair) for pair in detector.arrays()["pairs"].tolist()}
    for row in rng.integers(0, 5, (20, 3)):
        expected = [naive_pair_evidence(encoded, i, j, row) for i, j in kept]
        score = detector.fold(row[None, :].astype(float), {})[0, 0]
        assert score == pytest.approx(max(expected, default=0.0), abs=1e-5)


def test_values_that_never_met_are_a_surprise() -> None:
    usual, odd = fitted().fold(np.array([[1.0, 1, 0], [2, 1, 0]]), {})[:, 0]
    assert usual < 1.0
    assert odd > 5.0


def test_a_new_value_has_had_no_chance_to_meet_what_is_out_of_season() -> None:
    assert history(4000)[-400:, 1].tolist() == [1.0] * 400
    assert fitted().fold(np.array([[1.0, 0, 3]]), {})[0, 0] < 1.0


def test_the_reason_names_both_values() -> None:
    row = np.array([2.0, 1.0, 0.0])
    wording = Wording(Terms(COLUMNS, lambda field, code: code), str.upper)
    (found,) = fitted().reasons(row[None, :], 0, np.array([5.0]), [wording])
    assert {one.fields for one in found} == {("weather",), ("season",)}
    assert sum(one.share for one in found) == pytest.approx(1.0)
    assert found[0].words.startswith("weather WEATHER and season SEASON meet ")
    assert found[0].words.endswith(" times less often than by chance")


def test_pairs_that_say_much_less_than_the_loudest_are_not_spoken_of() -> None:
    names = ("weather", "season", "fuel", "gear")
    columns = [Column(name=name, field=name, kind="code", values=2) for name in names]
    never, seldom = np.random.default_rng(1).integers(0, 2, (2, 4000, 2))
    never[never.all(axis=1), 0] = 0
    seldom[seldom.all(axis=1) & (np.arange(4000) % 10 > 0), 0] = 0
    detector = PairSurprise.fit(np.column_stack([never, seldom]).astype(float), columns, 1)
    rows = np.array([[0.0, 0, 1, 1], [1, 1, 1, 1]])
    mild, loud = detector.fold(rows, {})[:, 0]
    assert 1.0 < mild < loud / 2
    named = [set(np.flatnonzero(parts)) for parts in detector.contributions(rows, 0)]
    assert named == [{2, 3}, {0, 1}]


def test_numbers_that_are_cut_alike_are_spoken_of_as_ranges() -> None:
    columns = [Column(name=name, field=name, kind="number") for name in ("price", "total")]
    rng = np.random.default_rng(1)
    price = rng.uniform(0.0, 100.0, 6000)
    total = np.where(price < 50.0, rng.uniform(0.0, 500.0, 6000), rng.uniform(500.0, 999.0, 6000))
    detector = PairSurprise.fit(np.column_stack([price, total]), columns, 1)
    record = {"price": 81.37, "total": 33.3}
    wording = Wording(Terms(columns, lambda field, code: code), record.__getitem__)
    row = np.array([list(record.values())])
    (found,) = detector.reasons(row, 0, np.array([5.0]), [wording])
    words = re.fullmatch(
        r"price ([\d.]+) to ([\d.]+) and total ([\d.]+) to ([\d.]+) meet .*", found[0].words
    )
    assert words is not None
    low, high, least, most = map(float, words.groups())
    assert low <= 81.37 <= high < low + 10.0
    assert least <= 33.3 <= most < least + 100.0


def test_evidence_of_other_pairs_than_there_are_is_refused() -> None:
    detector = fitted()
    for name in ("evidence", "firsts", "pairs"):
        with pytest.raises(BundleError, match="evidence for each two codes"):
            PairSurprise.restore(detector.arrays() | {name: detector.arrays()[name][:-1]}, {})
