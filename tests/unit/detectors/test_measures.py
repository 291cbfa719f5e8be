"""What is measured takes a text's length into account, and several texts together say more."""

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.detectors.feature_tails import FeatureTails
from streamscore.features import Column

ROWS = 4000
LENGTH = Column(name="note.length", field="note", kind="text_statistic")


def texts(seed: int) -> tuple[NDArray[np.int64], np.random.Generator]:
    """Numbers of characters from 10 to 1,000, each size as likely, and what else is to be drawn."""
    rng = np.random.default_rng(seed)
    return np.rint(10 ** rng.uniform(1.0, 3.0, ROWS)).astype(np.int64), rng


def measured(
    detector: FeatureTails, channel: str, rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    names = [one.name for one in detector.channels]
    return detector.fold(rows, {})[:, names.index(channel)]


def test_capitals_of_a_long_text_are_odder_than_as_large_a_share_of_a_short_one() -> None:
    characters, rng = texts(1)
    capitals = rng.binomial(characters, 0.04) / characters
    columns = [LENGTH, Column(name="note.upper", field="note", kind="text_statistic")]
    detector = FeatureTails.fit(np.column_stack([np.log1p(characters), capitals]), columns, 1)
    rows = np.column_stack([np.log1p([10.0, 90.0, 1000.0]), np.full(3, 0.4)])
    short, middle, long = measured(detector, "upper", rows)
    # By the root of the length, as the mean of as many letters drawn alone.
    assert middle / short == pytest.approx(3.0, rel=0.01)
    assert long / short == pytest.approx(10.0, rel=0.01)


def test_what_varies_more_among_short_texts_is_as_odd_at_any_length() -> None:
    characters, rng = texts(2)
    surprise = 2.0 + rng.normal(size=ROWS) * np.sqrt(0.01 + 20.0 / characters)
    columns = [LENGTH, Column(name="note.surprise", field="note", kind="text_learned")]
    rows = np.column_stack([np.log1p(characters), surprise])
    found = measured(FeatureTails.fit(rows, columns, 1), "strange", rows)
    for part in (characters < 50, characters > 400):
        assert found[part].std() == pytest.approx(1.0, rel=0.1)


def test_a_rating_that_contradicts_two_texts_a_little_is_odder_than_by_either_alone() -> None:
    rng = np.random.default_rng(3)
    columns = [
        Column(name=name, field="rating", also=(text,), kind="text_learned")
        for name, text in (("rating less note", "note"), ("rating less title", "title"))
    ]
    columns += [LENGTH, Column(name="title.length", field="title", kind="text_statistic")]
    lengths = np.log1p(rng.uniform(20.0, 40.0, (ROWS, 2)))
    history = np.hstack([rng.normal(size=(ROWS, 2)), lengths])
    detector = FeatureTails.fit(history, columns, 1)
    row = np.array([[2.0, 2.0, *np.log1p([30.0, 30.0])]])

    def deviations(text: str) -> float:
        usual, own = (measured(detector, f"rating.above{text}", one) for one in (history, row))
        return float(own[0] / usual.std())

    assert deviations(".note") == pytest.approx(2.0, rel=0.05)
    assert deviations(".title") == pytest.approx(2.0, rel=0.05)
    assert deviations("") == pytest.approx(2.0 * np.sqrt(2.0), rel=0.05)
