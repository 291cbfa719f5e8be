"""A forest says what is usual in its history, and one of an older bundle what it can."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streamscore.detectors.isolation_forest import IsolationForest
from streamscore.detectors.reasons import Terms, Wording
from streamscore.detectors.usual_values import UsualValues
from streamscore.errors import BundleError
from streamscore.features import Column
from streamscore.features.cycles import encode_cycles

COLUMNS = [
    Column(name="machine", field="machine", kind="code", values=3),
    Column(name="is_open", field="is_open", kind="flag"),
    Column(name="heat", field="heat", kind="number"),
    Column(name="count", field="count", kind="number"),
    Column(name="at.hour.sin", field="at", kind="cycle"),
    Column(name="at.hour.cos", field="at", kind="cycle"),
]
MACHINES = ("press-01", "press-02", "press-03")
HOUR_MS = 3_600_000
USUAL: dict[str, Any] = {
    "machine": "press-01", "is_open": False, "heat": 66.0, "count": 5, "hour": 9
}  # fmt: skip


def history() -> NDArray[np.float64]:
    """One machine in a hundred is the third, heat is 60 to 70, seldom missing, nights are free."""
    machine = np.tile(np.repeat([0, 1, 2], [60, 39, 1]), 50)
    rows = np.arange(len(machine))
    heat = np.where(rows % 50 == 7, np.nan, np.linspace(60, 70, len(rows)))
    cycle = np.empty((len(rows), 2))
    encode_cycles((6 + rows % 12) * HOUR_MS, ("hour",), cycle)
    return np.column_stack([machine, rows % 500 == 9, heat, rows % 11, cycle]).astype(float)


MATRIX = history()
USUAL_VALUES = UsualValues.fit(MATRIX, COLUMNS)


def row_of(record: dict[str, Any]) -> NDArray[np.float64]:
    cycle = np.empty((1, 2))
    encode_cycles(np.array([record["hour"] * HOUR_MS]), ("hour",), cycle)
    code = MACHINES.index(record["machine"]) if record["machine"] in MACHINES else 3
    numbers = [np.nan if record[name] is None else record[name] for name in ("heat", "count")]
    return np.array([code, record["is_open"], *numbers, *cycle[0]], np.float64)


def wording_of(record: dict[str, Any]) -> Wording:
    terms = Terms(COLUMNS, lambda field, code: MACHINES[code])
    return Wording(terms, record.__getitem__)


def words(name: str, **change: Any) -> str:
    record = USUAL | change
    place = next(i for i, column in enumerate(COLUMNS) if column.field == name)
    return USUAL_VALUES.words(wording_of(record), place, row_of(record).tolist())


ALONE = ", usual by itself but not with the other values"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"heat": 180.0}, "heat is 180; 98% have 60.1 to 69.9"),
        ({"heat": 66.0}, f"heat is 66{ALONE}"),
        ({"heat": None}, "heat is missing, as in 2% of the history"),
        ({"count": 12}, "count is 12; 98% have 0 to 10"),
        ({"machine": "press-99"}, "machine is press-99, never seen; in 60% it is press-01"),
        (
            {"machine": "press-03"},
            "machine is press-03, as in 1% of the history; in 60% it is press-01",
        ),
        ({"machine": "press-02"}, f"machine is press-02{ALONE}"),
        ({"is_open": True}, "is_open is true, as in 0.2% of the history; in 99.8% it is false"),
    ],
)
def test_what_is_seen_is_said_beside_what_is_usual(change: dict[str, Any], said: str) -> None:
    (name,) = change
    assert words(name, **change) == said


def test_an_hour_is_an_hour_and_not_a_point_on_a_circle() -> None:
    assert words("at", hour=3) == "at (hour) is 3, as never before"
    assert words("at", hour=9) == f"at (hour) is 9{ALONE}"


def test_shares_are_those_of_plain_counts() -> None:
    starts = USUAL_VALUES.starts
    machine = USUAL_VALUES.shares[starts[0] : starts[1]]
    assert machine == pytest.approx([*(np.mean(MATRIX[:, 0] == code) for code in range(3)), 0, 0])
    hours = USUAL_VALUES.shares[starts[4] : starts[5]]
    assert len(hours) == 24
    assert (hours[:6] == 0.0).all()
    assert hours[6:18].min() > 0.07
    assert USUAL_VALUES.shares[starts[2]] == pytest.approx(np.isnan(MATRIX[:, 2]).mean())


def test_a_column_without_values_says_so() -> None:
    empty = MATRIX.copy()
    empty[:, 2] = np.nan
    usual = UsualValues.fit(empty, COLUMNS)
    row = row_of(USUAL).tolist()
    assert usual.words(wording_of(USUAL), 2, row) == "heat is 66, always missing before"


def forest() -> IsolationForest:
    return IsolationForest.fit(np.nan_to_num(MATRIX, nan=65.0), COLUMNS, 1, trees=20)


def test_the_forest_says_it_also_from_a_bundle() -> None:
    record = USUAL | {"heat": 500.0}
    made = forest()
    kept = IsolationForest.restore(made.arrays(), made.parameters())
    for one in (made, kept):
        (found,) = one.reasons(row_of(record)[None, :], 0, np.ones(1), [wording_of(record)])
        assert "heat is 500; 98% have 60.1 to 69.9" in [reason.words for reason in found]


def test_a_forest_of_an_older_bundle_says_what_it_saw() -> None:
    record = USUAL | {"heat": 500.0}
    made = forest()
    trees = {name: made.arrays()[name] for name in ("split", "limit", "expected")}
    old = IsolationForest.restore(trees, made.parameters())
    assert old.arrays().keys() == trees.keys()
    (found,) = old.reasons(row_of(record)[None, :], 0, np.ones(1), [wording_of(record)])
    assert "heat is 500" in [reason.words for reason in found]


@pytest.mark.parametrize("name", UsualValues._fields)
def test_usual_values_of_fewer_columns_are_refused(name: str) -> None:
    arrays = USUAL_VALUES.arrays()
    with pytest.raises(BundleError, match="what is usual is known of 6 columns"):
        UsualValues.restore(arrays | {f"usual.{name}": arrays[f"usual.{name}"][:-1]}, 6)
    with pytest.raises(BundleError, match="known of 7 columns"):
        UsualValues.restore(arrays, 7)
    with pytest.raises(KeyError):
        UsualValues.restore({k: a for k, a in arrays.items() if k != f"usual.{name}"}, 6)
