"""The process that trains a demo's model.

It is run as ``python -P -m embedded.demo_trainer SOURCE HISTORY SEED SETTINGS RESULT``: it fits
at once, and waits for the settings file of the stack only when there is a model to be logged.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from embedded.demo_training import STEP, Outcome
from streamscore.errors import StackError
from streamscore.settings import Settings, load_settings
from streamscore.sources import load_source
from streamscore.sources.record_files import LocalFile

_WAIT_SECONDS = 120.0


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Train a model and put it into production.

    Parameters
    ----------
    arguments : Sequence[str]
        As in the description of this module.
    environ : Mapping[str, str]
        The environment, for MLflow.

    Returns
    -------
    int
        0.

    Raises
    ------
    StreamscoreError
        When there is too little history, or the stack does not take the model.
    """
    from trainer.app import TrainingPlan, prepare_model
    from trainer.publishing import publish_model

    source_name, history_file, seed, settings_file, result = arguments
    plan = TrainingPlan(source=load_source(source_name), files=(LocalFile(Path(history_file)),))
    _tell("fitting a model")
    before = load_settings(None, {}, {"trainer.seed": seed})
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare_model(before, plan, Path(folder), time.perf_counter)
        _tell("the model is fit, waiting for MLflow")
        settings = _settings(Path(settings_file))
        _tell("logging the model to MLflow")
        version = publish_model(
            settings, plan.source, prepared.trained, environ=environ, warn=_tell
        )
    metrics = prepared.report.metrics
    outcome = Outcome(
        model=version.name,
        version=str(version.version),
        history_records=int(metrics["rows"]),
        fit_records=int(metrics["fit_rows"]),
        realised_flag_rate=metrics["realised_flag_rate"],
        seconds={name: metrics[name] for name in metrics if name.endswith("_seconds")},
    )
    unfinished = Path(result).with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.encode(outcome))
    unfinished.replace(result)
    return 0


def _settings(path: Path) -> Settings:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            raise StackError(
                f"the stack must start within {_WAIT_SECONDS:g} s; {path} is not there"
            )
        time.sleep(0.05)
    return load_settings(path.read_text("utf-8"), {}, {})


def _tell(doing: str) -> None:
    sys.stdout.write(f"{STEP}{doing}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
