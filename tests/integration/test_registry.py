"""A model's way through a real MLflow: logged, promoted, fetched, taken back."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from adapters.bundle_cache import fetch_bundle
from adapters.model_log import TrainedModel, log_model
from adapters.registry import PREVIOUS_VERSION_TAG, ModelVersion, Registry, model_name
from cli.app import main
from streamscore.errors import RegistryError, UsageError

pytestmark = pytest.mark.integration

CODE = """
import json
import pathlib

import mlflow
import pandas as pd


class Halves(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        bundle = pathlib.Path(context.artifacts["bundle"])
        self.score = json.loads((bundle / "bundle.json").read_text())["score"]

    def predict(self, context, model_input: pd.DataFrame, params=None) -> pd.DataFrame:
        return pd.DataFrame({"score": [self.score] * len(model_input)})


mlflow.models.set_model(Halves())
"""

Log = Callable[[str], ModelVersion]


@pytest.fixture
def registry(mlflow_server: str) -> Registry:
    return Registry(mlflow_server, {})


@pytest.fixture
def trained(tmp_path: Path) -> TrainedModel:
    import pandas as pd

    bundle, plots = tmp_path / "trained", tmp_path / "plots"
    bundle.mkdir()
    plots.mkdir()
    (bundle / "bundle.json").write_text('{"score": 0.5}')
    np.savez(bundle / "arrays.npz", trees=np.arange(5))
    (plots / "scores.txt").write_text("picture")
    code_file = tmp_path / "pyfunc.py"
    code_file.write_text(CODE)
    return TrainedModel(
        source_name="",
        bundle=bundle,
        code_file=code_file,
        pip_requirements=("pandas",),
        input_example=pd.DataFrame({"text": ["a", "b"], "count": [1, 2]}),
        output_example=pd.DataFrame({"score": [0.5, 0.5]}),
        params={"seed": 7},
        metrics={"flag_rate": 0.0125},
        plots=plots,
        tags={"schema": "abc"},
    )


@pytest.fixture
def log(mlflow_server: str, registry: Registry, trained: TrainedModel) -> Log:
    def log(source_name: str) -> ModelVersion:
        named = msgspec.structs.replace(trained, source_name=source_name)
        return log_model(mlflow_server, named, registry)

    return log


def test_a_logged_model_is_a_version_with_its_run_and_no_alias(
    log: Log, registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    logged = log("logged")
    assert (logged.name, logged.version, logged.aliases) == (model_name("logged"), 1, ())
    assert logged.tags["schema"] == "abc"
    assert registry.run_metrics(logged.run_id) == {"flag_rate": 0.0125}
    assert registry.resolve_alias(logged.name) is None
    assert registry.list_versions(logged.name) == [logged]
    assert capfd.readouterr().out == "", "standard output belongs to results"


def test_the_fetched_bundle_is_the_one_that_was_logged(
    log: Log, mlflow_server: str, trained: TrainedModel, tmp_path: Path
) -> None:
    logged = log("fetched")
    cache = tmp_path / "cache"

    def fetch(uri: str = mlflow_server) -> Path:
        return fetch_bundle(
            uri, logged.name, logged.version, logged.run_id, cache, environ=os.environ
        )

    bundle = fetch()
    for file in trained.bundle.iterdir():
        assert (bundle / file.name).read_bytes() == file.read_bytes()
    assert [folder.name for folder in cache.iterdir()] == [bundle.name]
    (bundle / "bundle.json").write_text("kept")
    assert (fetch() / "bundle.json").read_text() == "kept", "a fetched bundle is not fetched again"


def test_the_logged_model_runs_with_its_signature_and_example(
    log: Log, mlflow_server: str, trained: TrainedModel
) -> None:
    import mlflow

    logged = log("served")
    mlflow.set_tracking_uri(mlflow_server)
    model = mlflow.pyfunc.load_model(f"models:/{logged.name}/{logged.version}")
    assert model.predict(trained.input_example)["score"].tolist() == [0.5, 0.5]
    assert model.metadata.signature.inputs.input_names() == ["text", "count"]
    assert model.metadata.saved_input_example_info is not None


def test_a_version_that_is_not_there_is_not_fetched(mlflow_server: str, tmp_path: Path) -> None:
    with pytest.raises(
        RegistryError, match=r"must give the bundle of absent version 1; .* not found"
    ):
        fetch_bundle(mlflow_server, "absent", 1, "run", tmp_path, environ=os.environ)
    assert list(tmp_path.iterdir()) == []


def test_production_moves_forth_and_back(
    log: Log, registry: Registry, mlflow_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = log("moved").name
    log("moved")
    first = registry.promote(name, 1)
    assert (first.version, first.aliases) == (1, ("production",))
    with pytest.raises(UsageError, match="has version 1 now and none before"):
        registry.rollback(name)
    second = registry.promote(name, 2)
    assert second.tags[PREVIOUS_VERSION_TAG] == "1"
    assert registry.promote(name, 2) == second, "promoting what is in production changes nothing"
    assert registry.resolve_alias(name) == second
    assert [(one.version, one.aliases) for one in registry.list_versions(name)] == [
        (2, ("production",)),
        (1, ()),
    ]
    assert registry.rollback(name).version == 1
    assert registry.resolve_alias(name) == registry.version(name, 1)
    with pytest.raises(UsageError, match="which is not"):
        registry.promote(name, 9)

    at = ["--set", f"mlflow.tracking_uri={mlflow_server}"]
    capsys.readouterr()
    assert main([*at, "models", "list", "moved", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["version"], one["aliases"]) for one in listed] == [(2, []), (1, ["production"])]
    assert main([*at, "models", "show", "moved"]) == 0
    assert "flag_rate   0.0125" in capsys.readouterr().out
    assert main([*at, "models", "promote", "moved", "9"]) == 2
