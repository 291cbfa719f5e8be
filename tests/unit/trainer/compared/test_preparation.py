"""The matrix that compared detectors take."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamscore.features import Column
from trainer.compared.preparation import MOST_VALUES, Preparation

COLUMNS = (
    Column(name="light", field="light", kind="code", values=3),
    Column(name="speed", field="speed", kind="number"),
    Column(name="at.hour.sin", field="at", kind="cycle"),
    Column(name="is_open", field="is_open", kind="flag"),
    Column(name="at", field="at", kind="event_time"),
    Column(name="constant", field="constant", kind="number"),
)


def rows(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    speed = np.where(rng.random(count) < 0.2, np.nan, rng.lognormal(3, 1, count))
    light, flag = rng.integers(0, 5, count), rng.integers(0, 2, count)
    columns = [
        light,
        speed,
        rng.uniform(-1, 1, count),
        flag,
        np.arange(count) * 1e12,
        speed * 0 + 7,
    ]
    return np.column_stack(columns).astype(np.float64)


def test_each_kind_of_column_is_prepared_as_it_is_said_to_be() -> None:
    train = rows(200, 0)
    out = Preparation.fit(train, COLUMNS).apply(train)
    # Five values and the rest, a number, a circle, a flag; no event time and no constant.
    assert out.shape == (200, 6 + 3)
    assert np.array_equal(out[:, :6].sum(axis=1), np.ones(200))
    known = ~np.isnan(train[:, 1])
    speed = train[known, 1]
    assert np.allclose(out[known, 6], (speed - speed.mean()) / speed.std())
    assert np.all(out[~known, 6] == 0.0)
    assert np.allclose(out[:, 7], train[:, 2] - train[:, 2].mean())


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_a_row_is_prepared_alike_whatever_is_beside_it(seed: int, count: int) -> None:
    preparation = Preparation.fit(rows(100, 1), COLUMNS)
    test = rows(count, seed)
    together = preparation.apply(test)
    assert np.array_equal(together, np.vstack([preparation.apply(row[None]) for row in test]))


def test_nothing_is_learned_of_the_rows_that_are_scored() -> None:
    train, test = rows(100, 1), rows(50, 2)
    untouched = train.copy()
    preparation = Preparation.fit(train, COLUMNS)
    before = preparation.apply(test[:10])
    preparation.apply(test * 1e6)
    assert np.array_equal(preparation.apply(test[:10]), before)
    assert np.array_equal(train, untouched, equal_nan=True)


def test_values_beyond_the_commonest_and_unseen_ones_share_a_column() -> None:
    codes = np.concatenate([np.repeat(np.arange(MOST_VALUES), 5), np.arange(MOST_VALUES, 30)])
    preparation = Preparation.fit(codes[:, None].astype(np.float64), COLUMNS[:1])
    assert preparation.width == MOST_VALUES + 1
    out = preparation.apply(np.array([[0.0], [29.0], [1000.0]]))
    assert out[:, -1].tolist() == [0.0, 1.0, 1.0]
    assert out[0].sum() == 1.0


def test_whatever_stands_in_a_row_the_numbers_are_finite() -> None:
    preparation = Preparation.fit(rows(100, 1)[:, :4])
    extreme = np.array([[1e30, -1e30, np.nan, 1e-300], [0.0, np.nan, np.nan, np.nan]])
    assert np.isfinite(preparation.apply(extreme)).all()


def test_rows_that_never_vary_leave_no_column() -> None:
    assert Preparation.fit(np.ones((5, 3))).width == 0
    assert Preparation.fit(np.full((5, 3), np.nan)).width == 0
