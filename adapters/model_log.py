"""Logs a trained model to MLflow: a run, a pyfunc model around the bundle, a registered version."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from adapters.fetch_bundle import BUNDLE_PATH
from adapters.registry import ModelVersion, Registry, model_name
from streamscore.errors import RegistryError

_MLFLOW_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Standard output belongs to results.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Otherwise the lock file of whatever folder the training was started in is stored.
    "MLFLOW_UV_AUTO_DETECT": "false",
}


class InputColumn(msgspec.Struct, frozen=True):
    """One column of the table that a model takes.

    Attributes
    ----------
    name : str
        Its name.
    type : {"string", "long", "double", "boolean"}
        Its type, as MLflow calls it.
    is_required : bool
        Whether a table without it is refused.
    """

    name: str
    type: Literal["string", "long", "double", "boolean"]
    is_required: bool = True


class TrainedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a training hands over to be logged.

    Attributes
    ----------
    source_name : str
        The source that it was trained for.
    bundle : Path
        The bundle's folder.
    code_file : Path
        Python file that makes the pyfunc model and ends with ``mlflow.models.set_model(...)``; the
        model finds the bundle at ``context.artifacts["bundle"]``.
    code_folders : tuple of Path
        Packages that the file imports, stored with the model so that it runs on its own.
    pip_requirements : tuple of str
        What has to be installed to run it.
    input_columns : tuple of InputColumn
        What the model takes; read off the example where none are given.
    input_example : pandas.DataFrame
        A few records.
    output_example : pandas.DataFrame
        What the model gives for them.
    params : Mapping[str, Any]
        What was chosen.
    metrics : Mapping[str, float]
        What was measured; finite.
    plots : Path or None
        Folder of pictures.
    tags : Mapping[str, str]
        Tags of the version.
    """

    source_name: str
    bundle: Path
    code_file: Path
    code_folders: tuple[Path, ...] = ()
    pip_requirements: tuple[str, ...] = ()
    input_columns: tuple[InputColumn, ...] = ()
    input_example: Any
    output_example: Any
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    plots: Path | None = None
    tags: Mapping[str, str] = {}


def log_model(tracking_uri: str, trained: TrainedModel, registry: Registry) -> ModelVersion:
    """Log a trained model and register it as a new version, which no alias points at yet.

    Parameters
    ----------
    tracking_uri : str
        Address of the MLflow server. mlflow reads its credentials from the process's environment.
    trained : TrainedModel
        The model.
    registry : Registry
        The registry at the same address.

    Returns
    -------
    ModelVersion
        The new version of ``streamscore-<source>``; `Registry.promote` puts it into production.

    Raises
    ------
    RegistryError
        When MLflow cannot be reached or refuses.
    """
    quiet_mlflow()
    name = model_name(trained.source_name)
    with warnings.catch_warnings():
        # mlflow warns of its own parts, and of what is meant: integer columns in the example, and
        # a signature that is given and not read from type hints.
        warnings.simplefilter("ignore")
        with silence():
            version = _logged(tracking_uri, name, trained)
    return registry.version(name, version)


def _logged(tracking_uri: str, name: str, trained: TrainedModel) -> int:
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(tracking_uri)
    try:
        mlflow.set_experiment(name)
        with mlflow.start_run():
            mlflow.log_params(dict(trained.params))
            if trained.plots is not None:
                mlflow.log_artifacts(str(trained.plots), "plots")
            logged = _log_pyfunc(name, trained)
            # Before the model, each metric would cost a question of its own.
            mlflow.log_metrics(dict(trained.metrics), model_id=logged.model_id)
            return int(logged.registered_model_version)
    except MlflowException as error:
        raise RegistryError(
            f"MLflow at {tracking_uri} must take the model of {trained.source_name}; received "
            f"{error}."
        ) from error


def _log_pyfunc(name: str, trained: TrainedModel) -> Any:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        # The folder's own name becomes the artifact's path; links out of it are refused.
        bundle = Path(folder).resolve() / Path(BUNDLE_PATH).name
        shutil.copytree(trained.bundle, bundle)
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(trained.code_file),
            artifacts={"bundle": str(bundle)},
            code_paths=[str(path) for path in trained.code_folders] or None,
            pip_requirements=list(trained.pip_requirements),
            signature=_signature(trained),
            input_example=trained.input_example,
            registered_model_name=name,
            tags=dict(trained.tags),
        )


def _signature(trained: TrainedModel) -> Any:
    from mlflow.models import infer_signature
    from mlflow.types import ColSpec, Schema

    signature = infer_signature(trained.input_example, trained.output_example)
    if trained.input_columns:
        signature.inputs = Schema(
            [ColSpec(c.type, c.name, required=c.is_required) for c in trained.input_columns]
        )
    return signature


def silence() -> Any:
    """Return what keeps mlflow from telling what it does while it lasts; what fails is raised."""
    from mlflow.utils.autologging_utils.logging_and_warnings import (
        MlflowEventsAndWarningsBehaviorGlobally,
    )

    return MlflowEventsAndWarningsBehaviorGlobally(
        disable_event_logs=True, disable_warnings=True, reroute_warnings=False
    )


def quiet_mlflow() -> None:
    """Keep mlflow from telling what it does, and from sending it anywhere."""
    # mlflow takes these from the environment alone, the first when it is imported.
    for name, value in _MLFLOW_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    # It warns that pip is not installed, as it is not where uv made the environment.
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
