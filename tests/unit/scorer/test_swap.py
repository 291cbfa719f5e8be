"""The production alias followed."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.exposition import Exposition
from scorer.report import ScoringReport
from scorer.swap import ModelSource, Named, Refusal
from streamscore.bundle import ARRAYS_FILE, Bundle, make_bundle
from streamscore.detectors.combination import Combination
from streamscore.detectors.isolation_forest import IsolationForest
from streamscore.errors import BundleError, RegistryError, UsageError
from streamscore.sources import Codec, load_source
from tests.scoring_parts import FolderRegistry, accident_bundle, accident_model
from tests.sensors import SENSORS


class TooWide(IsolationForest):
    """A forest that reads columns which no record has."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return its trees, all of whose splits are far to the right."""
        arrays = super().arrays()
        own = {name: array for name, array in arrays.items() if not name.startswith("usual.")}
        return own | {"split": arrays["split"] + np.uint32(1000)}


def bundle_that_fails() -> Bundle:
    """A bundle that matches its digest, fits its source, and cannot be run."""
    whole, codec = accident_bundle(1), Codec(load_source("accidents"))
    forest = whole.detectors().members[0].detector
    wide = Combination.of_one(TooWide.restore(forest.arrays(), forest.parameters()))
    scores = whole.calibration_scores
    return make_bundle(
        codec, whole.encoder(codec), forest.name, wide, scores, whole.manifest.trained
    )


@pytest.fixture
def registry(tmp_path: Path) -> FolderRegistry:
    """An empty registry."""
    return FolderRegistry(tmp_path)


@pytest.fixture
def refusals() -> list[Refusal]:
    """Where refusals are noted."""
    return []


@pytest.fixture
def models(registry: FolderRegistry, refusals: list[Refusal]) -> ModelSource:
    """A source of models for accidents."""
    return ModelSource(Codec(load_source("accidents")), registry, 0.05, refusals.append, print)


def test_without_an_alias_there_is_no_model_and_it_says_what_to_do(models: ModelSource) -> None:
    models.refresh()
    assert models.current() is None
    assert "streamscore train accidents --history FILE" in models.waiting_for


def test_who_waits_for_a_model_of_ones_own_source_asks_for_its_toml(
    registry: FolderRegistry,
) -> None:
    models = ModelSource(Codec(SENSORS), registry, 0.05, lambda _refusal: None, print)
    models.refresh()
    assert "streamscore train TOML --history FILE" in models.waiting_for
    assert "the path of the TOML of sensors" in models.waiting_for


def test_the_model_follows_the_alias_forwards_and_back(
    models: ModelSource, registry: FolderRegistry
) -> None:
    first = registry.add("1", accident_bundle(1))
    second = registry.add("2", accident_bundle(2))
    seen = []
    for registry.alias in (first, second, first):
        models.refresh()
        model = models.current()
        assert model is not None
        seen.append(model.version.version)
    assert seen == ["1", "2", "1"]
    assert registry.fetches == 2, "a version at hand is not fetched again"


