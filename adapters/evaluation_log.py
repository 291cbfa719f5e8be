"""Logs an evaluation to MLflow: a run with figures and a folder of files, and no model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from adapters.model_log import quiet_mlflow, silence
from streamscore.errors import RegistryError

RUN_NAME = "evaluation"


class LoggedEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged.

    Attributes
    ----------
    experiment : str
        The experiment, that of the source's trainings.
    params : Mapping[str, str]
        What was chosen.
    metrics : Mapping[str, float]
        What was measured; finite.
    folder : Path
        Pictures and tables.
    name : str
        Name of the run.
    folder_name : str
        What the folder is called among the run's artifacts.
    tags : Mapping[str, str]
        Tags of the run.
    """

    experiment: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    folder: Path
    name: str = RUN_NAME
    folder_name: str = RUN_NAME
    tags: Mapping[str, str] = {}


def log_evaluation(tracking_uri: str, evaluation: LoggedEvaluation) -> str:
    """Log an evaluation and return the address of its run.

    Parameters
    ----------
    tracking_uri : str
        Address of the MLflow server. mlflow reads its credentials from the process's environment.
    evaluation : LoggedEvaluation
        What is logged.

    Raises
    ------
    RegistryError
        When MLflow cannot be reached or refuses.
    """
    quiet_mlflow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow warns of its own parts
        with silence():
            experiment_id, run_id = _logged(tracking_uri, evaluation)
    return f"{tracking_uri.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"


def _logged(tracking_uri: str, evaluation: LoggedEvaluation) -> tuple[str, str]:
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(tracking_uri)
    try:
        mlflow.set_experiment(evaluation.experiment)
        with mlflow.start_run(run_name=evaluation.name, tags=dict(evaluation.tags)) as run:
            mlflow.log_params(dict(evaluation.params))
            mlflow.log_metrics(dict(evaluation.metrics))
            mlflow.log_artifacts(str(evaluation.folder), evaluation.folder_name)
            info: Any = run.info
            return str(info.experiment_id), str(info.run_id)
    except MlflowException as error:
        raise RegistryError(
            f"MLflow at {tracking_uri} must take the evaluation; received {error}."
        ) from error
