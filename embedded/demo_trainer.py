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
from typing import TYPE_CHECKING, Any

import msgspec

from embedded.demo_training import STEP, Outcome
from streamscore.errors import StackError
from streamscore.settings import Settings, load_settings
from streamscore.sources import Codec, load_source

if TYPE_CHECKING:
    from adapters.registry import ModelVersion
    from streamscore.sources import Source
    from trainer.training import Training

_WAIT_SECONDS = 120.0
_EXAMPLES = 5


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
    from trainer.history import history_from_files
    from trainer.training import train

    source_name, history_file, seed, settings_file, result = arguments
    codec = Codec(load_source(source_name))
    _tell("fitting the model")
    history = history_from_files(codec, [Path(history_file)], sys.maxsize)
    trained = train(codec, history, "isolation-forest", int(seed), time.perf_counter)
    _tell("the model is fit, waiting for MLflow")
    settings = _settings(Path(settings_file))
    _tell("logging the model to MLflow")
    with Path(history_file).open("rb") as lines:
        examples = [
            msgspec.json.decode(line) for line, _ in zip(lines, range(_EXAMPLES), strict=False)
        ]
    version = _promoted(settings, environ, codec.source, trained, examples)
    outcome = Outcome(
        model=version.name,
        version=str(version.version),
        history_records=len(history),
        fit_records=trained.split.fit,
        realised_flag_rate=trained.metrics["realised_flag_rate"],
    )
    unfinished = Path(result).with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.encode(outcome))
    unfinished.replace(result)
    return 0


def _promoted(
    settings: Settings,
    environ: Mapping[str, str],
    source: Source,
    trained: Training,
    examples: Sequence[Mapping[str, Any]],
) -> ModelVersion:
    import pandas as pd

    from adapters.announcements import announce
    from adapters.model_log import TrainedModel, log_model
    from adapters.registry import PRODUCTION, Registry
    from streamscore.bundle import write_bundle
    from streamscore.events import Announcement
    from trainer import pyfunc_model

    registry = Registry(settings.mlflow.tracking_uri, environ)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_bundle(trained.bundle, bundle)
        (bundle / pyfunc_model.SOURCE_FILE).write_bytes(msgspec.json.encode(source))
        table = pd.DataFrame(examples)
        model = TrainedModel(
            source_name=source.name,
            bundle=bundle,
            code_file=Path(pyfunc_model.__file__),
            input_example=table,
            output_example=pyfunc_model.BundleScorer.load(bundle).score_table(table),
            params={},
            metrics=trained.metrics,
        )
        logged = log_model(settings.mlflow.tracking_uri, model, registry)
    version = registry.promote(logged.name, logged.version)
    announce(
        settings,
        Announcement(
            source=source.name, model=version.name, version=str(version.version), alias=PRODUCTION
        ),
    )
    return version


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