def test_a_registry_that_is_down_leaves_the_model_in_force(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.alias = registry.add("1", accident_bundle(1))
    models.refresh()
    registry.is_down = True
    models.refresh()
    assert models.current() is not None


def test_a_registry_that_is_down_at_the_start_is_waited_for(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.is_down = True
    models.refresh()
    assert "it is down" in models.waiting_for


def test_a_damaged_bundle_is_refused_once_and_the_old_one_stays(
    models: ModelSource, registry: FolderRegistry, refusals: list[Refusal]
) -> None:
    registry.alias = registry.add("1", accident_bundle(1))
    models.refresh()
    registry.alias = registry.add("2", accident_bundle(2))
    arrays = registry.path(registry.alias) / ARRAYS_FILE
    arrays.write_bytes(arrays.read_bytes()[:-100])
    models.refresh()
    models.refresh()
    model = models.current()
    assert model is not None
    assert model.version.version == "1"
    assert refusals == ["unreadable"]


def test_a_bundle_for_other_fields_is_refused(
    registry: FolderRegistry, refusals: list[Refusal]
) -> None:
    registry.alias = registry.add("1", accident_bundle(1))
    models = ModelSource(Codec(load_source("reviews")), registry, 0.05, refusals.append, print)
    models.refresh()
    assert models.current() is None
    assert refusals == ["other_schema"]
    assert "schema" in models.waiting_for


def test_an_alias_to_a_version_that_cannot_be_fetched_is_refused(
    models: ModelSource, registry: FolderRegistry, refusals: list[Refusal]
) -> None:
    registry.alias = Named("streamscore-accidents", "9")
    models.refresh()
    assert models.current() is None
    assert refusals == ["registry"]


def test_a_version_of_the_past_is_had_only_with_the_very_bundle_it_was(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.add("1", accident_bundle(2))
    with pytest.raises(BundleError, match="must hold the bundle"):
        models.version(accident_model(version="1", seed=1).version)
    with pytest.raises(UsageError, match="version 7 must exist"):
        models.version(accident_model(version="7").version)


def test_a_version_of_the_past_is_asked_for_until_the_registry_answers(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.add("1", accident_bundle(1))
    registry.failing_fetches = 2
    wanted = accident_model(version="1", seed=1).version
    assert models.version(wanted).version == wanted
    assert registry.fetches == 3


def test_a_version_of_the_past_that_cannot_be_had_in_time_is_the_registrys_error(
    registry: FolderRegistry,
) -> None:
    registry.add("1", accident_bundle(1))
    registry.failing_fetches = 100
    seconds = itertools.count(0.0, 40.0)
    codec = Codec(load_source("accidents"))
    models = ModelSource(codec, registry, 0.05, print, print, 60.0, lambda: next(seconds))
    with pytest.raises(RegistryError, match=r"within 60 s\. Nothing is lost.*it is down"):
        models.version(accident_model(version="1").version)
    assert registry.fetches == 2


def test_whoever_is_told_to_stop_waits_for_no_registry(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.failing_fetches = 100
    models.stop()
    with pytest.raises(RegistryError):
        models.version(accident_model(version="1").version)
    assert registry.fetches == 1


def test_a_version_of_the_past_that_is_in_production_is_not_fetched_again(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.alias = registry.add("1", accident_bundle(1), "run a")
    models.refresh()
    assert models.version(accident_model(version="1", seed=1).version) is models.current()
    assert registry.fetches == 1


def test_any_error_of_the_registry_leaves_the_model_in_force(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.alias = registry.add("1", accident_bundle(1))
    models.refresh()
    registry.error = UsageError("version 2 must be registered; it is not")
    models.refresh()
    assert models.current() is not None


def test_a_bundle_that_fails_in_an_unforeseen_way_is_refused_once_with_its_traceback(
    models: ModelSource,
    registry: FolderRegistry,
    refusals: list[Refusal],
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry.alias = registry.add("1", accident_bundle(1))
    models.refresh()
    registry.alias = registry.add("2", bundle_that_fails())
    models.refresh()
    models.refresh()
    model = models.current()
    assert model is not None
    assert model.version.version == "1"
    assert refusals == ["unreadable"]
    assert caplog.text.count("Traceback") == 1


def test_a_version_made_again_under_the_same_number_is_another_version(
    models: ModelSource, registry: FolderRegistry
) -> None:
    registry.alias = registry.add("1", accident_bundle(1), "run a")
    models.refresh()
    registry.alias = registry.add("1", accident_bundle(2), "run b")
    models.refresh()
    model = models.current()
    assert model is not None
    assert model.version.digest == accident_bundle(2).manifest.digest


def test_a_registry_that_stops_answering_is_told_once_and_shown_until_it_answers_again(
    registry: FolderRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    exposition, source = Exposition(), load_source("accidents")
    report = ScoringReport(exposition, source, "scoring.accidents")
    models = ModelSource(Codec(source), registry, 0.05, print, report.registry_answered)
    registry.alias = registry.add("1", accident_bundle(1))
    shown = []
    for registry.is_down in (False, True, True, False, False):
        models.refresh()
        shown.append(exposition.gauge("streamscore_registry_up", source="accidents").value)
    assert shown == [1, 0, 0, 1, 1]
    told = [(r.levelname, r.getMessage()) for r in caplog.records if "registry" in r.getMessage()]
    assert [level for level, _ in told] == ["WARNING", "INFO"]
    assert "does not answer, version 1 goes on: the registry must answer" in told[0][1]
    assert "answers again" in told[1][1]
