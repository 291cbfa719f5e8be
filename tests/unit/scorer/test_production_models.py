"""Bundles of production versions: what was fetched before is at hand without MLflow."""

import shutil
from pathlib import Path

import pytest

from scorer.production_models import ProductionModels
from scorer.swap import Named
from streamscore.bundle import ARRAYS_FILE, read_bundle, write_bundle
from streamscore.errors import BundleError, RegistryError
from streamscore.settings import Mlflow
from tests.scoring_parts import accident_bundle

NAME = "streamscore-accidents"
DOWNLOADS = """
import os, pathlib, shutil

def set_tracking_uri(uri):
    pass

class artifacts:
    def download_artifacts(artifact_uri, dst_path):
        target = pathlib.Path(dst_path, "artifacts", "bundle")
        shutil.copytree(os.environ["SERVED_BUNDLE"], target)
"""


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The bundle that a download gives, as long as the folder is there."""
    folder = tmp_path / "served"
    write_bundle(accident_bundle(1), folder)
    return folder


@pytest.fixture
def models(tmp_path: Path, served: Path) -> ProductionModels:
    """Models of an MLflow whose registry is down, and whose downloads come from `served`."""
    client = tmp_path / "client"
    client.mkdir()
    (client / "mlflow.py").write_text(DOWNLOADS)
    settings = Mlflow(
        tracking_uri="http://127.0.0.1:1", timeout_seconds=0.5, cache_dir=str(tmp_path / "cache")
    )
    return ProductionModels(settings, {"PYTHONPATH": str(client), "SERVED_BUNDLE": str(served)})


def test_a_version_fetched_before_is_had_without_mlflow(
    models: ProductionModels, served: Path
) -> None:
    named = Named(NAME, "1", "run a")
    first = models.fetch(named)
    shutil.rmtree(served)
    assert models.fetch(named) == first
    with pytest.raises(RegistryError):
        models.fetch(Named(NAME, "1", "run b"))


def test_the_version_of_a_state_is_known_by_its_digest(
    models: ProductionModels, served: Path
) -> None:
    first = models.fetch(Named(NAME, "1", "run a"))
    shutil.rmtree(served)
    write_bundle(accident_bundle(2), served)
    second = models.fetch(Named(NAME, "1", "run b"))
    for folder in (first, second):
        digest = read_bundle(folder).manifest.digest
        assert models.fetch(Named(NAME, "1", digest=digest)) == folder
    with pytest.raises(RegistryError, match="must answer within"):
        models.fetch(Named(NAME, "1", digest="0" * 64))


def test_a_bundle_damaged_in_the_cache_is_fetched_once_more(models: ProductionModels) -> None:
    named = Named(NAME, "1", "run a")
    folder = models.fetch(named)
    (folder / ARRAYS_FILE).write_bytes(b"damaged")
    assert models.fetch(named) == folder
    assert read_bundle(folder).manifest == accident_bundle(1).manifest
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_bundle_damaged_in_mlflow_is_refused_by_its_folder_and_not_fetched_for_ever(
    models: ProductionModels, served: Path
) -> None:
    (served / ARRAYS_FILE).write_bytes(b"damaged")
    named = Named(NAME, "1", "run a")
    folder = models.fetch(named)
    with pytest.raises(BundleError, match="cannot be read") as caught:
        read_bundle(folder)
    assert str(folder) in str(caught.value)
    shutil.rmtree(served)
    assert models.fetch(named) == folder


def test_a_model_without_a_bundle_is_no_model_of_ours(
    models: ProductionModels, served: Path, tmp_path: Path
) -> None:
    (tmp_path / "client/mlflow.py").write_text(DOWNLOADS.replace('"bundle")', '"other")'))
    with pytest.raises(BundleError, match="must hold a folder artifacts/bundle; it holds none"):
        models.fetch(Named(NAME, "1", "run a"))
