"""A compared detector, trained by name: a run in MLflow, and nothing in the registry."""

import json
from pathlib import Path

import pytest

from adapters.registry import Registry, model_name
from cli.app import main
from streamscore.detectors.recipes import recipe_names
from tests.sensors import SENSORS_TOML, sensor_values, write_lines

pytestmark = pytest.mark.integration


@pytest.fixture
def command(tmp_path: Path, mlflow_server: str) -> list[str]:
    source = tmp_path / "compared.toml"
    source.write_bytes(SENSORS_TOML.replace(b'"sensors"', b'"compared"'))
    history = write_lines(tmp_path / "history.jsonl", sensor_values(1500))
    uri = f"mlflow.tracking_uri={mlflow_server}"
    train = ["train", str(source), "--history", str(history), "--detector", "pyod-ecod"]
    return ["--set", uri, *train]


def test_a_compared_detector_is_a_run_and_never_a_version(
    command: list[str], mlflow_server: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert report["registered"] is None
    assert report["bundle"] is None
    run = report["compared"]["run_id"]
    assert report["compared"]["address"].startswith(mlflow_server)
    registry = Registry(mlflow_server, {})
    assert registry.list_versions(model_name("compared")) == []
    metrics = registry.run_metrics(run)
    assert metrics["realised_flag_rate"] == report["metrics"]["realised_flag_rate"]
    assert metrics["microseconds_a_record"] > 0
    rate = report["flag_rate"]
    assert rate["realised"] == metrics["realised_flag_rate"]
    is_within = rate["low"] <= rate["realised"] <= rate["high"]
    assert is_within == (rate["warning"] is None)

    import mlflow

    mlflow.set_tracking_uri(mlflow_server)
    logged = mlflow.get_run(run)
    assert logged.info.run_name == "pyod-ecod"
    assert logged.data.tags["streamscore.compared"] == "true"
    assert (logged.data.tags["streamscore.flag_rate"] == "within chance") == is_within
    assert logged.data.params["detector"] == "pyod-ecod"
    plots = {
        file.path for file in mlflow.artifacts.list_artifacts(run_id=run, artifact_path="plots")
    }
    assert plots == {f"plots/{name}.png" for name in ("scores", "calibration", "top_anomalies")}


def test_it_says_that_it_is_not_promoted_and_what_can_be(
    command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 0
    said = capfd.readouterr()
    assert said.err == ""
    assert "promoted  no: pyod-ecod has no compiled kernel, so it is compared alone" in said.out
    assert f"To score the stream, train one of {', '.join(recipe_names())}" in said.out
    assert " us a record, " in said.out


def test_a_detector_that_takes_too_long_fails_the_command_alone(
    command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--set", "trainer.compared_timeout_seconds=1", *command[:-1], "pyod-rgraph"]) == 1
    assert "pyod-rgraph on 1,050 records was not. Give it more time" in capfd.readouterr().err
