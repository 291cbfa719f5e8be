"""Numbers that only grow, and months that are new, are no anomalies by that alone."""

import numpy as np
import pytest

from streamscore.detectors.autoencoder import Autoencoder
from streamscore.detectors.detector import Matrix
from streamscore.detectors.recipes import fit_recipe, recipe_named
from streamscore.features import Column

COLUMNS = [
    Column(name="meter", field="meter", kind="number"),
    Column(name="a", field="a", kind="number"),
    Column(name="b", field="b", kind="number"),
    Column(name="at", field="at", kind="event_time"),
]


def readings(count: int, first: int = 0) -> Matrix:
    rng = np.random.default_rng(first + 1)
    meter = 3.0 * np.arange(first, first + count) + rng.random(count)
    at = 60_000.0 * np.arange(first, first + count)
    return np.column_stack([meter, rng.normal(size=(count, 2)), at])


@pytest.mark.parametrize("name", ["continuous", "isolation-forest", "dependency-network"])
def test_a_meter_is_not_looked_at(name: str) -> None:
    rows, later = readings(1200), readings(300, first=1200)
    fitted = fit_recipe(recipe_named(name), rows, later, COLUMNS, 1)
    far = readings(300, first=9_000)
    usual, grown = (
        fitted.score(fitted.fold(one, fitted.begin())) for one in (readings(300, 1500), far)
    )
    assert np.median(grown) < np.quantile(usual, 0.9)


def test_a_source_of_meters_alone_keeps_what_looks_at_times() -> None:
    rows, later = readings(1200)[:, [0, 3]], readings(300, first=1200)[:, [0, 3]]
    columns = [COLUMNS[0], COLUMNS[3]]
    members = fit_recipe(recipe_named("continuous"), rows, later, columns, 1).members
    assert "stray-times" in [one.detector.name for one in members]
    assert "nearest-neighbours" not in [one.detector.name for one in members]


def test_an_autoencoder_does_not_learn_a_month_that_is_always_the_same() -> None:
    angle = 2.0 * np.pi * np.array([10, 11]) / 12.0
    rng = np.random.default_rng(3)
    columns = [
        Column(name="a", field="a", kind="number"),
        *(Column(name=f"at.month.{one}", field="at", kind="cycle") for one in ("sin", "cos")),
    ]
    rows = np.column_stack(
        [rng.normal(size=400), np.full(400, np.sin(angle[0])), np.full(400, np.cos(angle[0]))]
    )
    later = rows.copy()
    later[:, 1:] = np.sin(angle[1]), np.cos(angle[1])
    detector = Autoencoder.fit(rows, columns, 1)
    assert np.array_equal(detector.score(rows), detector.score(later))
